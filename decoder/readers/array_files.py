"""Arrays by name out of ``.npz`` and MATLAB's ``.mat`` files; nothing that a file could run is ever run."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import HotwireError, InputError, MissingExtraError, RecordingError, UnknownNameError
from .arrays import DAMAGED

Order = Literal["C", "F"]
"""Which index ran fastest when an array was laid out in a row: the last ("C") or, as in MATLAB, the first ("F")."""


def order_in(path: Path, order: Order | None) -> Order:
    """Return the order that was asked for, else that of the program which writes such files."""
    if order not in ("C", "F", None):
        raise InputError(f"order: expected 'C' or 'F', got {order!r}")
    return order or ("F" if path.suffix == ".mat" else "C")


def load_arrays(path: str | PathLike[str], names: Sequence[str]) -> dict[str, NDArray]:
    """Load some of a file's arrays.

    Parameters
    ----------
    path : path
        ``.npz``, or ``.mat`` up to version 7.
    names : sequence of str
        Which ones.

    Returns
    -------
    dict of str to array
        A cell array of texts comes as an array of texts; a cell array of arrays keeps its cells, as an array of
        objects.

    Raises
    ------
    UnknownNameError
        The file has no array of this name; lists those it has.
    RecordingError
        The file is missing, damaged or of another kind, or an array holds Python objects or structures.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    if path.suffix not in (".npz", ".mat"):
        raise RecordingError(f"{path}: expected arrays in a file ending in .npz or .mat, got {path.suffix or 'none'}")
    return {".npz": _load_npz, ".mat": _load_mat}[path.suffix](path, names)


def entries(path: Path, name: str, array: NDArray) -> NDArray:
    """Return texts or whole numbers in a row, however the file turned and stored them."""
    row = array.ravel()
    if row.dtype.kind == "f" and np.isfinite(row).all() and (row == np.floor(row)).all():
        row = row.astype(np.int64)  # MATLAB keeps whole numbers as floats
    if row.dtype.kind not in "iuU":
        raise RecordingError(f"{path}: expected {name!r} to be texts or whole numbers, got an array of {array.dtype}")
    return row


def _load_npz(path: Path, names: Sequence[str]) -> dict[str, NDArray]:
    try:
        with open(path, "rb") as raw:
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise RecordingError(f"{path}: expected several arrays by name, got a single one")
            _check_names(path, names, file.files)
            return {name: _without_objects(path, name, file) for name in names}
    except HotwireError:
        raise
    except DAMAGED as error:
        raise RecordingError(f"{path}: cannot be read as .npz: {error}") from error


def _without_objects(path: Path, name: str, file: Any) -> NDArray:
    try:
        return file[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise RecordingError(
            f"{path}: the array {name!r} holds Python objects, which are not loaded because they could run code; save "
            "it again as numbers or texts (array.astype(str))"
        ) from error


def _load_mat(path: Path, names: Sequence[str]) -> dict[str, NDArray]:
    try:
        import scipy.io
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise MissingExtraError("reading MATLAB's files needs scipy; install hotwire[all]") from error
    try:
        _check_names(path, names, [name for name, _, _ in scipy.io.whosmat(path)])
        loaded = scipy.io.loadmat(path, variable_names=list(names))
    except NotImplementedError as error:
        raise RecordingError(
            f"{path}: a MATLAB file of version 7.3 (HDF5); only those up to version 7 can be read. Save it again in "
            "MATLAB with save(..., '-v7'), or open it with h5py and write its arrays with numpy.savez (h5py shows "
            "their axes in reverse)"
        ) from error
    except HotwireError:
        raise
    except (*DAMAGED, MatReadError, LookupError, UnboundLocalError) as error:
        raise RecordingError(f"{path}: cannot be read as a MATLAB file: {error}") from error
    return {name: _from_matlab(path, name, loaded[name]) for name in names}


def _from_matlab(path: Path, name: str, value: Any) -> NDArray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufcUO":
        got = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise RecordingError(f"{path}: expected {name!r} to hold numbers or texts, or to be a cell array, got {got}")
    if value.dtype.kind == "O" and all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" for cell in value.flat):
        return np.array([cell.item() if cell.size else "" for cell in value.flat], np.str_).reshape(value.shape)
    # MATLAB fills a matrix of letters up with blanks.
    return np.strings.rstrip(value) if value.dtype.kind == "U" else value


def _check_names(path: Path, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(f"array in {path}", name, known)
