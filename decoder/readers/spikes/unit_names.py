"""What units are called, whatever other units there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from ...recordings.events import listed


def unit_name(name: str) -> str:
    """Return the feature's name of a unit: it depends on nothing but the unit's own.

    Examples
    --------
    >>> unit_name("7"), unit_name("unit_7"), unit_name("7a")
    ('unit_7', 'unit_7', '7a')
    """
    return f"unit_{int(name)}" if name.isdecimal() else name


def unit_names(path: Path, of_spike: NDArray[np.str_]) -> dict[str, str]:
    """Return the feature's name of each unit in a file, numbers first; RecordingError where two would have one."""
    names = {one: unit_name(one) for one in np.unique(of_spike).tolist()}
    first: dict[str, str] = {}
    for one, name in names.items():
        if first.setdefault(name, one) != one:
            raise RecordingError(
                f"{path}: the units {first[name]!r} and {one!r} would both be the feature {name!r}; rename one"
            )
    return dict(sorted(names.items(), key=lambda pair: (0, int(pair[0])) if pair[0].isdecimal() else (1, 0)))


def wanted_units(names: Mapping[str, str], units: Sequence[str | int]) -> list[str]:
    """Return the features' names of some units; InputError for words where a file's units are all numbers."""
    if not units:
        raise InputError("units: expected some units to keep, got none")
    wrong = [one for one in units if not str(one).isdecimal()]
    if wrong and all(one.isdecimal() for one in names):
        raise InputError(f"units: expected whole numbers, as the units of the table are, got {listed(wrong)}")
    return [unit_name(str(one)) for one in units]
