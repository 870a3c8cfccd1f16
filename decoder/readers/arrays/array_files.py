"""Arrays by name from ``.npz`` and MATLAB's ``.mat`` files, without running any code in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, MissingExtraError, RecordingError, UnknownNameError
from ..damaged import reading
from .npz_arrays import array_in, opened_npz

Order = Literal["C", "F"]
"""Which index ran fastest when an array was flattened: the last ("C") or, as in MATLAB, the first ("F")."""

VERSION_7_3 = (
    "a MATLAB file of version 7.3 (HDF5); only those up to version 7 can be read. Save it again in MATLAB with "
    "save(..., '-v7'), or open it with h5py and write its arrays with numpy.savez (h5py shows their axes in reverse)"
)


def order_in(path: Path, order: Order | None) -> Order:
    """Return the order, by default that of the program which writes such files."""
    if order not in ("C", "F", None):
        raise InputError(f"order: expected 'C' or 'F', got {order!r}")
    return order or ("F" if path.suffix == ".mat" else "C")


def load_arrays(path: str | PathLike[str], names: Sequence[str]) -> dict[str, NDArray]:
    """Load arrays by name from an ``.npz`` file, or from a ``.mat`` file up to version 7.

    Dots lead into MATLAB's structures: ``"cnt.x"`` is the field ``x`` of ``cnt``; of a row of structures, the field of
    each. Before the first dot, ``*`` stands for what differs from file to file: ``"cnt_*.x"`` has to fit one name only.
    A cell array of texts becomes an array of texts; one of arrays becomes an array of objects. Raises UnknownNameError
    for a name that is not in the file, and RecordingError where the file or an array is not usable.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    if path.suffix not in (".npz", ".mat"):
        raise RecordingError(f"{path}: expected arrays in a file ending in .npz or .mat, got {path.suffix or 'none'}")
    return {".npz": _load_npz, ".mat": _load_mat}[path.suffix](path, names)


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in an ``.npz`` file; errors as `load_arrays`."""
    with opened_npz(path) as file:
        return list(file.files)


def array_shapes(path: Path) -> dict[str, str]:
    """Return shape and type of each array in a file, such as ``"(100, 64) float32"``; errors as `load_arrays`."""
    if path.suffix.lower() == ".npz":
        with opened_npz(path) as file:
            arrays = {name: array_in(path, name, file) for name in file.files}
        return {name: f"{array.shape} {array.dtype}" for name, array in arrays.items()}
    with _reading_mat(path) as io:
        named = {name: f"{tuple(shape)} {kind}" for name, shape, kind in io.whosmat(path)}
        structures = [name for name, what in named.items() if what.endswith("struct")]
        loaded = io.loadmat(path, variable_names=structures) if structures else {}
    return named | {f"{name}.{field}": "field" for name in structures for field in loaded[name].dtype.names or ()}


def entries(path: Path, name: str, array: NDArray) -> NDArray:
    """Return texts or whole numbers as a vector, however the file turned and stored them."""
    row = array.ravel()
    if row.dtype.kind == "f" and np.isfinite(row).all() and (row == np.floor(row)).all():
        row = row.astype(np.int64)  # MATLAB stores whole numbers as floats
    if row.dtype.kind not in "iuU":
        raise RecordingError(f"{path}: expected {name!r} to be texts or whole numbers, got an array of {array.dtype}")
    return row


def named_labels(name: str, labels: NDArray[np.str_], meaning: Mapping[str, str] | None) -> NDArray[np.str_]:
    """Return what labels mean; as they are without `meaning`, which otherwise has to name every label."""
    if meaning is None:
        return labels
    known = np.unique(labels).tolist()
    for one in meaning:
        if one not in known:
            raise UnknownNameError(f"label in {name!r}", one, known)
    for one in known:
        if one not in meaning:
            raise InputError(
                f"label_names: expected a name for each label of {name!r}, got none for {one!r}; add one, such as "
                f'"{one}" = "house"'
            )
    return np.array([meaning[one] for one in labels.tolist()], np.str_)


def _load_npz(path: Path, names: Sequence[str]) -> dict[str, NDArray]:
    with opened_npz(path) as file:
        known = {name: _known(path, name, file.files) for name in names}
        return {name: array_in(path, known[name], file) for name in names}


def _load_mat(path: Path, names: Sequence[str]) -> dict[str, NDArray]:
    with _reading_mat(path) as io:
        there = [name for name, _, _ in io.whosmat(path)]
        known = {name: _known(path, name.split(".")[0], there) for name in names}
        loaded = io.loadmat(path, variable_names=list(set(known.values())))
    return {name: _from_matlab(path, name, _field(path, name, known[name], loaded)) for name in names}


@contextmanager
def _reading_mat(path: Path) -> Iterator[Any]:
    """`scipy.io`; what it raises while it reads this file becomes a RecordingError."""
    try:
        import scipy.io
    except ImportError as error:
        raise MissingExtraError("reading MATLAB's files needs scipy; install hotwire[all]") from error
    with reading(path, "cannot be read as a MATLAB file"):
        try:
            yield scipy.io
        except NotImplementedError as error:
            raise RecordingError(f"{path}: {VERSION_7_3}") from error


def _field(path: Path, name: str, variable: str, loaded: Mapping[str, Any]) -> Any:
    value, so_far = loaded[variable], variable
    for part in name.split(".")[1:]:
        fields = value.dtype.names if isinstance(value, np.ndarray) else None
        if fields is None:
            raise RecordingError(f"{path}: {name!r}: expected {so_far!r} to be a structure, got {_kind(value)}")
        if part not in fields:
            raise UnknownNameError(f"field of {so_far!r} in {path}", part, fields)
        of_each = value[part]
        value, so_far = of_each.item() if of_each.size == 1 else _in_a_row(of_each), f"{so_far}.{part}"
    return value


def _in_a_row(of_each: NDArray) -> NDArray:
    """Join a field's values in a row of structures where each is a single number."""
    values = of_each.ravel()
    if all(isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biuf" for value in values):
        return np.array([value.item() for value in values])
    return values


def _from_matlab(path: Path, name: str, value: Any) -> NDArray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufcUO":
        raise RecordingError(
            f"{path}: expected {name!r} to hold numbers or texts, or to be a cell array, got {_kind(value)}"
        )
    if value.dtype.kind == "O" and all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" for cell in value.flat):
        return np.array([cell.item() if cell.size else "" for cell in value.flat], np.str_).reshape(value.shape)
    # MATLAB fills a matrix of letters up with blanks.
    return np.strings.rstrip(value) if value.dtype.kind == "U" else value


def _kind(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    if value.dtype.names is None:
        return f"an array of {value.dtype}"
    return f"a structure; name one of its fields, after a dot: {', '.join(value.dtype.names)}"


def _known(path: Path, name: str, there: Sequence[str]) -> str:
    """Return the one array's name that a name or pattern fits."""
    if name in there:
        return name
    matching = [one for one in there if fnmatchcase(one, name)] if "*" in name else []
    if len(matching) > 1:
        raise RecordingError(f"{path}: expected {name!r} to fit one array, but it fits {', '.join(matching)}")
    if not matching:
        raise UnknownNameError(f"array in {path}", name, there)
    return matching[0]
