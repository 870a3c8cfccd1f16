"""Whole runs, put into folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import InputError


def split_runs(runs: Sequence[Any], folds: Literal["run"] | int, *, seed: int = 0) -> list[list[Any]]:
    """Which runs to hold out in each fold.

    Examples
    --------
    >>> split_runs([1, 2, 3], "run")
    [[1], [2], [3]]
    >>> [len(fold) for fold in split_runs(range(10), 4)]
    [3, 3, 2, 2]
    """
    n_folds = len(runs) if folds == "run" else folds
    if isinstance(n_folds, bool) or not isinstance(n_folds, int):
        whole = "; only an evaluation holds out whole classes" if isinstance(folds, Mapping) else ""
        raise InputError(f"folds: expected 'run' or a number, got {folds!r}{whole}")
    if len(runs) < 2:
        raise InputError(
            f"folds: expected two runs or more, as a run is never split between training and test, got {len(runs)}; a "
            "long recording with pauses can be cut into runs, such as by cut = { pause_s = 10.0 }"
        )
    if not 2 <= n_folds <= len(runs):
        raise InputError(
            f"folds: expected 2 to {len(runs)}, the number of runs, got {n_folds}; a run is never split between "
            "training and test"
        )
    if folds == "run":
        return [[run] for run in runs]
    order = np.random.default_rng(seed).permutation(len(runs))
    return [[runs[i] for i in sorted(part)] for part in np.array_split(order, n_folds)]
