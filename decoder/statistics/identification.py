"""Finding the right one among many: exact expectations from the rank of the truth, without drawing samples.

Everywhere ``scores`` is (n_trials, n_candidates), larger is better, and ``truth`` (n_trials,) holds the index of the
right candidate. Equal scores are ordered at random; the expectation over these orders is counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .measures import checked_scores


def top_k(scores: ArrayLike, truth: ArrayLike, k: int) -> NDArray[np.float64]:
    """For every trial, whether the right candidate is among the k best; in ties the probability of it.

    Chance is ``k / n_candidates``; k = 1 gives `hotwire.decoder.statistics.measures.hits`.

    References
    ----------
    Russakovsky et al. (2015), ImageNet large scale visual recognition challenge. Int. J. Comput. Vis. 115, 211-252
    (there k = 5).

    Examples
    --------
    >>> top_k([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]], [1, 0], 1)
    array([0. , 0.5])
    >>> top_k([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]], [1, 0], 2)
    array([1., 1.])
    """
    better, tied, n_candidates = _places(scores, truth)
    _check_count("k", k, 1, n_candidates)
    return np.clip((k - better) / (tied + 1), 0.0, 1.0)


def identification(scores: ArrayLike, truth: ArrayLike, n_way: int) -> NDArray[np.float64]:
    """For every trial, how often the right candidate wins among `n_way`: itself and others drawn without repetition.

    The mean over all draws follows from how many candidates score less, the same or more, so nothing is drawn and a
    curve over `n_way` is cheap. Chance is ``1 / n_way``. With two, it is the share of the others that the right one
    wins against; with all candidates, it is `hotwire.decoder.statistics.measures.hits`. Scores may be similarities, see
    `hotwire.decoder.statistics.correlations.similarity`.

    References
    ----------
    Kay, Naselaris, Prenger & Gallant (2008), Identifying natural images from human brain activity. Nature 452,
    352-355, who draw the others.

    Examples
    --------
    >>> scores = [[0.9, 0.5, 0.1, 0.2], [0.6, 0.5, 0.1, 0.2]]
    >>> [identification(scores, [0, 1], n).tolist() for n in (2, 4)]
    [[1.0, 0.666...], [1.0, 0.0]]
    """
    better, tied, n_candidates = _places(scores, truth)
    _check_count("n_way", n_way, 2, n_candidates)
    worse = n_candidates - 1 - better - tied
    # All n_way - 1 rivals have to be among the w that score less: C(w, n_way - 1) of the C(n_candidates - 1, n_way - 1)
    # draws. Random order in ties leaves a trial with worse, ..., worse + tied of them, all equally likely.
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n_candidates)))])
    won = np.zeros(n_candidates)
    w = np.arange(n_way - 1, n_candidates)
    log_ways = log_factorial[w] - log_factorial[w - n_way + 1]
    won[w] = np.exp(log_ways - log_ways[-1])
    up_to = np.concatenate([[0.0], np.cumsum(won)])
    return np.where(tied == 0, won[worse], (up_to[worse + tied + 1] - up_to[worse]) / (tied + 1))


def _places(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """How many candidates score more than the right one, and how many others score the same."""
    scores, truth = checked_scores(scores, truth)
    of_truth = scores[np.arange(len(truth)), truth][:, None]
    better = np.count_nonzero(scores > of_truth, axis=1)
    return better, np.count_nonzero(scores == of_truth, axis=1) - 1, scores.shape[1]


def _check_count(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InputError(f"{name}: expected {least} to {most}, the number of candidates, got {value}")
