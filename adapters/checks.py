"""Checks of arrays that come from outside, and parameters as an array among those that are saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BundleError, NonFiniteError


def params_to_array(params: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Parameters as UTF-8 bytes of JSON."""
    return np.frombuffer(json.dumps(params).encode(), dtype=np.uint8)


def params_of(arrays: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """The parameters in the array ``params``, see `params_to_array`."""
    return json.loads(np.asarray(arrays["params"]).tobytes())


def require_arrays(what: str, arrays: Mapping[str, ArrayLike], needed: Iterable[str]) -> None:
    """Raise BundleError if some of the needed arrays are missing, listing those there are."""
    missing = sorted(set(needed) - set(arrays))
    if missing:
        raise BundleError(f"{what} lacks the arrays {', '.join(missing)}; there are: {', '.join(arrays)}")


def require_finite(name: str, array: NDArray, *, row: str = "sample", column: str, first_column: int = 0) -> None:
    """Raise NonFiniteError, naming the first position, if an array (n_rows, n_columns) holds NaN or infinity.

    `row` and `column` say what these are, e.g. ``"feature"``; `first_column` is the number of the first one where
    `array` is a block out of a wider one.

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
