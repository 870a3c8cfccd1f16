"""Sounds within a range and an energy: against NumPy's Fourier transform and shifts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hotwire.errors import InputError, ShapeError
from hotwire.models.synthesis.objectives import combined, same_activation, sound_heads
from hotwire.models.synthesis.optimise import optimise
from hotwire.models.synthesis.settings import SynthesisSettings
from hotwire.models.synthesis.waveforms import Waveform, as_sounds, moved, noise_sounds, rms_of, sounds_of

from ..small_recogniser import noises, small_recogniser

N = 3_200
START = noise_sounds([0, 1], N, rms=0.1)
HZ = np.fft.rfftfreq(N, 1 / 16_000)


def test_noise_has_the_spectrum_of_natural_sounds_and_does_not_depend_on_the_others() -> None:
    power = np.mean(np.abs(np.fft.rfft(noise_sounds(range(50), N))) ** 2, axis=0)
    octaves = [power[(low <= HZ) & (low * 2 > HZ)].mean() for low in (100, 200, 400, 800, 1600, 3200)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), -10 * np.log10(2), atol=0.7)  # 3 dB an octave
    assert power[0] < 1e-6 * power.mean()
    torch.testing.assert_close(noise_sounds([7, 1], N)[1], noise_sounds([1], N)[0])
    np.testing.assert_allclose(rms_of(START).flatten(), [0.1, 0.1], rtol=1e-4)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.5])
def test_amplitudes_fall_with_frequency(slope: float) -> None:
    change = np.random.default_rng(0).normal(size=START.shape)
    generator = Waveform(START, slope=slope)
    torch.testing.assert_close(generator().detach(), START, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        generator.change.copy_(torch.from_numpy(change))
        made = generator().double().numpy()
    # In units of the start's size, before all is scaled to it again.
    unit = START.double().numpy() / 0.1
    weights = np.maximum(HZ, 50) ** -slope
    weights[0] = 0
    whole = unit + np.fft.irfft(np.fft.rfft(change) * weights / np.sqrt((weights**2).mean()))
    expected = 0.1 * whole / np.sqrt((whole**2).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(made, expected, atol=1e-3)


def test_energy_and_range_hold_whatever_the_parameters_are() -> None:
    generator = Waveform(START, rms=0.02)
    for size in (0.0, 1.0, 1e4):
        with torch.no_grad():
            generator.change.normal_(std=size) if size else generator.change.zero_()
        np.testing.assert_allclose(rms_of(generator().detach()).flatten(), [0.02, 0.02], rtol=1e-3)
    loud = Waveform(START, rms=0.9)().detach()
    assert float(loud.abs().max()) == 1.0
    assert float(rms_of(loud).max()) <= 0.9


def test_a_tone_is_found() -> None:
    tone = torch.sin(2 * torch.pi * 500 * torch.arange(N) / 16_000)
    found = optimise(Waveform(START), lambda made: made @ tone, SynthesisSettings(n_steps=200, step=0.05))
    for made in found.made:
        assert np.corrcoef(made, tone)[0, 1] > 0.95
    np.testing.assert_allclose(np.sqrt((found.made**2).mean(axis=1)), 0.1, rtol=1e-3)


def test_moving_is_numpys_own() -> None:
    sounds = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 30)).astype(np.float32))
    for later in (0, 4, -7):
        wide = np.pad(sounds.numpy(), ((0, 0), (7, 7)), mode="reflect")
        np.testing.assert_array_equal(moved(sounds, later), wide[:, 7 - later : 37 - later])
    with pytest.raises(InputError, match="jitter: expected less than the sounds' 30 samples, got 30"):
        moved(sounds, 30)


def test_what_is_written_is_rounded_to_16_bits(tmp_path: Path) -> None:
    shown = as_sounds(START)
    np.testing.assert_array_equal(shown * 2**15, np.rint(START.numpy() * 2.0**15))
    cut = sounds_of([START[0].numpy(), np.ones(5, np.float32)], 8)
    np.testing.assert_array_equal(cut[0], START[0, :8])
    np.testing.assert_array_equal(cut[1], [1, 1, 1, 1, 1, 0, 0, 0])


def test_what_was_stopped_goes_on_as_if_it_never_had(tmp_path: Path) -> None:
    """Through a recogniser, with jitter in time and noise."""
    network = small_recogniser()
    heads, natural = sound_heads(network, ["1", "2"]), torch.from_numpy(np.stack(noises(2)))
    objective = combined([same_activation(lambda made, i=i: heads(made)[i], natural) for i in (0, 1)])
    settings = SynthesisSettings(n_steps=30, step=0.05, jitter=20, noise=0.1, n_halvings=2)
    start = noise_sounds([0, 1], natural.shape[1])
    whole = optimise(Waveform(start), objective, settings)
    assert (whole.values > whole.history[0]).all()
    calls = iter(range(27))

    def stops(made: torch.Tensor) -> torch.Tensor:
        next(calls)
        return objective(made)

    with pytest.raises(StopIteration):
        optimise(Waveform(start), stops, settings, state=tmp_path / "state.npz")
    again = optimise(Waveform(start), objective, settings, state=tmp_path / "state.npz")
    np.testing.assert_array_equal(again.made, whole.made)
    np.testing.assert_array_equal(again.history, whole.history)


@pytest.mark.parametrize(
    ("start", "options", "error", "what"),
    [
        (
            torch.zeros(2, 1, 8),
            {},
            ShapeError,
            r"start: expected floats \(n, n_samples\), got torch.float32 \(2, 1, 8\)",
        ),
        (torch.full((1, 8), 2.0), {}, InputError, "start: expected samples between -1 and 1, got 2 to 2"),
        (torch.full((1, 8), torch.nan), {}, InputError, "start: expected samples between -1 and 1, got nan"),
        (torch.tensor([[0.1, 0.2], [0.0, 0.0]]), {}, InputError, "start: sound 1 is silent"),
        (START, {"slope": -1.0}, InputError, "slope: expected 0 or more, got -1"),
        (START, {"rms": 0.0}, InputError, "rms: expected a number above 0 and up to 1"),
    ],
)
def test_what_is_no_start(start: torch.Tensor, options: dict, error: type[InputError], what: str) -> None:
    with pytest.raises(error, match=what):
        Waveform(start, **options)
