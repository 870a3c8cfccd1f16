"""Pictures whose change is smooth: against NumPy's Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotwire.errors import InputError, ShapeError
from hotwire.models.synthesis.generators import noise_pictures
from hotwire.models.synthesis.optimise import optimise
from hotwire.models.synthesis.settings import SynthesisSettings
from hotwire.models.synthesis.smooth_change import SmoothChange

START = noise_pictures([0, 1], 16)


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.5])
def test_amplitudes_fall_with_spatial_frequency(slope: float) -> None:
    change = 0.01 * np.random.default_rng(0).normal(size=START.shape)
    generator = SmoothChange(START, slope=slope)
    with torch.no_grad():
        generator.change.copy_(torch.from_numpy(change))
        got = (generator() - START).numpy()
    cycles = np.hypot(*np.meshgrid(np.fft.fftfreq(16) * 16, np.fft.fftfreq(16) * 16))
    ratio = np.abs(np.fft.fft2(got)) / np.abs(np.fft.fft2(change))
    expected = np.maximum(cycles, 1) ** -slope
    np.testing.assert_allclose(ratio / ratio[..., :1, 1:2], np.broadcast_to(expected, ratio.shape), rtol=1e-2)


def test_is_optimised_within_what_pictures_can_show() -> None:
    found = optimise(SmoothChange(START), lambda made: made[:, 0].mean(dim=(1, 2)), SynthesisSettings(n_steps=80))
    assert found.values == pytest.approx([1.0, 1.0], abs=0.01)
    assert found.made.min() >= 0
    assert found.made.max() <= 1


def test_noise_is_what_the_objective_sees_and_not_what_is_made() -> None:
    """The mean of a clipped step: without noise it has no gradient at the start, with noise it has."""
    settings = SynthesisSettings(n_steps=30, noise=0.3)

    def bright(made: torch.Tensor) -> torch.Tensor:
        return (made - 0.9).clamp(min=0).mean(dim=(1, 2, 3))

    found = optimise(SmoothChange(START, slope=0.0), bright, settings)
    still = optimise(SmoothChange(START, slope=0.0), bright, SynthesisSettings(n_steps=30))
    assert (still.made == START.numpy()).all()
    assert found.made.mean() > START.mean() + 0.02
    assert found.values == pytest.approx(bright(torch.from_numpy(found.made)).numpy())


def test_a_generator_of_something_else_has_no_noise() -> None:
    with pytest.raises(InputError, match="jitter, noise: only pictures"):
        optimise(Line(), lambda made: made.sum(dim=(1, 2)), SynthesisSettings(noise=0.3))
    found = optimise(Line(), lambda made: made.sum(dim=(1, 2)), SynthesisSettings(n_steps=2))
    assert (found.values > 0).all()


class Line(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(torch.zeros(2, 3, 1))

    def forward(self) -> torch.Tensor:
        return self.values

    def constrain(self) -> None: ...


def test_wrong_starts() -> None:
    with pytest.raises(InputError, match="slope: expected 0 or more, got -1"):
        SmoothChange(START, slope=-1)
    with pytest.raises(InputError, match="start: expected values from 0"):
        SmoothChange(START + 1)
    with pytest.raises(ShapeError, match="start: expected floats"):
        SmoothChange(START[0])
