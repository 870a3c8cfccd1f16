"""Covariances of samples, shrunk or not, and the space in which they are not singular. Numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_VARIANCE = 1e-10
"""A direction with so small a part of the largest variance counts as one that the channels do not span."""


def scm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance (n_channels, n_channels) of samples (n_samples, n_channels) of mean zero."""
    return x.T @ x / len(x)


def lwf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of samples of mean zero, shrunk by Ledoit and Wolf's rule.

    References
    ----------
    Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices. J. Multivariate
    Analysis 88, 365-411.
    """
    n_samples, n_channels = x.shape
    covariance = scm(x)
    level = np.trace(covariance) / n_channels
    # d2: how far the covariance is from the target; b2: its expected distance from the truth.
    squared = np.sum(covariance * covariance)
    d2 = squared - n_channels * level**2
    lengths = np.sum(x * x, axis=1)
    b2 = min((np.sum(lengths * lengths) / n_samples - squared) / n_samples, d2)
    return shrunk(covariance, b2 / d2 if b2 > 0 and d2 > 0 else 0.0)


def oas(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of samples of mean zero, shrunk as is best for Gaussian samples.

    References
    ----------
    Chen, Wiesel, Eldar & Hero (2010), Shrinkage algorithms for MMSE covariance estimation. IEEE Trans. Signal
    Processing 58, 5016-5029.
    """
    n_samples, n_channels = x.shape
    covariance = scm(x)
    level = np.trace(covariance) / n_channels
    mean_square = np.sum(covariance * covariance) / n_channels**2
    denominator = (n_samples + 1) * (mean_square - level**2 / n_channels)
    return shrunk(covariance, min((mean_square + level**2) / denominator, 1.0) if denominator > 0 else 1.0)


def shrunk(covariance: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the covariance moved towards the multiple of the identity with the same total variance."""
    n_channels = len(covariance)
    return (1 - weight) * covariance + weight * np.trace(covariance) / n_channels * np.eye(n_channels)


ESTIMATORS = {"scm": scm, "lwf": lwf, "oas": oas}


def spanned(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orthonormal directions (n_channels, rank) of the space that the channels span.

    `covariance` is over all trials. An average reference lowers the rank by one, an interpolated channel by another.
    The result is the identity where the channels are independent, so that they do not change their meaning.
    """
    scale = np.sqrt(np.diag(covariance))  # channels of different units must not look dependent
    variances = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
    rank = int(np.sum(variances > NO_VARIANCE * variances[-1]))
    if rank == len(covariance):
        return np.eye(rank)
    return np.linalg.eigh(covariance)[1][:, len(covariance) - rank :]
