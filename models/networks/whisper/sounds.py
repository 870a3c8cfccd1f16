"""Sounds in the form that Whisper takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.models.whisper.feature_extraction_whisper import WhisperFeatureExtractor

from ....errors import InputError
from ...sounds.samples import RATE_HZ, samples_of


def log_mel(sounds: Sequence[Any], *, seconds: float, n_bins: int) -> torch.Tensor:
    """The logarithmic mel spectrogram (n_sounds, n_bins, 100 * seconds) that Whisper takes, with silence after each
    sound.

    A longer sound is an `InputError`.
    """
    extractor: Any = WhisperFeatureExtractor(feature_size=n_bins, sampling_rate=RATE_HZ)
    n_samples = round(seconds * RATE_HZ)
    all_samples = []
    for position in range(len(sounds)):
        samples = samples_of(sounds[position])
        if len(samples) > n_samples:
            raise InputError(
                f"stimuli: sound {position} lasts {len(samples) / RATE_HZ:.2f} s, but the network is opened for "
                f"{seconds:g} s; open it with more seconds, or cut the sound"
            )
        all_samples.append(samples)
    return extractor(
        all_samples, sampling_rate=RATE_HZ, padding="max_length", max_length=n_samples, return_tensors="pt"
    ).input_features
