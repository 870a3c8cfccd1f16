"""A folder of .npz files: each is complete or absent, and is checked for damage when it is read."""

from __future__ import annotations

import os
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ....errors import AssetError
from ....models.files import UNFINISHED, whole_file

Arrays = dict[str, NDArray]

LEFT_S = 3600.0
"""An unfinished file that has not changed for this time was left by a process that was killed."""


class ArrayCache:
    """Results on disk by name. Names are paths within the folder, which is created if needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.rglob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):  # another process has finished it meanwhile
                if time.time() - part.stat().st_mtime > LEFT_S:
                    part.unlink()

    def __contains__(self, name: str) -> bool:
        """Whether the file exists and is undamaged: all of it is read."""
        return load_arrays(self.folder / name, lambda _: False) is not None

    def get(self, name: str, wanted: Callable[[str], bool] = lambda _: True) -> Arrays:
        """Read the wanted arrays of an entry that is in the cache."""
        arrays = load_arrays(self.folder / name, wanted)
        if arrays is None:
            raise AssetError(f"{self.folder / name} was removed or damaged meanwhile; run it again")
        return arrays

    def put(self, name: str, arrays: Mapping[str, NDArray]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_arrays(path, arrays)


def save_arrays(path: Path, arrays: Mapping[str, NDArray]) -> Path:
    """Write or replace an .npz file so that it is always complete or absent."""
    with whole_file(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


def load_arrays(path: Path, wanted: Callable[[str], bool] = lambda _: True) -> Arrays | None:
    """Read the wanted arrays after checking the checksums of the whole file; None if it is missing or damaged."""
    try:
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as members:
                if members.testzip() is not None or len(members.infolist()) != _number_of_members(file):
                    return None
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays if wanted(name)}
    # Damaged headers make zipfile report unknown compression, encryption or missing names.
    except (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None


def _number_of_members(file: BinaryIO) -> int:
    """Return how many members the end of a zip file claims: zipfile overlooks some if a length is damaged."""
    file.seek(-12, os.SEEK_END)
    return int.from_bytes(file.read(2), "little")
