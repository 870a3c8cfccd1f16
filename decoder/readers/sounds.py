"""The sounds of a folder."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RecordingError
from ...errors.printable import printable
from ...models.sounds.samples import RATE_HZ, SOUNDS, read_sound


def sound_files(path: str | Path) -> list[Path]:
    """The sound files of a folder, in the order of their names; none where it is no folder."""
    folder = Path(path)
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for file in found if file.suffix.lower() in SOUNDS and not file.name.startswith("."))


def read_sounds(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """Read all sounds of a folder, by name and in the order of their names: samples (n_samples,) at 16 kHz.

    A warning says what was done to sounds of other rates (resampled) and of several channels (averaged).

    Parameters
    ----------
    path : path
        The folder; what is no sound in it (by the ending of its name) is left out.

    Raises
    ------
    RecordingError
        There are none, or one cannot be read, is torn or empty.
    """
    sounds, n_resampled, n_averaged, rates = {}, 0, 0, set()
    for file in sound_files(path):
        try:
            stored = read_sound(file)
        except InputError as error:
            raise RecordingError(str(error)) from error
        sounds[file.name] = stored.at_rate()
        rates |= {stored.rate_hz} - {RATE_HZ}
        n_resampled += stored.rate_hz != RATE_HZ
        n_averaged += stored.samples.shape[1] > 1
    if not sounds:
        raise RecordingError(f"stimuli: no sounds in {path}; expected files ending in {', '.join(SOUNDS)}")
    changes = []
    if n_resampled:
        changes.append(f"{n_resampled} were resampled from {', '.join(f'{one:,}' for one in sorted(rates))} Hz")
    if n_averaged:
        changes.append(f"of {n_averaged} the channels were averaged")
    if changes:
        warnings.warn(
            f"stimuli: networks and controls hear one channel at {RATE_HZ:,} Hz; of the {len(sounds)} sounds in "
            f"{printable(str(path))} {' and '.join(changes)}",
            stacklevel=2,
        )
    return sounds
