"""What a folder or a zip file of stimuli holds: pictures or sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ...errors import InputError
from ...models.sounds.samples import SOUNDS
from .pictures import PICTURES, picture_names
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
