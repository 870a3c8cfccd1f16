"""95 % intervals: the percentile bootstrap over whole runs.

References
----------
Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 13 (percentile interval).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_RESAMPLES = 10_000


def percentile_interval(resampled: NDArray) -> tuple[float, float]:
    """The 95 % interval of resampled values (n_resamples,)."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), float(high)


def drawn_runs(n_runs: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """As many runs as there are, drawn with replacement, (n_resamples, n_runs)."""
    return rng.integers(0, n_runs, (N_RESAMPLES, n_runs))


def drawn_mean(repeats: ArrayLike, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mean over as many repetitions as there are, drawn with replacement in each of (n_repeats, n_resamples)."""
    repeats = np.asarray(repeats, np.float64)
    picks = rng.integers(0, len(repeats), repeats.shape)
    return np.take_along_axis(repeats, picks, axis=0).mean(axis=0)


def interval_over(values: NDArray, groups: ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over all trials; whole groups (runs) are drawn.

    Values are (n_trials,) or (n_repeats, n_trials). Repetitions, such as shuffles, are averaged and drawn as well: a
    shuffle that happens to preserve some of the order is not better known because it decided on many runs.
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    size = np.bincount(codes)
    rng = np.random.default_rng(seed)
    drawn = drawn_runs(len(size), rng)
    n_drawn = size[drawn].sum(axis=1)
    means = [np.bincount(codes, weights=one)[drawn].sum(axis=1) / n_drawn for one in np.atleast_2d(values)]
    return percentile_interval(drawn_mean(means, rng))


def rate_interval(count: NDArray, amount: NDArray, *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the sum of counts per sum of amounts, both (n_runs,); whole runs are drawn."""
    drawn = drawn_runs(len(count), np.random.default_rng(seed))
    total = amount[drawn].sum(axis=1)
    some = total > 0
    return percentile_interval(count[drawn].sum(axis=1)[some] / total[some])
