"""Pieces of a map that are done: kept on disk one by one, so that a map goes on where it was stopped."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from ...models.assets import cache_folder
from .cells import Arrays


def pieces_folder() -> Path:
    """Where pieces are kept if not told otherwise: in the cache of all assets, see `hotwire.models.assets`."""
    return cache_folder() / "maps"


class PieceStore:
    """A folder with a file for each piece, found by its key.

    Parameters
    ----------
    folder : Path, optional
        By default `pieces_folder`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or pieces_folder()
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Arrays | None:
        """What is kept under a key; None where nothing is, or it cannot be read and has to be worked out anew."""
        path = self._path(key)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            path.unlink()
            return None

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep; whole or not at all."""
        making = self._path(key).with_suffix(f".{os.getpid()}.part")
        try:
            with making.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
            os.replace(making, self._path(key))
        finally:
            making.unlink(missing_ok=True)

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
