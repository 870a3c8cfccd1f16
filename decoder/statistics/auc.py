"""How well scores put trials of two classes in order: the area under the ROC curve (AUC), and its differences.

Where one of two classes is rare, guessing the other is right most of the time, and accuracy says little. The AUC is
the probability that a trial of the second class leans more to it than a trial of the first does; ties count half.
Everywhere ``scores`` is (n_trials, 2), and both classes have to occur in ``truth``; chance is 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .difference import Difference
from .intervals import drawn_mean, drawn_runs, percentile_interval
from .measures import Measure, checked_scores, pairwise
from .permutation import at_least, p_of_count

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
    leaning, second = _leaning(scores, truth)
    return float(_by_ranks(_ranks(leaning), second[None])[0])


def auc_measure(repeats: Sequence[ArrayLike], truth: ArrayLike, runs: ArrayLike, shuffled: NDArray) -> Measure:
    """Put the AUC together with its interval over runs and its permutation p.

    Repetitions are averaged; for the interval they are drawn as well. Runs (n_trials,) are drawn whole; pairs of trials
    of different runs count, too. `shuffled` (n_permutations, n_trials) are exchanged classes.
    """
    leanings = [_leaning(scores, truth) for scores in repeats]
    second = leanings[0][1]
    # The AUC is linear in the ranks, so that the mean of ranks gives the mean of AUCs.
    ranks = np.mean([_ranks(leaning) for leaning, _ in leanings], axis=0)
    value = float(_by_ranks(ranks, second[None])[0])
    n_at_least = sum(at_least(value, _by_ranks(ranks, block == 1)) for block in _blocks(shuffled))
    drawn = drawn_mean(_over_runs(leanings, runs), np.random.default_rng(1))
    low, high = percentile_interval(drawn[~np.isnan(drawn)])
    return Measure(value, 0.5, low, high, float(p_of_count(n_at_least, len(shuffled))))


def auc_difference(scores: ArrayLike, other: ArrayLike, truth: ArrayLike, runs: ArrayLike) -> Difference:
    """AUC of `scores` minus that of `other` on the same trials; for the interval, the same runs are drawn for both."""
    ours, theirs = _over_runs([_leaning(one, truth) for one in (scores, other)], runs)
    drawn = ours - theirs
    return Difference(auc(scores, truth) - auc(other, truth), *percentile_interval(drawn[~np.isnan(drawn)]))


def choice_score(scores: ArrayLike, truth: ArrayLike, groups: ArrayLike | None = None) -> float:
    """The score for choices: the AUC where two classes occur, else pairwise accuracy (within groups).

    Examples
    --------
    >>> choice_score([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]], [0, 1, 2])
    0.6666666666666666
    """
    scores, truth = checked_scores(scores, truth)
    if has_auc(truth, scores.shape[1]):
        return auc(scores, truth)
    return float(np.nanmean(pairwise(scores, truth, groups)))


def has_auc(truth: NDArray[np.intp], n_classes: int) -> bool:
    """Whether there are two classes, and trials of both."""
    return n_classes == 2 and len(np.unique(truth)) == 2


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


def _by_ranks(ranks: NDArray[np.float64], second: NDArray[np.bool_]) -> NDArray[np.float64]:
    """AUC for each row (n_orders, n_trials) that says which trials are of the second class (Mann & Whitney)."""
    n_second = second.sum(axis=1)
    above = second @ ranks - n_second * (n_second + 1) / 2
    return above / (n_second * (second.shape[1] - n_second))


def _over_runs(leanings: Sequence[tuple[NDArray, NDArray]], runs: ArrayLike) -> NDArray[np.float64]:
    """AUCs (n_scores, n_draws) of several scores for the same draws of whole runs; NaN where a class was not drawn.

    The AUC of a draw is that of all its trials. With U[i, j] the pairs won by trials of run i against those of run j,
    and w how often each run was drawn, it is w' U w divided by the number of pairs.
    """
    codes = np.unique(np.asarray(runs), return_inverse=True)[1]
    n_runs = int(codes.max()) + 1
    second = leanings[0][1]
    n_second, n_first = (np.bincount(codes[which], minlength=n_runs).astype(np.float64) for which in (second, ~second))
    won = [_pairs_won(leaning, second, codes, n_runs) for leaning, _ in leanings]
    areas = []
    for block in _blocks(drawn_runs(n_runs, np.random.default_rng(0))):
        weight = np.zeros(block.shape)
        np.add.at(weight, (np.arange(len(block))[:, None], block), 1.0)
        n_pairs = (weight @ n_second) * (weight @ n_first)
        n_pairs[n_pairs == 0] = np.nan
        areas.append([((weight @ pairs) * weight).sum(axis=1) / n_pairs for pairs in won])
    return np.concatenate(areas, axis=1)


def _pairs_won(leaning: NDArray, second: NDArray[np.bool_], codes: NDArray, n_runs: int) -> NDArray[np.float64]:
    """For each two runs, how many pairs the second class's trials of one win against the first class's of the other."""
    won = np.zeros((n_runs, n_runs))
    for run in range(n_runs):
        rivals = np.sort(leaning[~second & (codes == run)])
        beaten = [np.searchsorted(rivals, leaning[second], side=side) for side in ("left", "right")]
        won[:, run] = np.bincount(codes[second], weights=(beaten[0] + beaten[1]) / 2, minlength=n_runs)
    return won


def _blocks(rows: NDArray) -> list[NDArray]:
    return [rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)]
