"""Recordings of several people who heard or saw the same: each person is a run."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import RecordingError
from ..recordings.recording import Recording
from .arrays.array_files import array_names, load_arrays
from .tables import read_text


def read_listeners(path: str | PathLike[str] | Sequence[str | PathLike[str]], tr_s: float) -> Recording:
    """Read recordings of the same story in several people, from one ``.npz`` file or from a text table for each.

    Parameters
    ----------
    path : path or sequence of paths
        An ``.npz`` file with an array (n_samples, n_features) for each listener; or text files, one for each listener:
        a row for each sample, numbers apart by blanks or tabs. ``*`` stands for what differs between files.
    tr_s : float
        Seconds from one sample to the next.

    Returns
    -------
    Recording
        Each listener is a run, named as the array or the file.

    Raises
    ------
    RecordingError
        There are fewer than two listeners, a table is not one of numbers, or listeners have different numbers of
        samples or features.
    """
    given = [path] if isinstance(path, str | PathLike) else list(path)
    files = [file for one in given for file in _files(Path(one))]
    if len(files) == 1 and files[0].suffix == ".npz":
        of_each: dict[str, NDArray] = load_arrays(files[0], array_names(files[0]))
    else:
        of_each = {file.name.removesuffix(file.suffix): read_number_table(file) for file in files}
    source = ", ".join(str(one) for one in given)
    if len(of_each) < 2:
        raise RecordingError(f"{source}: expected two listeners or more, got {len(of_each)}")
    first, shape = next((name, of.shape) for name, of in of_each.items())
    for name, of in of_each.items():
        if of.ndim != 2 or of.dtype.kind not in "iuf":
            raise RecordingError(f"{source}: expected numbers (n_samples, n_features), got {of.shape} of {name}")
        if of.shape != shape:
            raise RecordingError(
                f"{source}: expected all listeners to have as many samples and features as {first}, {shape}, got "
                f"{of.shape} of {name}; cut them so that all begin and end with the story"
            )
    return Recording(
        data=np.concatenate(list(of_each.values())),
        rate_hz=1.0 / tr_s,
        feature_names=tuple(f"feature_{i + 1}" for i in range(shape[1])),
        run=np.repeat(list(of_each), shape[0]),
        source=source,
    )


def _files(path: Path) -> list[Path]:
    if "*" not in path.name:
        return [path]
    found = sorted(path.parent.glob(path.name))
    if not found:
        raise RecordingError(f"{path}: there is no such file")
    return found


def read_number_table(path: Path) -> NDArray[np.float64]:
    """Read a text file of numbers apart by blanks or tabs, (n_rows, n_columns); RecordingError where it is none."""
    rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
    if len({len(row) for row in rows}) != 1:
        raise RecordingError(f"{path}: expected rows of equally many numbers, got {sorted({len(row) for row in rows})}")
    try:
        return np.array(rows, np.float64)
    except ValueError as error:
        raise RecordingError(f"{path}: expected numbers apart by blanks or tabs: {error}") from error
