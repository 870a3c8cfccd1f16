"""Chance levels: what a guess that ignores the trial reaches at most.

Everywhere ``truth`` (n_trials,) holds the index of each trial's class.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNEQUAL = 0.6
"""From this share of one of two classes on, the AUC sums decisions up."""


def constant_guess(truth: NDArray, n_classes: int, groups: ArrayLike | None = None) -> float:
    """The most that always naming the same class, or guessing evenly, reaches.

    Groups of trials may each have their own guess: where whole classes are held out, a fold's training reveals which
    are missing.
    """
    if groups is not None:
        return sum(len(rows) * constant_guess(truth[rows], n_classes) for rows in rows_of(groups)) / len(truth)
    return float(max(np.bincount(truth).max() / len(truth), 1 / n_classes))


def is_unequal(truth: NDArray, n_classes: int) -> bool:
    """Whether one of two classes is so frequent that accuracy says little, and the AUC is the measure to look at."""
    return n_classes == 2 and constant_guess(truth, 2) >= UNEQUAL


def pairwise_chance(
    truth: NDArray, n_classes: int, groups: ArrayLike | None = None, *, against: Literal["group", "all"] = "group"
) -> float:
    """The most that the same scores in every trial reach in `pairwise`; one half for equal numbers of each class.

    With unequal numbers the best scores follow the frequency: the frequent class wins each pair, and its trials weigh
    more. Groups of trials, if given, each have their own scores, and no class occurs in two of them. A trial is
    compared with those of its own group, or with all: then the best scores put all classes of the group first.

    Examples
    --------
    >>> pairwise_chance(np.array([0, 0, 1, 1, 2, 2]), 3), pairwise_chance(np.array([0, 0, 0, 1]), 2)
    (0.5, 0.75)
    >>> pairwise_chance(np.array([0, 0, 1, 1, 2, 2]), 3, [0, 0, 0, 0, 1, 1], against="all")
    0.8333333333333334
    """
    won = 0.0
    for rows in rows_of(np.zeros(len(truth)) if groups is None else groups):
        count = np.sort(np.bincount(truth[rows], minlength=n_classes)).astype(np.float64)
        n_others = len(truth) - len(rows) if against == "all" else 0
        # Each class beats all rarer ones, and all trials of other groups.
        beaten = np.concatenate([[0.0], np.cumsum(count)[:-1]]) + n_others
        rivals = len(rows) + n_others - count
        won += float(np.divide(count * beaten, rivals, out=np.zeros(len(count)), where=rivals > 0).sum())
    return won / len(truth)


def rows_of(groups: ArrayLike) -> list[NDArray[np.intp]]:
    """The positions of each group's trials."""
    groups = np.asarray(groups)
    return [np.flatnonzero(groups == group) for group in np.unique(groups)]
