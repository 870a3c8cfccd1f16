"""A folder of arrays that are written row by row and count only when they are complete.

::

    manifest.json   what the arrays are of, and each complete one with its size and SHA-256
    NAME.npy        float32 (n_rows, n_columns)
    progress.json   while arrays are being written: how far, and the SHA-256 up to there

A process that is killed while writing leaves the rows up to the last mark, and the next one continues from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from ..cache_folder import locked, usable
from ..files import sha256_of_file, write_whole

MANIFEST, _PROGRESS = "manifest.json", "progress.json"
_BATCHES_TO_MARK = 4


class ArrayStore:
    """Arrays in a folder, which is created if needed; `about` says what they are of, as JSON data."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder = folder
        self._about = dict(about)
        self._arrays: dict[str, dict[str, Any]] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for other processes and keep them out during the block; then read what they have left."""
        with locked(self.folder):
            with usable(self.folder):
                self.folder.mkdir(exist_ok=True)
                manifest = read_json(self.folder / MANIFEST)
                if manifest is None:  # a pass that is killed is listed, too
                    self._write_manifest()
                else:
                    self._arrays = manifest["arrays"]
            yield

    def missing(self, names: Iterable[str]) -> list[str]:
        """The names of arrays that are not there completely; a warning names a damaged one."""
        with usable(self.folder):
            for name in names:
                if name in self._arrays and not _is_unchanged(self.folder / name, self._arrays[name]):
                    warnings.warn(f"{self.folder / name} is damaged; it is recorded anew", stacklevel=4)
                    del self._arrays[name]
        return [name for name in names if name not in self._arrays]

    @contextmanager
    def writing(self, names: Sequence[str], n_rows: int) -> Iterator[UnfinishedArrays]:
        """Write arrays in step; they are complete when they have all rows."""
        with ExitStack() as stack:
            with usable(self.folder):
                unfinished = UnfinishedArrays(self.folder, names, n_rows, stack)
                if not unfinished.n_done:
                    # Never write into a file that may be mapped elsewhere, nor keep one that will not be finished.
                    for file in set(self.folder.glob("*.npy")) - {self.folder / name for name in self._arrays}:
                        file.unlink()
            yield unfinished
            with usable(self.folder):
                self._arrays |= unfinished.mark()
        with usable(self.folder):
            self._write_manifest()
            (self.folder / _PROGRESS).unlink()

    def mapped(self, name: str) -> np.ndarray:
        """Return a complete array, memory-mapped and read-only."""
        return np.load(self.folder / name, mmap_mode="r")

    def _write_manifest(self) -> None:
        _write_json(self.folder / MANIFEST, {"about": self._about, "arrays": self._arrays})


class UnfinishedArrays:
    """Arrays of `n_rows` rows being written, of which `n_done` are done; see `ArrayStore.writing`."""

    def __init__(self, folder: Path, names: Sequence[str], n_rows: int, stack: ExitStack) -> None:
        self._folder, self._names, self._n_rows, self._stack = folder, names, n_rows, stack
        self._files: dict[str, BinaryIO] = {}
        self._digests: dict[str, Any] = {}
        self._since_mark = 0
        self.n_done = 0
        self._go_on()

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append rows, float32 (n_new, ...), to all arrays."""
        with usable(self._folder):
            for name in self._names:
                table = np.ascontiguousarray(rows[name], np.float32).reshape(len(rows[name]), -1)
                if name not in self._files:
                    self._begin(name, table.shape[1])
                self._put(name, table.data)
            self.n_done += len(rows[self._names[0]])
            self._since_mark += 1
            if self._since_mark == _BATCHES_TO_MARK:
                self.mark()

    def mark(self) -> dict[str, dict[str, Any]]:
        """Flush the rows so far to the disk, and note sizes and SHA-256."""
        noted = {}
        for name, file in self._files.items():
            file.flush()
            os.fsync(file.fileno())
            noted[name] = {"size_bytes": file.tell(), "sha256": self._digests[name].hexdigest()}
        _write_json(self._folder / _PROGRESS, {"n_done": self.n_done, "n_rows": self._n_rows, "arrays": noted})
        self._since_mark = 0
        return noted

    def _begin(self, name: str, n_columns: int) -> None:
        path = self._folder / name
        path.unlink(missing_ok=True)
        self._files[name] = self._stack.enter_context(path.open("w+b"))
        self._digests[name] = hashlib.sha256()
        header = BytesIO()
        shape = self._n_rows, n_columns
        npy.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        self._put(name, header.getvalue())

    def _put(self, name: str, data: Any) -> None:
        self._files[name].write(data)
        self._digests[name].update(data)

    def _go_on(self) -> None:
        """Continue from what a killed process left; warn where it differs from what that process noted."""
        progress = read_json(self._folder / _PROGRESS)
        if progress is None or (set(progress["arrays"]), progress["n_rows"]) != (set(self._names), self._n_rows):
            return
        for name, noted in progress["arrays"].items():
            digest = _digest_of(self._folder / name, noted["size_bytes"])
            if digest.hexdigest() != noted["sha256"]:
                warnings.warn(f"{self._folder / name} was left damaged; it is recorded anew", stacklevel=6)
                self._files, self._digests = {}, {}
                return
            file = self._stack.enter_context((self._folder / name).open("r+b"))
            file.truncate(noted["size_bytes"])
            file.seek(noted["size_bytes"])
            self._files[name], self._digests[name] = file, digest
        self.n_done = progress["n_done"]


def read_json(path: Path) -> dict[str, Any] | None:
    """The content of a JSON file; None if it is missing, and with a warning if it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        warnings.warn(f"{path} is damaged; what it lists is recorded anew", stacklevel=4)
        return None


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")


def _is_unchanged(path: Path, noted: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == noted["size_bytes"] and sha256_of_file(path) == noted["sha256"]


def _digest_of(path: Path, size_bytes: int) -> Any:
    """SHA-256 of the beginning of a file."""
    digest = hashlib.sha256()
    with suppress(FileNotFoundError), path.open("rb") as file:
        while size_bytes > 0 and (chunk := file.read(min(size_bytes, 1 << 20))):
            digest.update(chunk)
            size_bytes -= len(chunk)
    return digest
