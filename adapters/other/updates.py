"""The mathematics of incremental learning: how new samples change means, a fading regularisation, and a ridge fit."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs, toeplitz

from ..unit_blocks import Floats

tpqrt, trtrs = get_lapack_funcs(("tpqrt", "trtrs"), dtype=np.float64)
(gemm,) = get_blas_funcs(("gemm",), dtype=np.float64)


def renewed(
    n_samples: int, last: int, half_life_samples: float, n_features: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The features whose prior was renewed in the `last` of `n_samples` samples, and how many samples ago.

    Features are renewed in turn, one with each sample, or several if there are more features than samples in a
    half-life. With an infinite half-life nothing is forgotten or renewed.

    >>> renewed(7, 2, 3.5, 4)
    (array([0, 1, 3]), array([1, 0, 1]))
    """
    if half_life_samples == inf:
        return np.arange(0), np.arange(0)
    period = max(1, int(min(half_life_samples, n_features)))
    age = (n_samples - np.arange(n_features)) % period
    features = np.flatnonzero(age < last)
    return features, age[features]


def running_means(weight: float, n_samples: int, forgetting: float) -> tuple[Floats, Floats, float]:
    """How new samples deviate from the running mean and move it; linear in their deviations from the old mean.

    With N_i = forgetting * N_(i-1) + 1, sample i moves the mean by (x_i - m_(i-1)) / N_i and adds ``forgetting *
    N_(i-1) / N_i`` times the square of ``x_i - m_(i-1)`` to the squared deviations from the mean. `weight` is N, the
    sum of the weights of the samples before, and after them. ``deviate @ (X - mean)`` has as many squared deviations as
    these samples add; ``mean + average @ (X - mean)`` is the mean after them.

    >>> running_means(1.0, 2, 1.0)
    (array([[ 0.70710678,  0.        ],
           [-0.40824829,  0.81649658]]), array([0.333..., 0.333...]), 3.0)
    """
    fading = forgetting ** np.arange(n_samples + 1.0)
    sums = np.tril(toeplitz(fading[:-1]))
    totals = fading * weight + np.concatenate([[0.0], np.cumsum(fading[:-1])])
    means = sums / totals[1:, np.newaxis]
    deviate = np.eye(n_samples)
    deviate[1:] -= means[:-1]
    deviate *= np.sqrt(fading[-2::-1] * forgetting * totals[:-1] / totals[1:])[:, np.newaxis]
    return deviate, means[-1], float(totals[-1])


def take_up(
    factor: Floats, weights: Floats, rows: Floats, targets: Floats, decay: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Add rows (n_rows, n_features) and their targets to a least squares fit that is given by its triangle.

    `factor` is the lower triangular L of the normal equations' ``L L'``, `weights` are (n_features, n_units); `decay`
    is the weight of all earlier rows. Returns both with the new rows, and the increase of the residual sum of squares,
    (n_units,).

    >>> take_up(np.eye(1), np.zeros((1, 1)), np.array([[1.0]]), np.array([[2.0]]))[1:]
    (array([[1.]]), array([2.]))
    """
    triangle, _, _, _ = tpqrt(0, min(16, len(factor)), factor.T * np.sqrt(decay), rows, overwrite_a=1)
    errors = targets - rows @ weights
    half, _ = trtrs(triangle, rows.T, trans=1)
    directions, _ = trtrs(triangle, half)
    weights = gemm(1.0, errors.T, directions.T, 1.0, weights.T).T
    lost = np.einsum("ij,ij->j", errors, errors - (half.T @ half) @ errors)
    return triangle.T, weights, lost
