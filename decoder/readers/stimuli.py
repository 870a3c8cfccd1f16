"""What a folder or a zip file of stimuli holds: pictures or sounds."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from ...errors import InputError, RecordingError
from ...models.sounds.samples import SOUNDS
from .pictures import PICTURES, nowhere, picture_names
from .sounds import sound_files
from .tables import listing

StimulusKind = Literal["pictures", "sounds"]


def kind_of_stimuli(path: Path) -> StimulusKind | None:
    """Whether a folder or a zip file holds pictures or sounds; None if it is not there.

    An InputError says that it holds neither, or both.
    """
    if not path.exists():
        return None
    pictures, sounds = picture_names(path), [file.name for file in sound_files(path)]
    if pictures and sounds:
        raise InputError(
            f"stimuli: expected pictures or sounds, got {len(pictures)} pictures, such as {pictures[0]}, and "
            f"{len(sounds)} sounds, such as {sounds[0]}, in {path}; move one kind to a folder of its own"
        )
    if not pictures and not sounds:
        there = (
            f"it holds {listing(path)}" if path.is_dir() else "the zip file holds none (sounds are read from a folder)"
        )
        raise InputError(
            f"stimuli: expected pictures ({', '.join(PICTURES)}) in {path}, or a folder of sounds "
            f"({', '.join(SOUNDS)}); {there}"
        )
    return "pictures" if pictures else "sounds"


def stimulus_names(path: Path) -> list[str]:
    """The names of the pictures of a folder or zip file, or the sounds of a folder, sorted; none of them is read.

    A RecordingError says that it is not there, an InputError that it holds neither, or both.
    """
    kind = kind_of_stimuli(path)
    if kind is None:
        raise RecordingError(nowhere(path))
    names = [file.name for file in sound_files(path)] if kind == "sounds" else picture_names(path)
    return sorted(PurePosixPath(name).name for name in names)
