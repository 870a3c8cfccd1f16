"""Checks of arrays that come from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BundleError, NonFiniteError


def require_arrays(what: str, arrays: Mapping[str, ArrayLike], needed: Iterable[str]) -> None:
    """Raise BundleError, listing those there are, if what is to be made of arrays lacks some of those needed."""
    missing = sorted(set(needed) - set(arrays))
    if missing:
        raise BundleError(f"{what} lacks the arrays {', '.join(missing)}; there are: {', '.join(arrays)}")


def require_finite(name: str, array: NDArray, *, row: str = "sample", column: str, first_column: int = 0) -> None:
    """Raise if an array holds NaN or infinity.

    Parameters
    ----------
    name : str
        The argument's name.
    array : (n_rows, n_columns) array
    row, column : str
        What a row is, and a column, e.g. ``"feature"``.
    first_column : int
        The number of the first column, where `array` is a block out of a wider one.

    Raises
    ------
    NonFiniteError
        Naming the first position, row by row.

    Examples
    --------
    >>> require_finite("X", np.array([[1.0, np.nan]]), column="feature")
    Traceback (most recent call last):
    ...
    hotwire.errors.NonFiniteError: X holds NaN at sample 0, feature 1, expected finite numbers: ...
    """
    finite = np.isfinite(array)
    if finite.all():
        return
    line, place = (int(position) for position in np.argwhere(~finite)[0])
    value = "NaN" if np.isnan(array[line, place]) else str(array[line, place])
    raise NonFiniteError(
        f"{name} holds {value} at {row} {line}, {column} {first_column + place}, expected finite numbers: "
        f"leave out such {row}s, or mend them knowingly, before they come here"
    )
