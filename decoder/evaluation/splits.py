"""How trials are split: each fold holds out whole runs, sessions or classes, or a study fixes what is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..run_splits import RunFolds, split_runs

Folds = RunFolds | Mapping[str, Any]
"""What folds hold out: see `RunFolds`; or whole classes, ``{"classes": 10}``; or, once, runs, ``{"test": [7, 8]}``."""


@dataclass(frozen=True)
class HeldOut:
    """What a fold neither fits nor chooses on: runs, or trials of some classes.

    Trials of held-out classes are not trained on in any run; those in the held-out runs are tested.
    """

    runs: tuple[Any, ...]
    classes: tuple[int, ...] | None = None

    @property
    def by_class(self) -> bool:
        return self.classes is not None

    def tests(self, run: NDArray, truth: NDArray[np.intp] | None) -> NDArray[np.bool_]:
        """Which trials are tested, given the run of each and, where whole classes are held out, its class."""
        return self.in_runs(run) if self.classes is None else self.in_runs(run) & self.of_classes(truth)

    def trains(self, run: NDArray, truth: NDArray[np.intp] | None) -> NDArray[np.bool_]:
        """Which trials may be used to fit and choose."""
        return ~self.in_runs(run) if self.classes is None else ~self.in_runs(run) & ~self.of_classes(truth)

    def in_runs(self, run: NDArray) -> NDArray[np.bool_]:
        """Which entries are in the held-out runs."""
        return np.isin(run, self.runs) if self.runs else np.zeros(len(run), bool)

    def of_classes(self, truth: NDArray[np.intp] | None) -> NDArray[np.bool_]:
        """Which trials are of held-out classes."""
        assert truth is not None
        assert self.classes is not None
        return np.isin(truth, self.classes)


def by_class(folds: Folds) -> bool:
    """Whether folds hold out whole classes."""
    return isinstance(folds, Mapping) and "classes" in folds


def check_folds(folds: Folds) -> None:
    """Raise InputError where folds are none of `Folds`.

    Examples
    --------
    >>> check_folds({"classes": 10})
    """
    good = folds in ("run", "session") or (isinstance(folds, int) and not isinstance(folds, bool) and folds >= 2)
    if isinstance(folds, Mapping) and set(folds) == {"classes"}:
        n = folds["classes"]
        good = isinstance(n, int) and not isinstance(n, bool) and n >= 2
    elif isinstance(folds, Mapping) and set(folds) == {"test"}:
        runs = folds["test"]
        good = isinstance(runs, list | tuple) and bool(runs) and all(isinstance(run, str | int) for run in runs)
    if not good:
        raise InputError(
            "folds: expected 'run', 'session', a number of at least 2, { classes = NUMBER } with a number of at least "
            f"2, or the names of the tested runs {{ test = [7, 8] }}, got {folds!r}"
        )


CUT = 'cut the runs, such as by cut = { n_runs = 8 } in [recording], and hold out whole ones by folds = "session"'
"""What to do where a fold trains on a single run."""


def inner_splits(runs: Sequence[Any], held_out: Sequence[Any], n_folds: int, what: str) -> list[list[Any]]:
    """Which training runs to hold out in each inner fold, of at most `n_folds`.

    An InputError, which begins with `what`, where a fold trains on a single run.
    """
    training = [run for run in runs if run not in set(held_out)]
    if len(training) < 2:
        raise InputError(
            f"{what}: expected at least two training runs in every fold, as settings are chosen by holding one of them "
            f"out, got {', '.join(map(repr, training)) or 'none'}; take more runs, hold out fewer in each fold, or "
            f"{CUT}"
        )
    return split_runs(training, min(n_folds, len(training)))


def split_classes(run: NDArray, truth: NDArray[np.intp], n_folds: int, *, seed: int = 0) -> list[HeldOut]:
    """What to hold out in each fold where whole classes are held out together.

    A tested class has no trial in the training, and a tested run has none either. Where every run is within one fold's
    classes, such as runs of a single trial, there are `n_folds` folds; else each fold's classes are tested run by run.

    `run` and `truth` (n_trials,) give each trial's run and class. Classes are put into folds at random, at least two in
    each: a single one has none to be distinguished from.

    Examples
    --------
    >>> [fold.classes for fold in split_classes(np.arange(6), np.array([0, 0, 1, 1, 2, 3]), 2)]
    [(0, 2), (1, 3)]
    >>> len(split_classes(np.array([1, 1, 1, 1, 2, 2, 2, 2]), np.array([0, 1, 2, 3, 0, 1, 2, 3]), 2))
    4
    """
    classes = np.unique(truth).tolist()
    if len(classes) < 4:
        raise InputError(
            "folds: expected four classes or more to hold out whole ones, two in each of two folds, got "
            f'{len(classes)}; take folds = "run"'
        )
    if not 2 <= n_folds <= len(classes) // 2:
        raise InputError(
            f"folds: expected 2 to {len(classes) // 2} folds for {len(classes)} classes, at least two classes in each, "
            f"got {n_folds}"
        )
    order = np.random.default_rng(seed).permutation(classes)
    parts = [tuple(sorted(part.tolist())) for part in np.array_split(order, n_folds)]
    runs_of = [np.unique(run[np.isin(truth, part)]).tolist() for part in parts]
    runs = np.unique(run).tolist()
    if sum(map(len, runs_of)) == len(runs):
        return [HeldOut(tuple(of), part) for of, part in zip(runs_of, parts, strict=True)]
    if len(runs) < 2:
        raise InputError(
            f"folds: expected at least two runs to hold out classes run by run, got the run {runs[0]!r} alone"
        )
    return [HeldOut((one,), part) for part, of in zip(parts, runs_of, strict=True) for one in of]


def class_group(truth: NDArray[np.intp], splits: Sequence[HeldOut]) -> NDArray[np.intp]:
    """For each trial, the number of the set of classes that its class is held out with."""
    sets = list(dict.fromkeys(one.classes or () for one in splits))
    number = {of: i for i, classes in enumerate(sets) for of in classes}
    return np.array([number[of] for of in truth.tolist()], np.intp)


def splits_of(
    runs: Sequence[Any], run: NDArray, truth: NDArray[np.intp], folds: Folds, *, seed: int
) -> tuple[list[HeldOut], NDArray[np.intp] | None]:
    """What each fold holds out and, where it is whole classes, the number of each trial's set of classes.

    `runs` are all runs; `run` and `truth` are each trial's run and class.
    """
    if not isinstance(folds, Mapping):
        return [HeldOut(tuple(part)) for part in split_runs(runs, folds, seed=seed)], None
    if "test" in folds:
        return [HeldOut(_tested_runs(runs, folds["test"]))], None
    splits = split_classes(run, truth, folds["classes"], seed=seed)
    return splits, class_group(truth, splits)


def _tested_runs(runs: Sequence[Any], names: Sequence[Any]) -> tuple[Any, ...]:
    """The runs of these names, as texts or numbers, in the order of the recording."""
    wanted, known = {str(name) for name in names}, [str(run) for run in runs]
    for name in names:
        if str(name) not in known:
            raise UnknownNameError("run in folds.test", name, known)
    if len(wanted) == len(known):
        raise InputError(f"folds.test: expected a run to be left to fit on, got all {len(known)} of them")
    return tuple(run for run in runs if str(run) in wanted)
