"""How good decisions are: each measure once, with its chance level, its interval and its permutation test.

See also `identification`, `correlations` and `ceilings` in this folder.

Everywhere ``scores`` is (n_trials, n_answers), larger is better, and ``truth`` (n_trials,) holds the index of the
right answer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError

N_PERMUTATIONS = 10_000
N_RESAMPLES = 10_000


@dataclass(frozen=True)
class Measure:
    """A figure with all that it takes to believe it.

    Attributes
    ----------
    value : float
    chance : float
        What the best constant guess reaches.
    low, high : float
        95 % interval over runs.
    p_value : float
        From permutations of the true answers within runs.
    """

    value: float
    chance: float
    low: float
    high: float
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def hits(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """For every trial, whether the right answer scores highest; a tie of k answers counts 1/k.

    Examples
    --------
    >>> hits([[0.1, 0.9], [0.5, 0.5]], [1, 0])
    array([1. , 0.5])
    """
    scores, truth = checked_scores(scores, truth)
    return hit_table(scores)[np.arange(len(truth)), truth]


def pairwise_table(scores: ArrayLike, answers: ArrayLike, groups: ArrayLike | None = None) -> NDArray[np.float64]:
    """For every trial and every answer that could be the true one, the share of the other trials' answers it beats.

    A trial with true answer c is compared with every trial whose true answer is another, d: c beats d where its score
    in this trial is higher; ties count half.

    Parameters
    ----------
    scores : (n_trials, n_answers) array
    answers : (n_trials,) array of int
        The true answers: how often each occurs, that is how heavily it weighs as a rival.
    groups : (n_trials,) array, optional
        Only trials of the same group are compared, so that of another group's answers none counts.

    Returns
    -------
    (n_trials, n_answers) array
        NaN for answers that no trial (of the group) has, and where all have the same.

    References
    ----------
    Mitchell et al. (2008), Predicting human brain activity associated with the meanings of nouns. Science 320,
    1191-1195, for two answers at a time.
    """
    scores, answers = checked_scores(scores, answers)
    n_trials, n_answers = scores.shape
    if groups is not None:
        found = np.empty((n_trials, n_answers))
        for rows in _rows_of(groups):
            found[rows] = pairwise_table(scores[rows], answers[rows])
        return found
    count = np.bincount(answers, minlength=n_answers).astype(np.float64)
    table = np.full((n_trials, n_answers), np.nan)
    rivals = len(answers) - count
    for c in np.flatnonzero((count > 0) & (rivals > 0)):
        beaten = (scores[:, [c]] > scores) + 0.5 * (scores[:, [c]] == scores)
        beaten[:, c] = 0.0
        table[:, c] = beaten @ count / rivals[c]
    return table


def pairwise(scores: ArrayLike, truth: ArrayLike, groups: ArrayLike | None = None) -> NDArray[np.float64]:
    """For every trial, how often its true answer beats that of another trial, see `pairwise_table`.

    Examples
    --------
    >>> pairwise([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]], [0, 1, 2])
    array([1., 0., 1.])
    """
    scores, truth = checked_scores(scores, truth)
    return pairwise_table(scores, truth, groups)[np.arange(len(truth)), truth]


def exchanges(
    groups: ArrayLike, events: ArrayLike, n_permutations: int = N_PERMUTATIONS, *, seed: int = 0
) -> NDArray[np.intp]:
    """Orders in which whole events change places within their group, all of them equally likely.

    Parameters
    ----------
    groups : (n_trials,) array
        Runs, say.
    events : (n_trials,) array
        Trials of one event share samples and stay together.
    n_permutations, seed : int

    Returns
    -------
    (n_permutations, n_trials) array
        For each trial a trial of the event whose place it takes: ``truth[orders]`` are exchanged answers.

    Examples
    --------
    >>> np.array(["cat", "cat", "dog", "dog"])[exchanges([1, 1, 1, 1], [0, 0, 1, 1], 1, seed=2)]
    array([['cat', 'cat', 'dog', 'dog']], dtype='<U3')
    """
    _, first, event = np.unique(np.asarray(events), return_index=True, return_inverse=True)
    codes = np.unique(np.asarray(groups), return_inverse=True)[1][first]
    # Sorted by (group, random number in [0, 1)), every group's places are filled with its own events.
    keys = np.random.default_rng(seed).random((n_permutations, len(first))) + codes
    order = np.empty(keys.shape, np.intp)
    order[:, np.argsort(codes, kind="stable")] = np.argsort(keys, axis=1)
    return first[order[:, event]]


def permutation_p(by_answer: NDArray, truth: NDArray, shuffled: NDArray) -> float:
    """How often shuffled true answers do at least as well.

    The true answers of whole events are exchanged within runs, the decisions stay: under the null hypothesis that
    decisions know nothing of what was shown when in a run, all these orders are equally likely.

    Parameters
    ----------
    by_answer : (n_trials, n_answers) array
        What each trial would count if each answer were the true one.
    truth : (n_trials,) array of int
    shuffled : (n_permutations, n_trials) array of int
        True answers exchanged as `exchanges` says.

    Returns
    -------
    float
        (1 + number at least as good) / (1 + number of permutations).

    References
    ----------
    Phipson & Smyth (2010), Permutation p-values should never be zero. Stat. Appl. Genet. Mol. Biol. 9, 39.
    """
    rows = np.arange(len(truth))
    observed = by_answer[rows, truth].mean()
    means = by_answer[rows, shuffled].mean(axis=1)
    return exceedance(observed, means)


def exceedance(value: float, permuted: NDArray) -> float:
    """How often permuted values are at least as large, the value itself counted (Phipson & Smyth 2010).

    Examples
    --------
    >>> exceedance(2.0, np.array([0.0, 1.0, 3.0]))
    0.5
    """
    # A sum in another order may differ in its last bits and still be equal.
    return float((1 + np.count_nonzero(permuted >= value - 1e-12)) / (1 + len(permuted)))


def interval_over(values: NDArray, groups: ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of all trials, where whole groups (runs) are drawn.

    Parameters
    ----------
    values : (n_trials,) or (n_repeats, n_trials) array
        Of repetitions, such as shuffles, the mean is taken, and they are drawn as well: a shuffle that happens to keep
        some of the order is no better known by being decided on in many runs.
    groups : (n_trials,) array
    seed : int

    References
    ----------
    Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 13 (percentile interval).
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    size = np.bincount(codes)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(size), (N_RESAMPLES, len(size)))
    n_drawn = size[drawn].sum(axis=1)
    means = [np.bincount(codes, weights=one)[drawn].sum(axis=1) / n_drawn for one in np.atleast_2d(values)]
    low, high = np.percentile(drawn_mean(means, rng), [2.5, 97.5])
    return float(low), float(high)


def drawn_mean(repeats: ArrayLike, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mean over as many repetitions as there are, drawn with replacement in each of (n_repeats, n_draws)."""
    repeats = np.asarray(repeats, np.float64)
    picks = rng.integers(0, len(repeats), repeats.shape)
    return np.take_along_axis(repeats, picks, axis=0).mean(axis=0)


def measure(by_answer: NDArray, truth: NDArray, runs: ArrayLike, shuffled: NDArray, *, chance: float) -> Measure:
    """Put a figure together with its interval over runs and its permutation p.

    Parameters
    ----------
    by_answer : (n_trials, n_answers) or (n_repeats, n_trials, n_answers) array
        What each trial would count if each answer were the true one; of repetitions the mean is taken.
    truth : (n_trials,) array of int
    runs : (n_trials,) array
    shuffled : (n_permutations, n_trials) array of int
        True answers exchanged as `exchanges` says.
    chance : float
    """
    repeats = by_answer.reshape(-1, *by_answer.shape[-2:])
    counted = repeats[:, np.arange(len(truth)), truth]
    low, high = interval_over(counted, runs)
    p_value = permutation_p(repeats.mean(axis=0), truth, shuffled)
    return Measure(float(counted.mean()), chance, low, high, p_value)


def hit_table(scores: NDArray) -> NDArray[np.float64]:
    """What `hits` would give for each answer, (n_trials, n_answers)."""
    best = scores == scores.max(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)


def confusion(truth: NDArray, said: NDArray, n_answers: int) -> NDArray[np.int64]:
    """Counts (n_answers, n_answers + 1): rows are what was shown, columns what was said, the last one "other" (-1).

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, -1]), 2)
    array([[1, 1, 0],
           [0, 0, 1]])
    """
    counts = np.zeros((n_answers, n_answers + 1), np.int64)
    np.add.at(counts, (truth, np.where(said < 0, n_answers, said)), 1)
    return counts


def d_prime(truth: ArrayLike, said: ArrayLike, n_answers: int) -> NDArray[np.float64]:
    """Sensitivity for each answer against all others: z(hit rate) - z(false alarm rate); 0 for guessing.

    Half a trial is added to each count, so that rates of 0 and 1 stay finite.

    Parameters
    ----------
    truth : (n_trials,) array of int
        What was shown.
    said : (n_trials,) array of int
        What was said; -1 for none of the answers.
    n_answers : int

    Returns
    -------
    (n_answers,) array
        NaN for answers that no trial has, or all have.

    References
    ----------
    Green & Swets (1966), Signal detection theory and psychophysics; Hautus (1995), Corrections for extreme proportions
    and their biasing effects on estimated values of d'. Behav. Res. Methods 27, 46-51 (the log-linear correction).

    Examples
    --------
    >>> d_prime([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 0], 2).round(3)
    array([1.049, 1.049])
    """
    z = NormalDist().inv_cdf
    counts = confusion(np.asarray(truth, np.intp), np.asarray(said, np.intp), n_answers)
    found = np.full(n_answers, np.nan)
    for answer in range(n_answers):
        n_shown, n_said = counts[answer].sum(), counts[:, answer].sum()
        n_other, n_hits = counts.sum() - n_shown, counts[answer, answer]
        if n_shown and n_other:
            found[answer] = z((n_hits + 0.5) / (n_shown + 1)) - z((n_said - n_hits + 0.5) / (n_other + 1))
    return found


def constant_guess(truth: NDArray, n_answers: int, groups: ArrayLike | None = None) -> float:
    """Chance level: what always giving the same answer, or guessing evenly, reaches at most.

    Groups of trials may each have a guess of their own: where whole classes are held out, a fold's training tells which
    are missing.
    """
    if groups is not None:
        return sum(len(rows) * constant_guess(truth[rows], n_answers) for rows in _rows_of(groups)) / len(truth)
    return float(max(np.bincount(truth).max() / len(truth), 1 / n_answers))


def pairwise_chance(
    truth: NDArray, n_answers: int, groups: ArrayLike | None = None, *, against: Literal["group", "all"] = "group"
) -> float:
    """Chance level of `pairwise`: what the same scores in every trial reach at most; one half for equally many trials.

    With unequal numbers it pays to score answers by how often they are right: in each pair of answers the frequent one
    then wins, and its trials weigh more.

    Parameters
    ----------
    truth : (n_trials,) array of int
    n_answers : int
    groups : (n_trials,) array, optional
        Each has scores of its own; no answer occurs in two of them.
    against : {"group", "all"}
        Whether a trial is compared with those of its own group, or with all: then the same scores win most where they
        put all answers of the group first.

    Examples
    --------
    >>> pairwise_chance(np.array([0, 0, 1, 1, 2, 2]), 3), pairwise_chance(np.array([0, 0, 0, 1]), 2)
    (0.5, 0.75)
    >>> pairwise_chance(np.array([0, 0, 1, 1, 2, 2]), 3, [0, 0, 0, 0, 1, 1], against="all")
    0.8333333333333334
    """
    won = 0.0
    for rows in _rows_of(np.zeros(len(truth)) if groups is None else groups):
        count = np.sort(np.bincount(truth[rows], minlength=n_answers)).astype(np.float64)
        won += _won_in_order(count, len(rows), len(truth) - len(rows) if against == "all" else 0)
    return won / len(truth)


def _won_in_order(count: NDArray[np.float64], n_trials: int, n_others: int) -> float:
    """Trials won by answers that each beat all rarer ones (numbers of trials, ascending) and so many other trials."""
    fewer = np.concatenate([[0.0], np.cumsum(count)[:-1]]) + n_others
    rivals = n_trials + n_others - count
    return float(np.divide(count * fewer, rivals, out=np.zeros(len(count)), where=rivals > 0).sum())


def _rows_of(groups: ArrayLike) -> list[NDArray[np.intp]]:
    groups = np.asarray(groups)
    return [np.flatnonzero(groups == group) for group in np.unique(groups)]


def checked_scores(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray, NDArray[np.intp]]:
    """Both as arrays; raise where they do not fit together."""
    scores, truth = np.asarray(scores), np.asarray(truth, dtype=np.intp)
    if scores.ndim != 2 or truth.shape != scores.shape[:1]:
        raise ShapeError(f"scores: expected (n_trials, n_answers) for truth {truth.shape}, got {scores.shape}")
    if len(truth) and not (truth.min() >= 0 and truth.max() < scores.shape[1]):
        raise InputError(f"truth: expected indices below {scores.shape[1]}, got {truth.min()} to {truth.max()}")
    return scores, truth
