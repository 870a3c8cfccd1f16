"""Sounds from files or arrays, in the form that Whisper takes."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.models.whisper.feature_extraction_whisper import WhisperFeatureExtractor

from ....errors import InputError

RATE_HZ = 16_000
# The integer that means 1.0, by type; 8-bit files have no sign, and their middle means 0.
_FULL_SCALE = {np.dtype(np.uint8): 2.0**7, np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31}


def samples_of(sound: Any) -> NDArray[np.float32]:
    """Return a sound's samples at 16 kHz, (n_samples,), between -1 and 1.

    A sound is the path of a .wav file (channels are averaged, other rates are resampled) or an array of samples at 16
    kHz; anything else is an `InputError`.
    """
    if isinstance(sound, str | PathLike):
        return _read(Path(sound))
    if not isinstance(sound, np.ndarray) or sound.ndim != 1 or sound.dtype.kind != "f":
        what = f"{sound.dtype} array {sound.shape}" if isinstance(sound, np.ndarray) else type(sound).__name__
        raise InputError(
            f"stimuli: expected sounds, each the path of a .wav file or a float array (n_samples,) at {RATE_HZ} Hz, "
            f"got {what}"
        )
    samples = sound.astype(np.float32)
    if not samples.size or not np.isfinite(samples).all() or np.abs(samples).max() > 1:
        largest = np.abs(samples).max() if samples.size else "no samples"
        raise InputError(f"stimuli: expected finite samples between -1 and 1, got {largest} as the largest")
    return samples


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


def _read(path: Path) -> NDArray[np.float32]:
    from scipy.io import wavfile
    from scipy.signal import resample_poly

    if not path.is_file():
        raise InputError(f"stimuli: there is no sound file {str(path)!r}")
    try:
        rate_hz, samples = wavfile.read(path)
    except ValueError as error:
        raise InputError(f"stimuli: {path} cannot be read as a .wav file: {error}") from error
    if samples.dtype in _FULL_SCALE:
        middle = 2.0**7 if samples.dtype == np.uint8 else 0.0
        samples = (samples - middle) / _FULL_SCALE[samples.dtype]
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if rate_hz != RATE_HZ:
        common = np.gcd(rate_hz, RATE_HZ)
        samples = resample_poly(samples, RATE_HZ // common, rate_hz // common)
    # Resampling may take a sound at full scale slightly beyond it.
    return np.clip(samples, -1, 1).astype(np.float32)
