"""What is optimised: pictures whose pixels are parameters, within limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ...errors import InputError, ShapeError
from ..networks.vision import prepare_pictures


class Pixels(nn.Module):
    """Pictures (n, 3, height, width) from 0 (black) to 1 whose pixels are the parameters.

    Each limit holds of the pictures that it gives, whatever the parameters are; clipping to 0 and 1 comes last, and may
    add a little of the frequencies left out.

    Parameters
    ----------
    start : Tensor (n, 3, height, width)
        Where the optimiser starts, from 0 to 1, such as `noise_pictures` or `pixels_of`.
    max_cycles : float, optional
        Only spatial frequencies up to so many cycles per picture width.
    blur : float
        Standard deviation of a Gaussian filter, in pixels.
    max_contrast : float, optional
        The standard deviation of a picture's values is at most this.

    Raises
    ------
    ShapeError, InputError
        The start is of another form, contains NaN or values beyond 0 and 1, or a limit is not above 0.

    Examples
    --------
    >>> generator = Pixels(noise_pictures([0, 1], 32), max_contrast=0.01)
    >>> generator().shape, bool((generator().std(dim=(1, 2, 3)) < 0.0101).all())
    (torch.Size([2, 3, 32, 32]), True)
    """

    def __init__(
        self,
        start: torch.Tensor,
        *,
        max_cycles: float | None = None,
        blur: float = 0.0,
        max_contrast: float | None = None,
    ) -> None:
        super().__init__()
        if start.ndim != 4 or start.shape[1] != 3 or not start.is_floating_point():
            raise ShapeError(f"start: expected floats (n, 3, height, width), got {start.dtype} {tuple(start.shape)}")
        low, high = start.detach().aminmax()
        if not (low >= 0 and high <= 1):
            raise InputError(f"start: expected values from 0 (black) to 1, got {low:.3g} to {high:.3g}")
        for name, limit in (("max_cycles", max_cycles), ("max_contrast", max_contrast)):
            if limit is not None and not limit > 0:
                raise InputError(f"{name}: expected a number above 0, or None for no limit, got {limit}")
        if not blur >= 0:
            raise InputError(f"blur: expected pixels, 0 or more, got {blur}")
        self.pixels = nn.Parameter(start.detach().clone().float())
        self.max_contrast = max_contrast
        self.passed: torch.Tensor | None
        self.register_buffer("passed", _passed(start.shape[2], start.shape[3], max_cycles, blur))

    def forward(self) -> torch.Tensor:
        """The pictures (n, 3, height, width)."""
        pictures = self.pixels
        if self.passed is not None:
            size = pictures.shape[2:]
            pictures = torch.fft.irfft2(torch.fft.rfft2(pictures) * self.passed, s=size)
        return _within(pictures, self.max_contrast)

    @torch.no_grad()
    def constrain(self) -> None:
        """Bring the parameters back to what pictures can show; the optimiser calls it after each step."""
        self.pixels.copy_(_within(self.pixels, self.max_contrast))


def noise_pictures(
    seeds: Sequence[int | Sequence[int]], side: int, *, grey: float = 0.5, noise: float = 0.05
) -> torch.Tensor:
    """Grey with Gaussian noise, clipped to 0 and 1, (n, 3, side, side): one for each seed, whatever the others are.

    The defaults are those of Feather et al. (2019), Metamers of neural networks. NeurIPS.
    """
    draws = [np.random.default_rng(seed).standard_normal((3, side, side), np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(draws)).mul(noise).add(grey).clamp(0, 1)


def pixels_of(pictures: Sequence[Any] | NDArray, side: int) -> torch.Tensor:
    """Pictures (paths, PIL images, uint8 arrays), their centre square, as (n, 3, side, side) from 0 to 1."""
    return prepare_pictures(pictures, image_size=side, mean=0.0, scale=255.0).clamp(0, 1).contiguous()


def as_pictures(pixels: torch.Tensor | NDArray) -> NDArray[np.uint8]:
    """Pixels (n, 3, height, width) from 0 to 1 as they can be shown: uint8 (n, height, width, 3).

    Examples
    --------
    >>> as_pictures(torch.full((1, 3, 1, 1), 0.5)).tolist()
    [[[[128, 128, 128]]]]
    """
    values = torch.as_tensor(pixels).detach().cpu().permute(0, 2, 3, 1).numpy()
    return np.rint(255 * values.astype(np.float64)).astype(np.uint8)


def shifted(pictures: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Pictures (n, 3, height, width) moved by whole pixels; what comes in is mirrored at the edge.

    Examples
    --------
    >>> shifted(torch.arange(4.0).reshape(1, 1, 1, 4), 0, 1).flatten().tolist()
    [1.0, 0.0, 1.0, 2.0]
    """
    height, width = pictures.shape[2:]
    if abs(down) >= height or abs(right) >= width:
        raise InputError(f"jitter: expected less than the pictures' {height} x {width} pixels, got {down}, {right}")
    y, x = abs(down), abs(right)
    wide = functional.pad(pictures, (x, x, y, y), mode="reflect")
    return wide[:, :, y - down : y - down + height, x - right : x - right + width]


def _within(pictures: torch.Tensor, max_contrast: float | None) -> torch.Tensor:
    """Pictures scaled about their mean to at most this contrast, then clipped to 0 and 1, which adds none."""
    if max_contrast is not None:
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
        contrast = pictures.std(dim=(1, 2, 3), correction=0, keepdim=True).clamp(min=1e-12)
        pictures = mean + (pictures - mean) * (max_contrast / contrast).clamp(max=1)
    return pictures.clamp(0, 1)


def _passed(height: int, width: int, max_cycles: float | None, blur: float) -> torch.Tensor | None:
    """What share of each spatial frequency (height, width // 2 + 1) is passed; None for all of all."""
    if max_cycles is None and not blur:
        return None
    squared = torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.rfftfreq(width)[None] ** 2
    passed = torch.exp(-2 * (torch.pi * blur) ** 2 * squared)
    return passed if max_cycles is None else passed * (squared.sqrt() * width <= max_cycles * (1 + 1e-6))
