"""Lags, in samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError


def checked_lags(lags: Sequence[int]) -> tuple[int, ...]:
    """Lags as plain integers; InputError if they are not distinct integers."""
    values = np.asarray(lags)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iu" or len(np.unique(values)) < values.size:
        raise InputError(f"lags={lags!r}, expected one or more whole numbers of samples, each once, e.g. (0, 1, 2)")
    return tuple(values.tolist())
