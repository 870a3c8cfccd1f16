"""Strengths of ridge: given ones, and default ones for features in any unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ..unit_blocks import Floats

WEAKEST, STRONGEST = 3e-7, 10.0
"""The range of default strengths, as parts of the features' largest squared singular value.

A strength adds to each squared singular value. Below this range ridge is least squares. Above it, all directions shrink
equally, and only the size of predictions changes.
"""

PER_DECADE = 2
MOST_DEFAULTS = 16


def default_alphas(largest_square: float) -> Floats:
    """The default strengths, ascending: half powers of ten, on the scale of the features.

    `largest_square` is the features' largest squared singular value, 0 if they are constant. Features in another unit
    (by a power of ten) get equivalent strengths.

    >>> default_alphas(1e6)[:3]
    array([0.31622777, 1.        , 3.16227766])
    >>> default_alphas(1e-20)[:3]
    array([3.16227766e-27, 1.00000000e-26, 3.16227766e-26])
    """
    size = largest_square or 1.0
    # A strength next to a border, to rounding, is inside: features in another unit must not lose it.
    low, high = (PER_DECADE * np.log10(size * part) for part in (WEAKEST, STRONGEST))
    return 10.0 ** (np.arange(np.ceil(low - 1e-6), np.floor(high + 1e-6) + 1) / PER_DECADE)


def checked_alphas(alphas: object, name: str = "alphas") -> Floats | None:
    """Strengths as an array in the given order, or None; InputError unless all are finite and above 0.

    >>> checked_alphas(3)
    array([3.])
    """
    if alphas is None:
        return None
    try:
        values = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    except (TypeError, ValueError):  # text, or a ragged list
        values = np.empty(0)
    if values.ndim != 1 or not values.size or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(
            f"{name}={alphas!r}, expected one or more finite numbers above 0, e.g. (1.0, 10.0, 100.0), or None for "
            "strengths on the scale of the features"
        )
    return values


def most_predictable(alpha: Any, largest_square: float) -> Any:
    """The largest part of a target that ridge with this strength can predict on its training samples.

    >>> most_predictable(3.0, 1.0)
    0.25
    """
    return largest_square / (largest_square + alpha)
