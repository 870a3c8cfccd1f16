"""How good decisions are: each measure once, with its chance level, its interval and its permutation test.

Everywhere ``scores`` is (n_trials, n_classes), larger is better, and ``truth`` (n_trials,) holds the index of the
right class.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError
from .chance import Chance, rows_of
from .intervals import Counts, interval_over
from .permutation import permutation_p

MEASURES = {
    "free": "free answer",
    "candidate": "among the candidates",
    "auc": "AUC",
    "pairwise": "pairwise",
    "against all": "against any other",
}
"""The name of each measure in figures and tables, in this order."""

IN_SENTENCES = {
    "free": "accuracy of free answers",
    "candidate": "accuracy among the candidates",
    "auc": "area under the ROC curve",
    "pairwise": "pairwise accuracy",
    "against all": "accuracy against any other",
}


@dataclass(frozen=True)
class Measure:
    """A value with what is needed to believe it.

    `chance` is the value of the best constant guess, for the reason given; `low` and `high` are the 95 % interval over
    runs, NaN where there are too few; `p_value` is from permutations of the true classes within runs, against chance.
    """

    value: float
    chance: float
    low: float
    high: float
    p_value: float
    chance_reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    by_class: NDArray, truth: NDArray, runs: ArrayLike, shuffled: NDArray, *, chance: Chance, counts: Counts
) -> Measure:
    """Put a value together with its interval over runs and its permutation p.

    `by_class` (n_trials, n_classes) or (n_repeats, n_trials, n_classes) is what each trial would count if each class
    were the true one; repetitions are averaged. `shuffled` (n_permutations, n_trials) are true classes exchanged by
    `hotwire.decoder.statistics.permutation.exchanges`.
    """
    repeats = by_class.reshape(-1, *by_class.shape[-2:])
    counted = repeats[:, np.arange(len(truth)), truth]
    p_value = permutation_p(repeats.mean(axis=0), truth, shuffled, counts, chance.value)
    low, high = interval_over(counted, runs, chance=chance.value, counts=counts)
    return Measure(float(counted.mean()), chance.value, low, high, p_value, chance.reason)


def counts_of(measure: str, truth: NDArray[np.intp]) -> Counts:
    """What a measure counts of each trial; pairs of two classes are decisions."""
    decides = measure in ("free", "candidate") or (measure == "pairwise" and len(np.unique(truth)) == 2)
    return "decisions" if decides else "comparisons"


def hits(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """For every trial, whether the right class scores highest; a tie of k classes counts 1/k.

    Examples
    --------
    >>> hits([[0.1, 0.9], [0.5, 0.5]], [1, 0])
    array([1. , 0.5])
    """
    scores, truth = checked_scores(scores, truth)
    return hit_table(scores)[np.arange(len(truth)), truth]


def hit_table(scores: NDArray) -> NDArray[np.float64]:
    """The result of `hits` if each class were the true one, (n_trials, n_classes)."""
    best = scores == scores.max(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)


def pairwise(scores: ArrayLike, truth: ArrayLike, groups: ArrayLike | None = None) -> NDArray[np.float64]:
    """For every trial, how often its true class wins against that of another trial, see `pairwise_table`.

    Examples
    --------
    >>> pairwise([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]], [0, 1, 2])
    array([1., 0., 1.])
    """
    scores, truth = checked_scores(scores, truth)
    return pairwise_table(scores, truth, groups)[np.arange(len(truth)), truth]


def pairwise_table(scores: ArrayLike, truth: ArrayLike, groups: ArrayLike | None = None) -> NDArray[np.float64]:
    """For every trial and every possible true class, the share of the other trials' classes that it wins against.

    A trial with true class c is compared with every trial of another true class d: c wins where its score in this trial
    is higher; ties count half. So each class counts by its frequency in `truth`. With groups (n_trials,), only trials
    of the same group are compared. The result is (n_trials, n_classes): NaN for classes that no trial (of the group)
    has, and where all have the same.

    References
    ----------
    Mitchell et al. (2008), Predicting human brain activity associated with the meanings of nouns. Science 320,
    1191-1195, for two classes at a time.
    """
    scores, truth = checked_scores(scores, truth)
    table = np.full(scores.shape, np.nan)
    if groups is not None:
        for rows in rows_of(groups):
            table[rows] = pairwise_table(scores[rows], truth[rows])
        return table
    count = np.bincount(truth, minlength=scores.shape[1]).astype(np.float64)
    rivals = len(truth) - count
    for c in np.flatnonzero((count > 0) & (rivals > 0)):
        beaten = (scores[:, [c]] > scores) + 0.5 * (scores[:, [c]] == scores)
        beaten[:, c] = 0.0
        table[:, c] = beaten @ count / rivals[c]
    return table


def checked_scores(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray, NDArray[np.intp]]:
    """Both as arrays; raise where their shapes do not agree."""
    scores, truth = np.asarray(scores), np.asarray(truth, dtype=np.intp)
    if scores.ndim != 2 or truth.shape != scores.shape[:1]:
        raise ShapeError(f"scores: expected (n_trials, n_classes) for truth {truth.shape}, got {scores.shape}")
    if len(truth) and not (truth.min() >= 0 and truth.max() < scores.shape[1]):
        raise InputError(f"truth: expected indices below {scores.shape[1]}, got {truth.min()} to {truth.max()}")
    return scores, truth
