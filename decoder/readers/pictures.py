"""Pictures from a folder or a zip file, or by their names in tables of events."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from zipfile import BadZipFile, ZipFile

from ...errors import InputError, RecordingError
from ...errors.printable import printable
from ..recordings.events import MISSING, listed
from .tables import listing, read_table

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""How the names of files of pictures end."""
COLUMN = "stim_file"
"""The column of tables of events that names them."""
ORIENTATION = 0x0112
"""The number of the note in a camera's file that says how a viewer turns the picture."""


def read_pictures(path: str | Path) -> dict[str, Image]:
    """Read all pictures of a folder or a zip file in RGB, by name and in the order of their names.

    A warning says which carry a camera's note that they are to be turned; it is not followed.

    Raises
    ------
    RecordingError
        There are none, one cannot be read or is partly transparent, or two of a zip file have one name.
    """
    path = Path(path)
    pictures = {name: _read(f"stimuli: {name} in {path}", io.BytesIO(content)) for name, content in _contents(path)}
    if not pictures:
        there = f"the folder holds {listing(path)}" if path.is_dir() else "the zip file holds none"
        raise RecordingError(f"stimuli: no pictures in {path}; expected files ending in {', '.join(PICTURES)}, {there}")
    _warn_of_turned(path, pictures)
    return pictures


def picture_names(path: Path) -> list[str]:
    """The names of the pictures of a folder or a zip file, sorted; none where it is neither."""
    if path.is_dir():
        return sorted(file.name for file in path.iterdir() if _is_picture(file.name))
    if not path.is_file():
        return []
    try:
        with ZipFile(path) as archive:
            return sorted(name for name in archive.namelist() if _is_picture(name))
    except (BadZipFile, OSError) as error:
        raise RecordingError(f"stimuli: {path} cannot be read as a zip file ({error})") from error


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
    pictures = {}
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise RecordingError(f"{COLUMN}: expected paths within {folder}, got {name!r}")
        try:
            with (folder / name).open("rb") as file:
                pictures[name] = _read(f"{COLUMN}: {folder / name}", file)
        except FileNotFoundError:
            raise RecordingError(
                f"{COLUMN}: there is no picture {folder / name}; {folder} holds {listing(folder)}. Give stimuli if the "
                "pictures are in another folder"
            ) from None
    if not pictures:
        raise RecordingError(f"{COLUMN}: the events name no picture")
    _warn_of_turned(folder, pictures)
    return pictures


def _read(place: str, file: BinaryIO) -> Image:
    from PIL.Image import DecompressionBombError

    from ...models.pictures import open_picture

    try:
        return open_picture(file)
    except InputError as error:
        raise RecordingError(f"{place}: {error}") from error
    except (OSError, ValueError, SyntaxError, DecompressionBombError) as error:
        raise RecordingError(
            f"{place} is no picture that can be read ({error}); take it out, or save it again"
        ) from error


def _warn_of_turned(path: Path, pictures: Mapping[str, Image]) -> None:
    turned = [name for name, picture in pictures.items() if picture.getexif().get(ORIENTATION, 1) != 1]
    if turned:
        warnings.warn(
            f"stimuli: {len(turned)} of {len(pictures)} pictures in {printable(str(path))} ({listed(turned, 3)}) carry "
            "a camera's note that a viewer turns them; they are taken as stored, as MATLAB and PsychoPy show them. If "
            "they were presented turned, save them so",
            stacklevel=3,
        )


def _contents(path: Path) -> Iterable[tuple[str, bytes]]:
    names = picture_names(path)
    if path.is_dir():
        yield from ((name, (path / name).read_bytes()) for name in names)
        return
    if not path.is_file():
        raise RecordingError(nowhere(path))
    twice = [name for name, n in Counter(PurePosixPath(name).name for name in names).items() if n > 1]
    if twice:
        raise RecordingError(
            f"stimuli: expected pictures of different names, got {twice[0]!r} in several folders of {path}; rename one"
        )
    with ZipFile(path) as archive:
        yield from sorted((PurePosixPath(name).name, archive.read(name)) for name in names)


def nowhere(path: Path) -> str:
    """What an error says of stimuli that are not there."""
    there = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, there, n=1)
    hint = f"did you mean {close[0]}?" if close else f"{path.parent} holds {listing(path.parent, 6)}"
    return f"stimuli: there is no folder or zip file {path}; {hint}"


def _is_picture(name: str) -> bool:
    """Whether a name ends as those of pictures; what macOS puts beside them, and hidden files, are none."""
    path = PurePosixPath(name)
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.parts[0] != "__MACOSX"
