"""Options and arguments that several commands share, and their checks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError, RecordingError

if TYPE_CHECKING:
    from ..recordings.recording import Recording

json_option = click.option("--json", expose_value=False, is_flag=True, help="Print one JSON object and nothing else.")
report_option = click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")


def report_file(given: Path | None, name: str) -> Path:
    """Where a command writes its report: as given, or this name in the current folder; see `check_file`."""
    path = given or Path(name)
    check_file("--report", path)
    return path


def check_file(option: str, path: Path) -> None:
    """Raise `InputError` where a file cannot be written; before what is slow."""
    if not path.parent.is_dir():
        raise InputError(f"{option}: there is no folder {path.parent} to write {path.name} into; make it first")
    if path.is_dir():
        raise InputError(f"{option}: expected the name of a file, got the folder {path}; {path / 'my-file'}, say")
    _check_writable(option, path.parent, f"write {path.name} into")


def check_folder(option: str, folder: Path) -> None:
    """Raise `InputError` where a folder is neither there to write into, nor can be made; before what is slow."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{option}: expected a folder to write into, but {folder} is a file; give another name")
    if not folder.parent.is_dir():
        raise InputError(f"{option}: there is no folder {folder.parent} to make {folder.name} in; make it first")
    _check_writable(option, folder if folder.exists() else folder.parent, "write into")


def _check_writable(option: str, folder: Path, what: str) -> None:
    if not os.access(folder, os.W_OK):
        raise InputError(f"{option}: no permission to {what} the folder {folder.resolve()}; give a path elsewhere")


def common_name(studies: tuple[Path, ...]) -> str:
    """What the studies' names begin with, e.g. ``v4-map`` for ``v4-map-190923.toml`` and ``v4-map-210621.toml``."""
    stems = [study.stem for study in studies]
    if len(stems) == 1:
        return stems[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    return "".join(letters[0] for letters in alike).rstrip("0123456789").rstrip("-_.") or "studies"


@contextmanager
def reading_without_study(**fields: Any) -> Iterator[None]:
    """Say of a reader's settings, where its error names one, that they are written into a study, with these fields."""
    try:
        yield
    except (RecordingError, InputError) as error:
        if not re.search(r"\b[a-z_]+ = ", str(error)):
            raise
        raise type(error)(
            f"{error}. Such a setting goes into a study: `hotwire init study.toml` writes one to begin with; in its "
            f"[recording] give {', '.join(f'{name} = {json.dumps(str(of))}' for name, of in fields.items())} and the "
            "setting"
        ) from error


def recording_of(path: Path) -> Recording:
    """Read the recording of a study, or one that hotwire wrote; any other file needs a study."""
    if path.suffix == ".toml":
        from ..study.study import open_study

        return open_study(path).recording()
    if path.suffix != ".npz":
        raise InputError(
            f"recording: expected a study (.toml) or a recording that hotwire wrote (.npz), got {path}; in a study, "
            "[recording] says how such a file is read. `hotwire init --help` tells how to write one"
        )
    from ..readers import read_npz

    return read_npz(path)
