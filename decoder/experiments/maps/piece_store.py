"""Pieces of a map that are done: kept on disk one by one, so that a map goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

from ....models.cache.folder import cache_folder
from ..kept_arrays import keep_arrays, kept_arrays
from .cells import Arrays


def pieces_folder() -> Path:
    """Where pieces are kept if not told otherwise: in the cache of all assets, see `hotwire.models.weights.assets`."""
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
        arrays = kept_arrays(path)
        if arrays is None:
            path.unlink(missing_ok=True)
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep; whole or not at all."""
        keep_arrays(self._path(key), arrays)

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
