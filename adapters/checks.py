"""Checks of parameters and input arrays, the named policies of several estimators, and parameters as a saved array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BundleError, InputError, NonFiniteError, UnknownNameError

Policies = Mapping[str, Sequence[str]]

ALPHA_PER = {"alpha_per": ("all", "unit")}
CHOOSE_BY = {"choose_by": ("error", "direction")}
GAIN = {"gain": ("none", "total", "unit")}
"""No gain; one factor that restores the variance summed over units; a factor for each unit."""
SCALE = {"scale": ("none", "unit_variance")}


def require_policies(estimator: object, *policies: Policies) -> None:
    """Raise UnknownNameError if a parameter of the estimator is not one of its policies."""
    for of_names in policies:
        for name, known in of_names.items():
            if getattr(estimator, name) not in known:
                raise UnknownNameError(name, getattr(estimator, name), known)


def checked_lags(lags: Sequence[int]) -> tuple[int, ...]:
    """Lags as plain integers; InputError if they are not distinct integers."""
    values = np.asarray(lags)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iu" or len(np.unique(values)) < values.size:
        raise InputError(f"lags={lags!r}, expected one or more whole numbers of samples, each once, e.g. (0, 1, 2)")
    return tuple(values.tolist())


def params_to_array(params: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Parameters as UTF-8 bytes of JSON."""
    return np.frombuffer(json.dumps(params).encode(), dtype=np.uint8)


def params_of(arrays: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """The parameters in the array ``params``, see `params_to_array`."""
    return json.loads(np.asarray(arrays["params"]).tobytes())


def require_arrays(what: str, arrays: Mapping[str, ArrayLike], needed: Iterable[str]) -> None:
    """Raise BundleError if a needed array is missing; the message lists the existing ones."""
    missing = sorted(set(needed) - set(arrays))
    if missing:
        raise BundleError(f"{what} lacks the arrays {', '.join(missing)}; there are: {', '.join(arrays)}")


def require_finite(name: str, array: NDArray, *, row: str = "sample", column: str, first_column: int = 0) -> None:
    """Raise NonFiniteError, with the first position, if an array (n_rows, n_columns) has NaN or infinity.

    `row` and `column` are the words for the message. `first_column` is the number of the first column, if `array` is a
    block of a wider one.

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
