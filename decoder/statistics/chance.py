"""Chance levels: what a guess that ignores the trial reaches at most; one definition for each measure, with its reason.

Everywhere ``truth`` (n_trials,) holds the index of each trial's class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNEQUAL = 0.6
"""From this share of one of two classes on, the AUC sums decisions up."""
TIMES_EVEN = 2.0
"""Among more classes, pairs do from this multiple of an even share on."""


class Chance(NamedTuple):
    """A chance level, and why it is that."""

    value: float
    reason: str


HALF = Chance(0.5, "scores that ignore the trial put half of the pairs in order")
"""Of the AUC."""


def chance_of(measure: str, truth: NDArray, n_classes: int, groups: ArrayLike | None = None) -> Chance:
    """The chance level of a measure on trials of these classes; `groups` as below, where whole classes are held out.

    Examples
    --------
    >>> chance_of("candidate", np.array([0, 0, 0, 1]), 2)
    Chance(value=0.75, reason='always naming the most frequent class')
    >>> chance_of("pairwise", np.array([0, 0, 1, 1]), 2)
    Chance(value=0.5, reason='classes are equally frequent')
    """
    if measure == "auc":
        return HALF
    if measure in ("pairwise", "against all"):
        value = pairwise_chance(truth, n_classes, groups, against="all" if measure == "against all" else "group")
        unequal = "always preferring the more frequent class of a pair"
    else:
        value, unequal = constant_guess(truth, n_classes, groups), "always naming the most frequent class"
    if groups is not None and measure != "pairwise":
        return Chance(value, "the best constant guess of each fold, which knows the classes missing in its training")
    count = np.bincount(truth)
    count = count[count > 0]
    even = count.min() == count.max() and (len(count) == n_classes or measure == "pairwise")
    return Chance(value, "classes are equally frequent" if even else unequal)


def mean_chance(levels: Sequence[Chance], weights: Sequence[float] | None = None) -> Chance:
    """The mean of several chance levels, with all their reasons."""
    value = float(np.average([one.value for one in levels], weights=weights))
    return Chance(value, "; ".join(dict.fromkeys(one.reason for one in levels)))


def constant_guess(truth: NDArray, n_classes: int, groups: ArrayLike | None = None) -> float:
    """The most that always naming the same class, or guessing evenly, reaches.

    Groups of trials may each have their own guess: where whole classes are held out, a fold's training reveals which
    are missing.
    """
    if groups is not None:
        return sum(len(rows) * constant_guess(truth[rows], n_classes) for rows in rows_of(groups)) / len(truth)
    return float(max(np.bincount(truth).max() / len(truth), 1 / n_classes))


def is_unequal(truth: NDArray, n_classes: int) -> bool:
    """Whether one class is so frequent that accuracy says little: always naming it is hard to beat.

    Of two classes the AUC then is the measure to look at, of more the pairs.

    Examples
    --------
    >>> is_unequal(np.array([0, 0, 0, 1]), 2), is_unequal(np.array([0, 0, 1, 2, 3]), 4), is_unequal(np.arange(4), 4)
    (True, False, False)
    """
    return constant_guess(truth, n_classes) >= (UNEQUAL if n_classes == 2 else TIMES_EVEN / n_classes)


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
