"""What comes up to a layer of Whisper's encoder, with gradients from its states to the waveform."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from ....errors import InputError, ShapeError
from ...sounds.samples import RATE_HZ
from .sounds import log_mel_of, too_long
from .whisper_pass import WhisperPass


class SoundHeads(nn.Module):
    """From sounds (n_sounds, n_samples), floats at 16 kHz between -1 and 1, to the states of several layers, in one
    pass.

    Shorter sounds than those that the network is opened for are followed by silence. It has no parameters of its own:
    the weights are the network's, and get no gradients.
    """

    def __init__(self, whisper_pass: WhisperPass, layers: Sequence[int], *, seconds: float, n_bins: int) -> None:
        super().__init__()
        self._n_samples, self._seconds = round(seconds * RATE_HZ), seconds
        # A closure, so that nobody trains or moves what belongs to the network.
        self._states: Callable[[torch.Tensor], list[torch.Tensor]] = lambda samples: whisper_pass.states(
            log_mel_of(samples, n_bins), layers
        )

    def forward(self, samples: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if samples.ndim != 2 or not samples.is_floating_point():
            raise ShapeError(f"sounds: expected floats (n_sounds, n_samples), got {samples.dtype} {samples.shape}")
        low, high = samples.detach().aminmax()
        if not (low >= -1 - 1e-3 and high <= 1 + 1e-3):
            raise InputError(f"sounds: expected samples between -1 and 1, got {low:.3g} to {high:.3g}")
        missing = self._n_samples - samples.shape[1]
        if missing < 0:
            raise too_long("each sound", samples.shape[1], self._seconds)
        return tuple(self._states(functional.pad(samples.float(), (0, missing))))


class SoundHead(SoundHeads):
    """From sounds (n_sounds, n_samples) to a layer's states (n_sounds, n_states, n_units)."""

    def forward(self, samples: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(samples)[0]
