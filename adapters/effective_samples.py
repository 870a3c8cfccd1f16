"""How many independent samples those of a recording are worth to a covariance: samples near in time are alike.

With one autocorrelation rho for all features, the sampling variance of each entry of a covariance is that of n / tau
independent samples (Bartlett 1946; Bartz & Mueller 2014, section 2)::

    tau = 1 + 2 sum_k (n_k / n) rho_k^2,    k = 1 .. q

where n_k is the number of pairs of samples k apart in the same run, and q the last lag at which samples are alike.
Where features differ, rho is their average, weighted by variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10, sqrt

import numpy as np
from numpy.typing import NDArray

from .unit_blocks import Floats, blocks

QUIET_LAGS = 5
"""After so many lags in a row without a notable autocorrelation it is over (Politis 2003, section 2)."""


def effective_samples(lag_sums: Floats, lengths: Sequence[int]) -> float:
    """The number of independent samples that give a covariance as precise as these; at most as many as there are.

    Parameters
    ----------
    lag_sums : (n_lags,) array
        For lag 0, 1, ... the sum, over all pairs of samples so far apart in the same run, of their inner product.
    lengths : sequence of int
        The number of samples of each run.

    References
    ----------
    Bartlett (1946), On the theoretical specification and sampling properties of autocorrelated time-series. Supplement
    to the J. Royal Statistical Society 8, 27-41. Politis (2003), Adaptive bandwidth choice. J. Nonparametric Statistics
    15, 517-533, for the last lag. Bartz & Mueller (2014), Covariance shrinkage for autocorrelated data. NIPS 27.

    Examples
    --------
    >>> effective_samples(np.array([100.0, 0.0, 0.0]), [100])
    100.0
    >>> slow = 0.9 ** np.arange(10_000) * np.arange(10_000, 0, -1)
    >>> round(10_000 / effective_samples(slow, [10_000]), 1)  # (1 + 0.9^2) / (1 - 0.9^2) = 9.5
    9.5
    """
    n_samples = sum(lengths)
    n_pairs = np.maximum(np.subtract.outer(np.asarray(lengths), np.arange(len(lag_sums))), 0).sum(axis=0)
    if lag_sums[0] <= 0:
        return float(n_samples)
    rho = lag_sums * n_samples / (np.maximum(n_pairs, 1) * lag_sums[0])
    notable = np.abs(rho[1:]) >= 2 * sqrt(log10(n_samples) / n_samples)
    quiet = (
        np.convolve(notable, np.ones(QUIET_LAGS), "full")[QUIET_LAGS - 1 :] == 0
    )  # from this lag on, QUIET_LAGS long
    last = int(quiet.argmax()) if quiet.any() else len(notable)
    tau = 1 + 2 * float((n_pairs[1 : last + 1] * np.square(rho[1 : last + 1])).sum()) / n_samples
    return n_samples / tau


def lag_sums_of(centred: Floats, lengths: Sequence[int]) -> Floats:
    """The sums that `effective_samples` takes, from deviations from the mean (n_samples, n_features).

    >>> lag_sums_of(np.array([[1.0], [2.0], [3.0], [4.0]]), [3, 1])
    array([30.,  8.,  3.])
    """
    sums = np.zeros(max(lengths))
    for columns in blocks(2 * len(centred), centred.shape[1]):
        first = 0
        for n in lengths:
            # The inverse transform of the power is the autocovariance; zeros behind the run separate its ends.
            spectrum = np.fft.rfft(centred[first : first + n, columns], 2 * n, axis=0)
            power = np.square(spectrum.real).sum(axis=1) + np.square(spectrum.imag).sum(axis=1)
            sums[:n] += np.fft.irfft(power, 2 * n)[:n]
            first += n
    return sums


def lag_sums_of_gram(gram: Floats, lengths: Sequence[int]) -> Floats:
    """The same from the Gram matrix (n_samples, n_samples) of the deviations.

    >>> lag_sums_of_gram(np.outer([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]), [3, 1])
    array([30.,  8.,  3.])
    """
    sums = np.zeros(max(lengths))
    first = 0
    for n in lengths:
        of_run = gram[first : first + n, first : first + n]
        sums[:n] += [np.trace(of_run, offset=lag) for lag in range(n)]
        first += n
    return sums


def run_lengths(groups: NDArray) -> list[int]:
    """The lengths of stretches of equal neighbours.

    >>> run_lengths(np.array([1, 1, 2, 1]))
    [2, 1, 1]
    """
    edges = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    return np.diff(np.concatenate([[0], edges, [len(groups)]])).tolist()
