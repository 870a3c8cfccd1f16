"""Pictures within limits, against their own spectra, and numpy's shifts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hotwire.errors import InputError, ShapeError
from hotwire.models.synthesis.generators import Pixels, as_pictures, noise_pictures, pixels_of, shifted


def grey(side: tuple[int, int] = (16, 24), spread: float = 0.1) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(0.5 + spread * rng.uniform(-1, 1, (2, 3, *side)).astype(np.float32))


@pytest.mark.parametrize("side", [(16, 24), (15, 21)])
def test_frequencies_above_the_limit_are_left_out_and_others_stay(side: tuple[int, int]) -> None:
    start = grey(side)
    made = Pixels(start, max_cycles=5)().detach()
    before, after = (np.fft.fft2(of.numpy()) for of in (start, made))
    rows, columns = (np.fft.fftfreq(n) * side[1] for n in side)  # in cycles per width
    passed = np.hypot(rows[:, None], columns) <= 5
    assert 10 < passed.sum() < passed.size / 2
    np.testing.assert_allclose(after[..., passed], before[..., passed], atol=1e-3)
    np.testing.assert_allclose(after[..., ~passed], 0, atol=1e-3)


def test_blur_is_a_gaussian_of_that_width() -> None:
    from scipy.ndimage import gaussian_filter

    start = grey()
    made = Pixels(start, blur=1.5)().detach().numpy()
    expected = gaussian_filter(start.numpy().astype(float), (0, 0, 1.5, 1.5), mode="wrap", truncate=8)
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_contrast_is_limited_for_each_picture_and_lower_ones_stay() -> None:
    start = torch.cat([grey(spread=0.5)[:1], grey(spread=0.05)[1:]])
    made = Pixels(start, max_contrast=0.1)().detach()
    np.testing.assert_allclose(
        made.std(dim=(1, 2, 3), correction=0), [0.1, float(start[1].std(correction=0))], rtol=1e-5
    )
    np.testing.assert_allclose(made.mean(dim=(1, 2, 3)), start.mean(dim=(1, 2, 3)), rtol=1e-5)
    generator = Pixels(start, max_contrast=0.1)
    with torch.no_grad():
        generator.pixels.mul_(9).sub_(4)  # far beyond black and white
    made = generator().detach()
    assert float(made.std(dim=(1, 2, 3), correction=0).max()) <= 0.1 + 1e-6
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_parameters_are_brought_back_to_what_can_be_shown() -> None:
    generator = Pixels(grey())
    with torch.no_grad():
        generator.pixels.mul_(9).sub_(4)
    generator.constrain()
    assert generator.pixels.detach().aminmax() == (0, 1)


def test_noise_is_that_of_the_seed_whatever_the_others_are() -> None:
    made = noise_pictures([3, 1, 2], 8)
    torch.testing.assert_close(made[1:2], noise_pictures([1], 8), rtol=0, atol=0)
    assert not torch.equal(made[0], made[1])
    assert float((made - 0.5).std()) == pytest.approx(0.05, rel=0.1)


def test_pictures_survive_being_pixels() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(as_pictures(pixels_of(pictures, 9)), pictures)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -3), (-4, 1)])
def test_shifts_are_those_of_numpy_but_at_the_edge(down: int, right: int) -> None:
    pictures = grey((12, 12))
    moved = shifted(pictures, down, right)
    expected = np.roll(pictures.numpy(), (down, right), (2, 3))
    np.testing.assert_array_equal(moved.numpy()[:, :, 4:-4, 4:-4], expected[:, :, 4:-4, 4:-4])
    assert moved.shape == pictures.shape


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"start": torch.zeros(2, 8, 8, 3)}, ShapeError, r"start: .*\(2, 8, 8, 3\)"),
        ({"start": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}, ShapeError, "start: .*uint8"),
        ({"start": torch.full((1, 3, 8, 8), 2.0)}, InputError, "start: .*got 2 to 2"),
        ({"start": torch.full((1, 3, 8, 8), torch.nan)}, InputError, "start: .*got nan"),
        ({"max_cycles": 0}, InputError, "max_cycles: expected a number above 0.*got 0"),
        ({"max_contrast": -1.0}, InputError, r"max_contrast: expected a number above 0.*got -1"),
        ({"blur": -1.0}, InputError, r"blur: expected pixels, 0 or more, got -1"),
    ],
)
def test_what_is_no_start_or_limit(change: dict[str, Any], error: type[InputError], what: str) -> None:
    with pytest.raises(error, match=what):
        Pixels(**{"start": grey(), **change})


def test_a_shift_is_smaller_than_the_picture() -> None:
    with pytest.raises(InputError, match="jitter: expected less than the pictures' 16 x 24 pixels, got 16, 0"):
        shifted(grey(), 16, 0)
