"""How well windows of a recording are told apart by what is predicted of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Floats = NDArray[np.floating]


def check_window(n_samples: int, n_window: int) -> None:
    """Raise InputError unless a part of so many samples has two windows that share none."""
    if 2 * n_window > n_samples:
        raise InputError(
            f"window_s: expected at least two windows in each part of the story, which has {n_samples} samples, "
            f"got windows of {n_window}; make windows shorter or n_folds smaller"
        )


def similarities(brain: Floats, predicted: Floats, n_window: int) -> Floats:
    """Cosine of every window of a recording with every window of a prediction, (n_tests, n_starts, n_starts).

    Both are (n_tests, n_samples, n_features). Windows begin at every sample.
    """
    return np.matmul(_windows(brain, n_window), _windows(predicted, n_window).transpose(0, 2, 1))


def pairs(similarity: Floats, n_window: int) -> Floats:
    """How often the true window of the prediction is more similar than another, (n_tests,); equal ones count half.

    The others are those of the stretch that have no sample in common with it. Chance is 0.5.

    Examples
    --------
    >>> pairs(np.array([[[0.9, 0.5, 0.1], [0.0, 0.0, 0.0], [0.6, 0.0, 0.5]]]), 2).tolist()
    [0.5]
    """
    n = similarity.shape[1]
    check_window(n + n_window - 1, n_window)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) >= n_window
    truth = np.diagonal(similarity, axis1=1, axis2=2)[:, :, None]
    won = (truth > similarity) + 0.5 * (truth == similarity)
    n_others = apart.sum(axis=1)
    of_each = (won * apart).sum(axis=2)[:, n_others > 0] / n_others[n_others > 0]
    return of_each.mean(axis=1)


def won_by_each(similarity: Floats, n_window: int) -> Floats:
    """For each window and stretch (n_windows, n_stretches), how often that stretch wins against those apart from it.

    The mean of its diagonal is what `pairs` returns of one test, where all have another that is apart; of other
    diagonals, that of a brain that is shifted against the story. NaN where none is apart.

    Examples
    --------
    >>> won_by_each(np.array([[0.9, 0.5, 0.1], [0.0, 0.0, 0.0], [0.6, 0.0, 0.5]]), 2)
    array([[1. , nan, 0. ],
           [0.5, nan, 0.5],
           [1. , nan, 0. ]])
    """
    n = similarity.shape[1]
    won = np.empty_like(similarity)
    for row, of in zip(won, similarity, strict=True):
        ranked = np.sort(of)
        row[:] = (np.searchsorted(ranked, of, "left") + np.searchsorted(ranked, of, "right") - 1) / 2
    n_apart = np.full(n, n - 1)
    for by in range(1, min(n_window, n)):
        later, earlier = similarity[:, by:], similarity[:, :-by]
        wins = (later > earlier) + 0.5 * (later == earlier)
        won[:, by:] -= wins
        won[:, :-by] -= 1 - wins
        n_apart[by:] -= 1
        n_apart[:-by] -= 1
    return np.divide(won, n_apart, out=np.full_like(won, np.nan), where=n_apart > 0)


def _windows(X: Floats, n_window: int) -> Floats:
    """All windows as rows of length 1, (n_tests, n_starts, n_window * n_features); a window without signal is zero."""
    n_starts = X.shape[1] - n_window + 1
    if n_starts < 1:
        raise InputError(
            f"window_s: expected windows shorter than a part of the story, which has {X.shape[1]} samples, got "
            f"{n_window}; make windows shorter or n_folds smaller"
        )
    rows = X[:, np.arange(n_starts)[:, None] + np.arange(n_window)].reshape(len(X), n_starts, -1)
    length = np.linalg.norm(rows, axis=2, keepdims=True)
    return rows / np.where(length > 0, length, 1.0)
