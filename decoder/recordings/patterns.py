"""Names that a pattern fits."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray


def matches(pattern: str, names: Iterable[str]) -> NDArray[np.bool_]:
    """Which names a pattern such as ``"neuron_1*"`` fits, (n_names,); a name itself fits, whatever it is made of.

    Examples
    --------
    >>> matches("unit[1]", ["unit[1]", "unit1"]).tolist()
    [True, True]
    """
    return np.array([name == pattern or fnmatchcase(name, pattern) for name in names], bool)
