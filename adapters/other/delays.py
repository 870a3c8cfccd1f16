"""Delays (finite impulse response): features of earlier samples, without building the wide table.

The delayed table D of features X (n_samples, n_features) has, for each lag, the features that many samples earlier, and
zeros before the run (or after it, for a negative lag). Ridge needs only products of D, which follow from X: with S_l
the shift by l samples within runs, D D' = sum_l S_l X X' S_l' is the one kernel X X', shifted; and the blocks X' S_l'
S_m X of D'D are lagged products, of which those with the same l - m differ only at the ends of runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ..checks import checked_lags
from ..folds import encode_groups
from ..unit_blocks import Floats

Run = tuple[int, int]
"""First sample of a run, and the one after its last."""


def delayed(X: ArrayLike, lags: Sequence[int], runs: ArrayLike | None = None) -> Floats:
    """The delayed table (n_samples, n_lags * n_features): all features with the first lag, then with the second, ...

    X (n_samples, n_features) is ordered by time. Centre features that are far from zero first: before a run they are
    zero. `lags` are in samples: with lag 2 a row has the features two samples earlier, with lag -2 those two samples
    later. `runs` (n_samples,) is the run of each sample; a run's samples are consecutive, and by default all samples
    are one run. InputError if `lags` are not distinct integers, or a run's samples are not consecutive; ShapeError or
    NonFiniteError if there is not one run label for each sample.

    >>> delayed([[1], [2], [3], [4]], (0, 1), runs=["a", "a", "b", "b"])
    array([[1., 0.],
           [2., 1.],
           [3., 0.],
           [4., 3.]])
    """
    X = np.asarray(X, dtype=np.float64)
    bounds = run_bounds(runs, len(X))
    return np.hstack([shifted(X, lag, bounds) for lag in checked_lags(lags)])


def delayed_kernel(kernel: ArrayLike, lags: Sequence[int], runs: ArrayLike | None = None) -> Floats:
    """The samples' inner products D D' in the delayed table, from X X'.

    It takes n_samples^2 sums for each lag.

    >>> X = np.random.default_rng(0).normal(size=(6, 1000))
    >>> D = delayed(X, (0, 1))
    >>> np.allclose(delayed_kernel(X @ X.T, (0, 1)), D @ D.T)
    True
    """
    kernel = np.asarray(kernel, dtype=np.float64)
    bounds = run_bounds(runs, len(kernel))
    total = np.zeros_like(kernel)
    for lag in checked_lags(lags):
        add_shifted_kernel(kernel, lag, bounds, total)
    return total


def delayed_gram(
    X: ArrayLike, lags: Sequence[int], runs: ArrayLike | None = None, samples: ArrayLike | None = None
) -> Floats:
    """The inner products D'D of the delayed table's columns, over its rows at `samples` (ascending) or all.

    It takes one product over all samples for each difference between lags (n_lags for consecutive lags). The other
    blocks differ from these only at the ends of runs and of stretches of `samples`.

    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> D = delayed(X, (0, 1, 2))
    >>> np.allclose(delayed_gram(X, (0, 1, 2)), D.T @ D)
    True
    """
    X = np.asarray(X, dtype=np.float64)
    bounds = run_bounds(runs, len(X))
    lags = checked_lags(lags)
    rows = np.arange(len(X)) if samples is None else np.asarray(samples)
    n_lags, n_features = len(lags), X.shape[1]
    total = np.zeros((n_lags, n_features, n_lags, n_features))
    pairs = sorted(
        (lags[j] - lags[i], lags[i], i, j) for i in range(n_lags) for j in range(n_lags) if lags[i] <= lags[j]
    )
    for x, first, last in stretches(X, rows, bounds):
        for difference, alike in groupby(pairs, key=lambda pair: pair[0]):
            alike = list(alike)
            least, moved = alike[0][1], 0
            product = lagged_product(x, first, last, least, least + difference)
            for _, lag, i, j in alike:
                # With later lags it is the product over an earlier stretch.
                move = lag - least
                product = product + lagged_product(x, first - move, first - moved, least, least + difference)
                product -= lagged_product(x, last - move, last - moved, least, least + difference)
                moved = move
                total[i, :, j] += product
                if i != j:
                    total[j, :, i] += product.T
    return total.reshape(n_lags * n_features, n_lags * n_features)


def run_bounds(runs: ArrayLike | None, n_samples: int) -> list[Run]:
    """The start and stop of each run; InputError if a run's samples are not consecutive.

    >>> run_bounds(["b", "b", "a"], 3)
    [(0, 2), (2, 3)]
    """
    if runs is None:
        return [(0, n_samples)]
    codes = encode_groups(runs, n_samples)
    starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist()]
    if len(starts) > codes.max() + 1:
        _, firsts = np.unique(codes[starts], return_index=True)
        again = starts[min(set(range(len(starts))) - set(firsts.tolist()))]
        raise InputError(
            f"the run {np.asarray(runs).tolist()[again]!r} goes on at sample {again} after another run, expected the "
            "samples of a run to follow one another: give samples in the order of time, and each run its own label"
        )
    return list(zip(starts, [*starts[1:], n_samples], strict=True))


def shifted(X: Floats, lag: int, bounds: list[Run]) -> Floats:
    """The rows of `X` `lag` samples earlier within the same run, or zeros."""
    moved = np.zeros_like(X)
    for to, source in _moves(lag, bounds):
        moved[to] = X[source]
    return moved


def add_shifted_kernel(kernel: Floats, lag: int, bounds: list[Run], total: Floats, weight: float = 1.0) -> None:
    """Add ``weight * S kernel S'`` to `total`, with S the shift by `lag` within runs."""
    moves = list(_moves(lag, bounds))
    within = np.zeros(len(kernel))
    for to, _ in moves:
        within[to] = weight
    # All columns are moved at once; those from another run are multiplied by zero.
    columns = slice(max(lag, 0), max(len(kernel) + min(lag, 0), 0))
    sources = slice(columns.start - lag, columns.stop - lag)
    for to, source in moves:
        total[to, columns] += kernel[source, sources] * within[columns]


def stretches(X: Floats, samples: NDArray[np.intp], bounds: list[Run]) -> Iterator[tuple[Floats, int, int]]:
    """Consecutive samples within a run: the run's rows of X, and the stretch's first and stop position in it.

    >>> X = np.zeros((6, 1))
    >>> [(len(x), first, last) for x, first, last in stretches(X, np.array([0, 1, 3, 4, 5]), [(0, 4), (4, 6)])]
    [(4, 0, 2), (4, 3, 4), (2, 0, 2)]
    """
    samples = np.sort(samples)
    for start, stop in bounds:
        inside = samples[np.searchsorted(samples, start) : np.searchsorted(samples, stop)]
        for piece in np.split(inside, np.flatnonzero(np.diff(inside) != 1) + 1):
            if len(piece):
                yield X[start:stop], int(piece[0]) - start, int(piece[-1]) + 1 - start


def lagged_product(x: Floats, first: int, last: int, lag: int, other: int) -> Floats:
    """Sum over t in [first, last) of the outer products of ``x[t - lag]`` and ``x[t - other]``; x is zero elsewhere.

    >>> lagged_product(np.array([[1.0], [2.0], [3.0]]), 0, 9, 0, 1)
    array([[8.]])
    """
    first = max(first, lag, other)
    last = max(first, min(last, len(x) + min(lag, other)))
    return x[first - lag : last - lag].T @ x[first - other : last - other]


def _moves(lag: int, bounds: list[Run]) -> Iterator[tuple[slice, slice]]:
    """The target and source slices of each run's samples."""
    for start, stop in bounds:
        first, last = max(start, start + lag), min(stop, stop + lag)
        if first < last:
            yield slice(first, last), slice(first - lag, last - lag)
