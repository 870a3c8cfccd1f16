"""Symmetric positive definite matrices: functions of them, their means, and what diagonalises several. Numpy only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

MEAN_TOLERANCE = 1e-8
MEAN_STEPS = 50
SWEEPS = 100
SWEEP_TOLERANCE = 1e-12


def of_eigenvalues(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], C: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply a function to the eigenvalues of symmetric matrices (..., n, n).

    Examples
    --------
    >>> of_eigenvalues(np.sqrt, np.diag([4.0, 9.0]))
    array([[2., 0.],
           [0., 3.]])
    """
    values, vectors = np.linalg.eigh(C)
    return (vectors * function(values)[..., None, :]) @ vectors.swapaxes(-1, -2)


def inverse_root(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse square root of positive definite matrices (..., n, n)."""
    return of_eigenvalues(lambda values: 1 / np.sqrt(values), C)


def riemannian_mean(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix with the least sum of squared affine-invariant distances to the given ones.

    Found by going from the arithmetic mean along the mean logarithm, with steps that become shorter. Where matrices
    lie so far apart that this does not come to its end, the point reached is given: any serves as the point of a
    tangent space.

    Parameters
    ----------
    C : array (n_matrices, n, n)
        Positive definite.

    Returns
    -------
    array (n, n)

    References
    ----------
    Fletcher, Lu, Pizer & Joshi (2004), Principal geodesic analysis for the study of nonlinear statistics of shape.
    IEEE Trans. Medical Imaging 23, 995-1005.
    """
    mean = C.mean(axis=0)
    step, shortest = 1.0, np.inf
    for _ in range(MEAN_STEPS):
        root, inverse = of_eigenvalues(np.sqrt, mean), inverse_root(mean)
        direction = of_eigenvalues(np.log, inverse @ C @ inverse).mean(axis=0)
        mean = root @ of_eigenvalues(np.exp, step * direction) @ root
        mean = (mean + mean.T) / 2
        left = float(np.linalg.norm(direction))
        if left * step < shortest:
            step, shortest = 0.95 * step, left * step
        else:
            step *= 0.5
        if min(left, step) <= MEAN_TOLERANCE:
            break
    return mean


def log_euclidean_mean(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exponential of the mean logarithm of positive definite matrices (n_matrices, n, n)."""
    return of_eigenvalues(np.exp, of_eigenvalues(np.log, C).mean(axis=0))


def upper(S: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper triangle of a symmetric matrix, row by row, as a vector of the same length as the matrix.

    Examples
    --------
    >>> upper(np.array([[1.0, 2.0], [2.0, 3.0]])).round(3)
    array([1.   , 2.828, 3.   ])
    """
    rows, columns = np.triu_indices(len(S))
    return S[rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))


def joint_diagonaliser(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions in which several covariances are as diagonal as can be, at the same time.

    Parameters
    ----------
    C : array (n_matrices, n, n)
        Positive definite.

    Returns
    -------
    array (n, n)
        One direction a column: ``V.T @ C[k] @ V`` is nearly diagonal for all k.

    References
    ----------
    Pham (2001), Joint approximate diagonalization of positive definite Hermitian matrices. SIAM J. Matrix Analysis
    and Applications 22, 1136-1152.
    """
    C, n = C.copy(), C.shape[1]
    V = np.eye(n)
    for _ in range(SWEEPS):
        gained = 0.0
        for i in range(1, n):
            for j in range(i):
                turn, gain = _turn(C, i, j)
                gained += gain
                pair = [i, j]
                C[:, pair] = turn @ C[:, pair]
                C[:, :, pair] = C[:, :, pair] @ turn.T
                V[:, pair] = V[:, pair] @ turn.T
        if gained < SWEEP_TOLERANCE * n * (n - 1):
            break
    return V


def _turn(C: NDArray[np.float64], i: int, j: int) -> tuple[NDArray[np.float64], float]:
    """Pham's change of two directions, and by how much it is expected to bring the matrices nearer to diagonal."""
    first, second, between = C[:, i, i], C[:, j, j], C[:, i, j]
    g = np.array([np.mean(between / first), np.mean(between / second)])
    ratios = np.array([[np.mean(second / first), 1.0], [1.0, np.mean(first / second)]])
    # Where both vary alike in all matrices any turn is as good, and least squares takes the smallest.
    h = np.linalg.lstsq(ratios, g, rcond=1e-9)[0]
    scale = 2 / (1 + np.sqrt(max(1 - 4 * h[0] * h[1], 0.0)))
    return np.array([[1.0, -scale * h[0]], [-scale * h[1], 1.0]]), float(len(C) * (g @ h))
