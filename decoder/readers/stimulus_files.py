"""Pictures that tables of events name by file, in their column ``stim_file``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ...errors import RecordingError
from ..recordings.events import MISSING
from .tables import listing, read_table

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMN = "stim_file"


def stimulus_files(tables: Iterable[Path]) -> list[str]:
    """Return the files that tables of events name, each once; RecordingError where a table has no such column."""
    names: dict[str, None] = {}
    for path in tables:
        table = read_table(path)
        if COLUMN not in table:
            raise RecordingError(
                f"{path}: expected a column {COLUMN!r} that names the pictures, got the columns {', '.join(table)}"
            )
        names |= dict.fromkeys(name for name in table[COLUMN] if name != MISSING)
    return list(names)


def read_stimulus_files(folder: Path, names: Sequence[str]) -> dict[str, Image]:
    """Read pictures by their names in the events, which are paths within a folder; RecordingError where one is none."""
    from PIL import Image as images

    pictures = {}
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise RecordingError(f"{COLUMN}: expected paths within {folder}, got {name!r}")
        try:
            pictures[name] = images.open(folder / name).convert("RGB")
        except FileNotFoundError:
            raise RecordingError(
                f"{COLUMN}: there is no picture {folder / name}; {folder} holds {listing(folder)}. Give stimuli if the "
                "pictures are in another folder"
            ) from None
        except (OSError, ValueError, images.DecompressionBombError) as error:
            raise RecordingError(f"{COLUMN}: {folder / name} is no picture that can be read ({error})") from error
    if not pictures:
        raise RecordingError(f"{COLUMN}: the events name no picture")
    return pictures
