"""How well scores put trials of two classes in order: the area under the ROC curve (AUC), and its differences.

Where one of two classes is rare, guessing the other is right most of the time, and accuracy says little. The AUC is
the probability that a trial of the second class leans more to it than a trial of the first does; ties count half.
Everywhere ``scores`` is (n_trials, 2), and both classes have to occur in ``truth``; chance is 0.5. Scores of different
folds are from different models, and runs drift, so that measures compare trials of one run only; of one fold, where
runs hold one class each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .chance import HALF, rows_of
from .difference import Difference, difference_over
from .intervals import share_interval_over
from .measures import Measure, checked_scores, pairwise
from .permutation import mid_p, widened

AT_ONCE = 1000


def auc(scores: ArrayLike, truth: ArrayLike) -> float:
    """Area under the ROC curve of the difference of the two scores.

    References
    ----------
    Hanley & McNeil (1982), The meaning and use of the area under a receiver operating characteristic (ROC) curve.
    Radiology 143, 29-36.

    Examples
    --------
    >>> auc([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]], [0, 0, 1, 1])
    0.75
    """
    return auc_within(scores, truth, np.zeros(len(np.asarray(truth))))


def auc_measure(repeats: Sequence[ArrayLike], truth: ArrayLike, runs: ArrayLike, shuffled: NDArray) -> Measure:
    """Put the AUC within runs together with its interval over runs and its permutation p; repetitions are averaged.

    `shuffled` (n_permutations, n_trials) are classes exchanged within runs, or parts of them.
    """
    ranks, second, codes = [_ranks_within(scores, truth, runs) for scores in repeats], *_second(truth, runs)
    means, weights, n_trials = _by_run(ranks, second, codes)
    value = float((means @ weights).mean())
    # The AUC is linear in the ranks, so that the mean of ranks gives the mean of AUCs.
    mean_ranks = np.mean(ranks, axis=0)
    permuted = np.concatenate([_within(mean_ranks, block == 1, codes) for block in _blocks(shuffled)])
    low, high = share_interval_over(means, weights, n_trials, chance=HALF.value, counts="comparisons")
    p_value = mid_p(value, widened(permuted, "comparisons"))
    return Measure(value, HALF.value, low, high, p_value, HALF.reason)


def auc_within(scores: ArrayLike, truth: ArrayLike, runs: ArrayLike) -> float:
    """The share of pairs of a run's trials that scores put in order; pairs of different runs do not count.

    Examples
    --------
    >>> auc_within([[0, 1], [0, 2], [0, 8], [0, 9]], [0, 1, 0, 1], [1, 1, 2, 2])
    1.0
    """
    second, codes = _second(truth, runs)
    return float(_within(_ranks_within(scores, truth, runs), second[None], codes)[0])


def auc_difference(scores: ArrayLike, other: ArrayLike, truth: ArrayLike, runs: ArrayLike) -> Difference:
    """AUC of `scores` minus that of `other` on the same trials, run by run."""
    ranks = [_ranks_within(one, truth, runs) for one in (scores, other)]
    second, codes = _second(truth, runs)
    means, weights, n_trials = _by_run(ranks, second, codes)
    return difference_over(means, weights, n_trials, chance=HALF.value, counts="comparisons")


def choice_score(scores: ArrayLike, truth: ArrayLike, fold: ArrayLike, groups: ArrayLike | None = None) -> float:
    """The score for choices: the AUC within folds where two classes occur, else pairwise accuracy (within groups).

    Scores of different folds are of different models. Only where each fold holds one class, they are compared.

    Examples
    --------
    >>> choice_score([[0, 1], [0, 2], [0, 8], [0, 9]], [0, 1, 0, 1], [1, 1, 2, 2])
    1.0
    >>> choice_score([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]], [0, 1, 2], [1, 1, 1])
    0.6666666666666666
    """
    scores, truth = checked_scores(scores, truth)
    if has_auc(truth, scores.shape[1]):
        return auc(scores, truth) if _unmixed(truth, fold) else auc_within(scores, truth, fold)
    return float(np.nanmean(pairwise(scores, truth, groups)))


def has_auc(truth: NDArray[np.intp], n_classes: int) -> bool:
    """Whether there are two classes, and trials of both."""
    return n_classes == 2 and len(np.unique(truth)) == 2


def unit_of_auc(truth: NDArray[np.intp], runs: NDArray, fold: NDArray) -> NDArray | None:
    """Within what trials (n_trials,) are compared: runs, else folds; None where none holds trials of both classes."""
    return next((unit for unit in (runs, fold) if not _unmixed(truth, unit)), None)


def _unmixed(truth: NDArray[np.intp], unit: ArrayLike) -> bool:
    """Whether each run (or fold) holds trials of one class only."""
    return all(len(np.unique(truth[rows])) < 2 for rows in rows_of(unit))


def _leaning(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How far each trial leans to the second class, and whether that is its class."""
    scores, truth = checked_scores(scores, truth)
    if scores.shape[1] != 2 or len(np.unique(truth)) != 2:
        raise InputError(
            f"scores: expected those of two classes that both occur in truth, got {scores.shape[1]} classes of which "
            f"{len(np.unique(truth))} occur"
        )
    return scores[:, 1].astype(np.float64) - scores[:, 0], truth == 1


def _ranks(leaning: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks, counted from 1; equal values share their mean rank."""
    _, inverse, count = np.unique(leaning, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[inverse]


def _second(truth: ArrayLike, runs: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which trials are of the second class, and the number of each trial's run."""
    return np.asarray(truth) == 1, np.unique(np.asarray(runs), return_inverse=True)[1]


def _ranks_within(scores: ArrayLike, truth: ArrayLike, runs: ArrayLike) -> NDArray[np.float64]:
    """Ranks of the trials among those of their run."""
    leaning, _ = _leaning(scores, truth)
    ranks = np.empty(len(leaning))
    for rows in rows_of(runs):
        ranks[rows] = _ranks(leaning[rows])
    return ranks


def _by_run(
    ranks: Sequence[NDArray], second: NDArray[np.bool_], codes: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """AUC (n_scores, n_runs) in each run with trials of both classes, these runs' shares of all pairs, and a number.

    That is how many trials of equally frequent classes compare as precisely: 4 n_1 n_2 / (n_1 + n_2) of a run.
    """
    n_trials = np.bincount(codes).astype(np.float64)
    n_second = np.bincount(codes[second], minlength=len(n_trials))
    n_pairs = n_second * (n_trials - n_second)
    some = n_pairs > 0
    above = np.stack([np.bincount(codes[second], one[second], len(n_pairs)) for one in ranks])
    above -= n_second * (n_second + 1) / 2
    return above[:, some] / n_pairs[some], n_pairs[some] / n_pairs.sum(), float(4 * (n_pairs / n_trials).sum())


def _within(ranks: NDArray[np.float64], second: NDArray[np.bool_], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """AUC within runs for each row (n_orders, n_trials) that says which trials are of the second class."""
    of_run = np.eye(codes.max() + 1)[codes]
    n_second = second @ of_run
    n_pairs = (n_second * (of_run.sum(axis=0) - n_second)).sum(axis=1)
    return (second @ ranks - (n_second * (n_second + 1) / 2).sum(axis=1)) / n_pairs


def _blocks(rows: NDArray) -> list[NDArray]:
    return [rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)]
