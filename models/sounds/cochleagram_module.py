"""The cochleagram as a torch module, with gradients to the sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ...errors import ShapeError
from .cochleagram import COMPRESSION, FRAMES_PER_S, N_BANDS, check_length, filters
from .samples import RATE_HZ


class Cochleagram(nn.Module):
    """From sounds (n_sounds, n_samples) at 16 kHz to their compressed envelopes (n_sounds, n_bands, n_frames).

    It does what `hotwire.models.sounds.cochleagram.cochleagram` does. Where an envelope is exactly 0, as in silence, no
    gradient passes.

    Parameters
    ----------
    n_bands : int
        See `hotwire.models.sounds.cochleagram.band_centres`.

    Raises
    ------
    ShapeError
        These are no sounds.
    InputError
        There are fewer than two bands, or sounds are shorter than a frame.

    Examples
    --------
    >>> sounds = torch.zeros(2, 16_000, requires_grad=True)
    >>> Cochleagram()(sounds).shape
    torch.Size([2, 40, 200])
    """

    def __init__(self, n_bands: int = N_BANDS) -> None:
        super().__init__()
        self.n_bands = n_bands

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        if samples.ndim != 2 or not samples.is_floating_point():
            raise ShapeError(f"sounds: expected floats (n_sounds, n_samples), got {samples.dtype} {samples.shape}")
        from scipy import fft

        length = RATE_HZ // FRAMES_PER_S
        n_samples = samples.shape[1]
        n_frames = check_length(n_samples, self.n_bands)
        n: Any = fft.next_fast_len(n_samples)
        gains = torch.from_numpy(2 * filters(np.fft.rfftfreq(n, 1 / RATE_HZ), self.n_bands)).to(samples)
        bands = torch.fft.rfft(samples, n)[:, None] * gains
        # Twice the positive frequencies, none of the negative ones.
        envelopes = torch.fft.ifft(bands, n).abs()[..., : n_frames * length]
        means = envelopes.unflatten(2, (n_frames, length)).mean(dim=3)
        # The power of 0 has an infinite gradient.
        there = means > 0
        return torch.where(there, torch.where(there, means, 1.0) ** COMPRESSION, 0.0)
