"""The cochleagram with gradients, beside the one without."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotwire.errors import InputError, ShapeError
from hotwire.models.sounds.cochleagram import COMPRESSION, cochleagram
from hotwire.models.sounds.cochleagram_module import Cochleagram

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("n_samples", "n_bands"), [(16_000, 40), (7_919, 12), (80, 2)])
def test_it_is_the_one_without_gradients(n_samples: int, n_bands: int) -> None:
    sounds = RNG.normal(0, 0.1, (3, n_samples)).astype(np.float32)
    sounds[0] = np.sin(np.arange(n_samples) / 9)
    found = Cochleagram(n_bands)(torch.from_numpy(sounds)).numpy()
    expected = np.array([cochleagram(one, n_bands=n_bands) for one in sounds])
    np.testing.assert_allclose(found[1:], expected[1:], rtol=2e-4)
    # Compression enlarges the rounding of empty bands.
    np.testing.assert_allclose(found ** (1 / COMPRESSION), expected ** (1 / COMPRESSION), rtol=1e-4, atol=1e-6)


def test_gradients_are_finite_differences() -> None:
    sounds = torch.from_numpy(RNG.normal(0, 0.1, (2, 400))).requires_grad_()
    assert torch.autograd.gradcheck(Cochleagram(6), sounds)


def test_silence_passes_no_gradient() -> None:
    sounds = torch.zeros(2, 400)
    sounds[1] = torch.from_numpy(RNG.normal(0, 0.1, 400))
    sounds.requires_grad_()
    Cochleagram(6)(sounds).sum().backward()
    assert sounds.grad is not None
    assert not sounds.grad[0].any()
    assert sounds.grad[1].isfinite().all()
    assert sounds.grad[1].any()


def test_what_is_no_sound() -> None:
    with pytest.raises(InputError, match="samples: expected 80 or more and two or more bands, got 79 samples"):
        Cochleagram()(torch.zeros(1, 79))
    with pytest.raises(ShapeError, match=r"expected floats \(n_sounds, n_samples\)"):
        Cochleagram()(torch.zeros(800))
