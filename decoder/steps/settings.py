"""Checks of settings, whose messages name the setting, the expected values and the given one."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from ...errors import InputError
from ...errors.checks import check_choice as check_choice

OnGap = Literal["bridge", "reset"]
ON_GAP: tuple[OnGap, ...] = ("bridge", "reset")

OFF_GRID = 0.05
"""How far, in samples, a length may be from a whole number of them before a warning says so."""


def check_number(name: str, value: object, least: float = 0.0, *, may_be_least: bool, optional: bool = False) -> None:
    """Raise InputError unless the setting is a finite number above (or at) the least, or None where it is optional."""
    if value is None and optional:
        return
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        raise InputError(f"{name}: expected a finite number, got {value!r}")
    if value < least or (value == least and not may_be_least):
        raise InputError(
            f"{name}: expected a number {'of at least' if may_be_least else 'above'} {least}, got {value!r}"
        )


def check_count(name: str, value: object, least: int) -> None:
    """Raise InputError unless the setting is an integer of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}: expected an integer of at least {least}, got {value!r}")


def check_on_gap(value: object) -> None:
    """Raise InputError unless the setting is one of the policies for gaps."""
    check_choice("on_gap", value, ON_GAP)


def check_one_of_two(names: tuple[str, str], first: object, second: object) -> None:
    """Raise InputError unless exactly one of the two settings is given."""
    if (first is None) == (second is None):
        raise InputError(f"{', '.join(names)}: expected exactly one of the two, got {first!r} and {second!r}")


def window_samples(window_s: float, rate_hz: float, name: str = "window_s") -> int:
    """Return a window's length in whole samples, see `taken`; raise InputError where it holds not even one."""
    n = round(window_s * rate_hz)
    if n < 1:
        raise InputError(
            f"{name}: expected at least one sample ({1 / rate_hz:g} s at {rate_hz:g} Hz), got {window_s} s"
        )
    return taken(n, name, window_s, rate_hz)


def taken(n_samples: int, name: str, time_s: float, rate_hz: float) -> int:
    """Return the number of samples that a time is rounded to, after a warning where that is another time.

    Examples
    --------
    >>> taken(2, "lag_s", 5.0, 1 / 2.5)
    2
    """
    if abs(n_samples - time_s * rate_hz) > OFF_GRID:
        warnings.warn(
            f"{name}: {time_s:g} s are {time_s * rate_hz:.4g} samples at {rate_hz:g} Hz; {n_samples} are taken, which "
            f"are {n_samples / rate_hz:.6g} s",
            stacklevel=2,
        )
    return n_samples
