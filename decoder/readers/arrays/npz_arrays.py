"""The arrays of an ``.npz`` file, by name: numbers and texts, never Python objects."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ..damaged import reading

ZIP, ARRAY = b"PK", b"\x93NUMPY"
"""How files of several arrays and of one begin."""


@contextmanager
def opened_npz(path: Path) -> Iterator[Any]:
    with reading(path, "cannot be read as .npz"), open(path, "rb") as raw:
        if not raw.read(len(ARRAY)).startswith((ZIP, ARRAY)):  # numpy would advise a pickle, which runs code
            raise RecordingError(f"{path}: expected a file of arrays (.npz), got another kind of file")
        raw.seek(0)
        file = np.load(raw, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise RecordingError(f"{path}: expected several arrays by name, got a single one")
        yield file


def array_in(path: Path, name: str, file: Any) -> NDArray:
    try:
        array = file[name]
        if not isinstance(array, np.ndarray):  # what begins otherwise than an array is returned as bytes
            raise RecordingError(f"{path}: {name!r} is no array; the file is damaged, or of another kind")
        _check_texts(path, name, array)
        return array
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise RecordingError(
            f"{path}: the array {name!r} holds Python objects, which are not loaded because they could run code; save "
            "it again as numbers or texts (array.astype(str))"
        ) from error


def _check_texts(path: Path, name: str, array: NDArray) -> None:
    """Refuse texts with numbers that stand for no character: Python fails where such a text is used."""
    if array.dtype.kind == "U" and array.nbytes:
        codes = np.ascontiguousarray(array).view(f"{array.dtype.byteorder}u4")
        if codes.max() > sys.maxunicode:
            raise RecordingError(f"{path}: the array {name!r} holds what are no letters; the file is damaged")
