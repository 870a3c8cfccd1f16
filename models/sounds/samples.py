"""Samples of sounds, from files or arrays."""

from __future__ import annotations

import io
import struct
import warnings
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, MissingExtraError

RATE_HZ = 16_000
STEPS = 2**15
"""Of a file of 16 bits, from silence to full scale."""
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
"""How the names of sound files end."""
# The integer that means 1.0, by type; 8-bit files have no sign, and their middle means 0.
_FULL_SCALE = {np.dtype(np.uint8): 2.0**7, np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31}


class StoredSound(NamedTuple):
    """What a file holds: samples (n_samples, n_channels), 1 at full scale, and their rate."""

    samples: NDArray[np.floating]
    rate_hz: int

    def at_rate(self) -> NDArray[np.float32]:
        """The mean of its channels at 16 kHz, (n_samples,), between -1 and 1."""
        from scipy.signal import resample_poly

        samples = self.samples.mean(axis=1)
        if self.rate_hz != RATE_HZ:
            common = np.gcd(self.rate_hz, RATE_HZ)
            samples = resample_poly(samples, RATE_HZ // common, self.rate_hz // common)
        # Resampling may take a sound at full scale slightly beyond it.
        return np.clip(samples, -1, 1).astype(np.float32)


def samples_of(sound: Any) -> NDArray[np.float32]:
    """Return a sound's samples at 16 kHz, (n_samples,), between -1 and 1.

    A sound is the path of a file, see `read_sound` (channels are averaged, other rates are resampled), or an array of
    samples at 16 kHz; anything else is an `InputError`.
    """
    if isinstance(sound, str | PathLike):
        return read_sound(Path(sound)).at_rate()
    if not isinstance(sound, np.ndarray) or sound.ndim != 1 or sound.dtype.kind != "f":
        what = f"{sound.dtype} array {sound.shape}" if isinstance(sound, np.ndarray) else type(sound).__name__
        raise InputError(
            f"stimuli: expected sounds, each the path of a sound file or a float array (n_samples,) at {RATE_HZ} Hz, "
            f"got {what}"
        )
    samples = sound.astype(np.float32)
    if not samples.size or not np.isfinite(samples).all() or np.abs(samples).max() > 1:
        largest = np.abs(samples).max() if samples.size else "no samples"
        raise InputError(f"stimuli: expected finite samples between -1 and 1, got {largest} as the largest")
    return samples


def read_sound(path: Path) -> StoredSound:
    """Read a whole file of `SOUNDS`; other kinds than .wav need the package soundfile.

    Raises
    ------
    InputError
        There is no such file, it is no sound or torn, holds no samples, or some that are not finite.
    MissingExtraError
        soundfile is not installed.
    """
    if not path.is_file():
        raise InputError(f"stimuli: there is no sound file {str(path)!r}")
    read = _read_wav(path) if path.suffix.lower() == ".wav" else _read_other(path)
    if not read.samples.size:
        raise InputError(f"stimuli: {path} holds no samples; take it out, or correct it")
    if not np.isfinite(read.samples).all():
        raise InputError(f"stimuli: {path} holds samples that are not finite; correct it")
    return read


def _read_wav(path: Path) -> StoredSound:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Reached EOF prematurely", wavfile.WavFileWarning)
            rate_hz, samples = wavfile.read(path)
    except (ValueError, struct.error, wavfile.WavFileWarning) as error:
        raise InputError(f"stimuli: {path} cannot be read as a .wav file: {error}") from error
    if samples.dtype in _FULL_SCALE:
        middle = 2.0**7 if samples.dtype == np.uint8 else 0.0
        samples = (samples - middle) / _FULL_SCALE[samples.dtype]
    return StoredSound(samples if samples.ndim == 2 else samples[:, None], rate_hz)


def _read_other(path: Path) -> StoredSound:
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name} needs soundfile; install hotwire[all]") from error
    try:
        with soundfile.SoundFile(path) as file:
            samples, expected, rate_hz = file.read(dtype="float32", always_2d=True), file.frames, file.samplerate
    except soundfile.SoundFileError as error:
        raise InputError(f"stimuli: {path} cannot be read as a sound: {error}") from error
    if len(samples) < expected:
        raise InputError(f"stimuli: {path} is torn: expected {expected:,} samples, got {len(samples):,}")
    return StoredSound(np.asarray(samples, np.float32), rate_hz)


def wav_of(samples: NDArray) -> bytes:
    """A WAV file of 16 bits of samples (n_samples,) at 16 kHz; beyond -1 and 1 they are clipped.

    Examples
    --------
    >>> len(wav_of(np.zeros(160)))
    364
    """
    from scipy.io import wavfile

    file = io.BytesIO()
    wavfile.write(file, RATE_HZ, sixteen_bits(samples))
    return file.getvalue()


def sixteen_bits(samples: NDArray) -> NDArray[np.int16]:
    """Samples as a file of 16 bits holds them, in `STEPS` from silence to full scale; beyond -1 and 1 they are clipped.

    Examples
    --------
    >>> sixteen_bits(np.array([0.25, 1e-6, 1.0])).tolist()
    [8192, 0, 32767]
    """
    return np.clip(np.rint(np.asarray(samples, np.float64) * STEPS), -STEPS, STEPS - 1).astype(np.int16)
