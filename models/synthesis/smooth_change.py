"""Pictures that are changed in low spatial frequencies first, as natural pictures differ from each other."""

from __future__ import annotations

import torch
from torch import nn

from ...errors import InputError
from .generators import Pixels


class SmoothChange(nn.Module):
    """Pictures (n, 3, height, width) from 0 (black) to 1: a start, and a change of it, whose parameters are optimised.

    A step of the optimiser changes each spatial frequency f as much as the parameters, times 1 / f**slope. What a
    network makes of fine detail that natural pictures never have is its own; other networks and brains make something
    else of it.

    Parameters
    ----------
    start : Tensor (n, 3, height, width)
        From 0 to 1, such as `hotwire.models.synthesis.generators.pixels_of`.
    slope : float
        0 changes all frequencies alike; the amplitudes of natural pictures fall about as 1 / f.

    Raises
    ------
    ShapeError, InputError
        The start is of another form, contains NaN or values beyond 0 and 1, or the slope is below 0.

    Examples
    --------
    >>> from hotwire.models.synthesis.generators import noise_pictures
    >>> start = noise_pictures([0], 8)
    >>> bool(torch.equal(SmoothChange(start, slope=1.0)(), start))
    True
    """

    weights: torch.Tensor
    start: torch.Tensor

    def __init__(self, start: torch.Tensor, *, slope: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("start", Pixels(start).pixels.detach())
        if not 0 <= slope < float("inf"):
            raise InputError(f"slope: expected 0 or more, got {slope}")
        height, width = start.shape[2:]
        squared = torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.rfftfreq(width)[None] ** 2
        # In cycles per picture; the mean level changes as one cycle does.
        weights = (squared.sqrt() * width).clamp(min=1.0) ** -slope
        self.register_buffer("weights", weights / weights.mean())
        self.change = nn.Parameter(torch.zeros_like(self.start))

    def forward(self) -> torch.Tensor:
        """The pictures (n, 3, height, width)."""
        size = self.change.shape[2:]
        return (self.start + torch.fft.irfft2(torch.fft.rfft2(self.change) * self.weights, s=size)).clamp(0, 1)

    def constrain(self) -> None:
        """Nothing: whatever the parameters are, the pictures are clipped."""
