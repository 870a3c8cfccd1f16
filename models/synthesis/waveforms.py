"""Sounds whose waveform is optimised, within a range and with a given energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ...errors import InputError, ShapeError
from ..sounds.samples import RATE_HZ, STEPS, samples_of, sixteen_bits

LOWEST_HZ = 50.0
"""Lower frequencies change as this one does, and a constant does not change at all."""
NATURAL_SLOPE = 0.5
"""The amplitudes of natural sounds fall about as 1 / f**0.5, their power as 1 / f (Voss & Clarke 1975)."""


class Waveform(nn.Module):
    """Sounds (n, n_samples) at 16 kHz between -1 and 1: a start, and a change of it, whose parameters are optimised.

    A step of the optimiser changes each frequency f as much as the parameters, times 1 / f**slope, as natural sounds
    have it; parameters are in units of the start's root mean square. Whatever they are, each sound is scaled to its
    root mean square, and then clipped to -1 and 1, which makes it smaller, if anything.

    Parameters
    ----------
    start : Tensor (n, n_samples)
        Such as `noise_sounds` or `sounds_of`.
    slope : float
        0 changes all frequencies alike.
    rms : float, optional
        The root mean square of each sound, by default that of its start.

    Raises
    ------
    ShapeError, InputError
        The start is of another form, contains NaN or values beyond -1 and 1, is silent, or a number is too small.

    Examples
    --------
    >>> generator = Waveform(noise_sounds([0, 1], 1_600), rms=0.05)
    >>> generator().shape, generator().square().mean(dim=1).sqrt().tolist()
    (torch.Size([2, 1600]), [0.05..., 0.05...])
    """

    start: torch.Tensor
    weights: torch.Tensor
    size: torch.Tensor

    def __init__(self, start: torch.Tensor, *, slope: float = NATURAL_SLOPE, rms: float | None = None) -> None:
        super().__init__()
        if start.ndim != 2 or not start.is_floating_point():
            raise ShapeError(f"start: expected floats (n, n_samples), got {start.dtype} {tuple(start.shape)}")
        low, high = start.detach().aminmax()
        if not (low >= -1 and high <= 1):
            raise InputError(f"start: expected samples between -1 and 1, got {low:.3g} to {high:.3g}")
        if not 0 <= slope < float("inf"):
            raise InputError(f"slope: expected 0 or more, got {slope}")
        if rms is not None and not 0 < rms <= 1:
            raise InputError(f"rms: expected a number above 0 and up to 1, or None for the start's, got {rms}")
        start = start.detach().clone().float()
        own = rms_of(start)
        if not bool((own > 0).all()):
            raise InputError(f"start: sound {int(own.argmin())} is silent; begin elsewhere, such as at noise_sounds")
        self.register_buffer("start", start)
        self.register_buffer("size", own if rms is None else torch.full_like(own, rms))
        self.register_buffer("weights", natural_weights(start.shape[1], slope))
        self.change = nn.Parameter(torch.zeros_like(start))

    def forward(self) -> torch.Tensor:
        """The sounds (n, n_samples)."""
        change = torch.fft.irfft(torch.fft.rfft(self.change) * self.weights, n=self.change.shape[1])
        sounds = self.start / rms_of(self.start) + change
        return (sounds * (self.size / rms_of(sounds).clamp(min=1e-12))).clamp(-1, 1)

    def constrain(self) -> None:
        """Nothing: whatever the parameters are, the sounds are scaled and clipped."""


def noise_sounds(seeds: Sequence[int | Sequence[int]], n_samples: int, *, rms: float = 0.05) -> torch.Tensor:
    """Gaussian noise with the spectrum of natural sounds, (n, n_samples): one for each seed, whatever the others are.

    Examples
    --------
    >>> noise_sounds([0, 1], 1_600).shape
    torch.Size([2, 1600])
    """
    white = [np.random.default_rng(seed).standard_normal(n_samples, np.float32) for seed in seeds]
    return (rms * coloured(torch.from_numpy(np.stack(white)))).clamp(-1, 1)


def coloured(white: torch.Tensor) -> torch.Tensor:
    """White noise (..., n_samples) with the spectrum of natural sounds, and a root mean square of 1."""
    n_samples = white.shape[-1]
    sounds = torch.fft.irfft(torch.fft.rfft(white) * natural_weights(n_samples).to(white.device), n=n_samples)
    return sounds / rms_of(sounds)


def sounds_of(sounds: Sequence[Any], n_samples: int) -> torch.Tensor:
    """Sounds (paths, or arrays at 16 kHz) as (n, n_samples): longer ones are cut, shorter ones followed by silence."""
    found = torch.zeros(len(sounds), n_samples)
    for row, sound in zip(found, sounds, strict=True):
        samples = torch.from_numpy(samples_of(sound)[:n_samples])
        row[: len(samples)] = samples
    return found


def as_sounds(sounds: torch.Tensor | NDArray) -> NDArray[np.float32]:
    """Sounds (n, n_samples) as a file of 16 bits holds them: rounded to its steps.

    Examples
    --------
    >>> as_sounds(torch.tensor([[0.25, 1e-6, 1.0]])).tolist()
    [[0.25, 0.0, 0.999969482421875]]
    """
    return (sixteen_bits(torch.as_tensor(sounds).detach().cpu().numpy()) / STEPS).astype(np.float32)


def moved(sounds: torch.Tensor, later: int) -> torch.Tensor:
    """Sounds (n, n_samples) moved by whole samples; what comes in is mirrored at the edge.

    Examples
    --------
    >>> moved(torch.arange(4.0)[None], 1).tolist()
    [[1.0, 0.0, 1.0, 2.0]]
    """
    n_samples, by = sounds.shape[1], abs(later)
    if by >= n_samples:
        raise InputError(f"jitter: expected less than the sounds' {n_samples} samples, got {later}")
    wide = functional.pad(sounds[:, None], (by, by), mode="reflect")[:, 0]
    return wide[:, by - later : by - later + n_samples]


def rms_of(sounds: torch.Tensor) -> torch.Tensor:
    """The root mean square of each sound (..., n_samples), (..., 1)."""
    return sounds.square().mean(dim=-1, keepdim=True).sqrt()


def natural_weights(n_samples: int, slope: float = NATURAL_SLOPE) -> torch.Tensor:
    """1 / f**slope at each frequency of a sound, (n_samples // 2 + 1,), with a mean square of 1; 0 for a constant."""
    hz = torch.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    weights = hz.clamp(min=LOWEST_HZ) ** -slope
    weights[0] = 0.0
    return weights / weights.square().mean().sqrt()
