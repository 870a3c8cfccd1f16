"""Sounds in the form that Whisper takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

from ....errors import InputError
from ...sounds.samples import RATE_HZ, samples_of

WINDOW, HOP = 400, 160
"""Samples of a frame's window, and from one frame to the next."""
DECADES = 8.0
"""What is so far below the loudest of a sound counts as silence."""


def log_mel(sounds: Sequence[Any], *, seconds: float, n_bins: int) -> torch.Tensor:
    """The logarithmic mel spectrogram (n_sounds, n_bins, 100 * seconds) that Whisper takes, with silence after each
    sound.

    A longer sound is an `InputError`.
    """
    n_samples = round(seconds * RATE_HZ)
    padded = torch.zeros(len(sounds), n_samples)
    for position in range(len(sounds)):
        samples = samples_of(sounds[position])
        if len(samples) > n_samples:
            raise too_long(f"sound {position}", len(samples), seconds)
        padded[position, : len(samples)] = torch.from_numpy(samples)
    return log_mel_of(padded, n_bins)


def log_mel_of(samples: torch.Tensor, n_bins: int) -> torch.Tensor:
    """The logarithmic mel spectrogram (n_sounds, n_bins, n_samples // 160) of samples (n_sounds, n_samples).

    With gradients; none pass where it is silent.

    Examples
    --------
    >>> tone = torch.sin(2 * torch.pi * 440 * torch.arange(3_200) / 16_000)
    >>> log_mel_of(tone[None], 80).shape
    torch.Size([1, 80, 20])
    """
    window = torch.hann_window(WINDOW, dtype=samples.dtype, device=samples.device)
    spectrum = torch.stft(samples, WINDOW, HOP, window=window, return_complex=True)
    power = (spectrum[..., :-1].abs() ** 2).contiguous()
    mel = torch.from_numpy(_filters(n_bins)).to(power).T @ power
    level = mel.clamp(min=1e-10).log10()
    return (torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - DECADES) + 4.0) / 4.0


def too_long(what: str, n_samples: int, seconds: float) -> InputError:
    """The error for a sound that is longer than what the network is opened for."""
    return InputError(
        f"stimuli: {what} lasts {n_samples / RATE_HZ:.2f} s, but the network is opened for {seconds:g} s; open it with "
        "more seconds, or cut the sound"
    )


@cache
def _filters(n_bins: int) -> np.ndarray:
    """The gains (n_frequencies, n_bins) of bins as wide as Slaney's mel scale has them."""
    return mel_filter_bank(1 + WINDOW // 2, n_bins, 0.0, RATE_HZ / 2, RATE_HZ, norm="slaney", mel_scale="slaney")
