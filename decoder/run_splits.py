"""Whole runs, put into folds, and the sessions that runs belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import InputError
from .recordings.events import listed

RunFolds = Literal["run", "session"] | int
"""What folds hold out: one run each, one session each, or whole runs in this many folds."""
PART = re.compile(r" part \d+$")


def session_of(run: Any) -> str:
    """The session of a run, which its name says: ``"SESSION RUN"``, or ``"RUN part 1"`` of a run that was cut.

    Examples
    --------
    >>> [session_of(run) for run in ("early 1", "early 2", "1 part 1", "late 3 part 2")]
    ['early', 'early', '1', 'late']
    """
    whole = PART.sub("", str(run))
    session = whole.rpartition(" ")[0] or (whole if whole != str(run) else "")
    if not session:
        raise InputError(
            f'folds: expected runs that name their session, such as "early 1", got {run!r}: a study of kind "bids" '
            'names them so with session = "all", and runs that were cut are named "1 part 1"; take folds = "run"'
        )
    return session


def split_runs(runs: Sequence[Any], folds: RunFolds, *, seed: int = 0) -> list[list[Any]]:
    """Which runs to hold out in each fold.

    Examples
    --------
    >>> split_runs([1, 2, 3], "run")
    [[1], [2], [3]]
    >>> [len(fold) for fold in split_runs(range(10), 4)]
    [3, 3, 2, 2]
    >>> split_runs(["early 1", "early 2", "late 1"], "session")
    [['early 1', 'early 2'], ['late 1']]
    """
    if folds == "session":
        sessions = [session_of(run) for run in runs]
        names = list(dict.fromkeys(sessions))
        if len(names) < 2:
            raise InputError(f'folds: expected two sessions or more, got {listed(names)}; take folds = "run"')
        return [[run for run, of in zip(runs, sessions, strict=True) if of == name] for name in names]
    n_folds = len(runs) if folds == "run" else folds
    if isinstance(n_folds, bool) or not isinstance(n_folds, int):
        alone = "; only an evaluation takes a table" if isinstance(folds, Mapping) else ""
        raise InputError(f"folds: expected 'run', 'session' or a number, got {folds!r}{alone}")
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
