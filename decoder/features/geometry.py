"""Symmetric positive definite matrices: functions of them, their means, and joint diagonalisation.

Numpy only, as a rig needs the functions. The means equal those of pyriemann to rounding, but pyriemann is a dependency
of the field's classifiers alone; its joint diagonaliser takes three to six times as long as this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

MEAN_TOLERANCE = 1e-8
MEAN_STEPS = 50
SWEEPS = 30
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
    """Return the inverse square root of positive definite matrices (..., n, n)."""
    return of_eigenvalues(lambda values: 1 / np.sqrt(values), C)


def riemannian_mean(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix with the least sum of squared affine-invariant distances to the given ones (n_matrices, n, n).

    It goes from the arithmetic mean along the mean logarithm, with steps that become shorter. Where matrices are so far
    apart that this does not converge, it returns the point reached: any serves as the point of a tangent space.

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
    """Return the exponential of the mean logarithm of positive definite matrices (n_matrices, n, n)."""
    return of_eigenvalues(np.exp, of_eigenvalues(np.log, C).mean(axis=0))


def upper(S: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper triangle of a symmetric matrix, row by row, as a vector with the matrix's norm."""
    rows, columns = np.triu_indices(len(S))
    return S[rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))


def joint_diagonaliser(C: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return directions V (n, n), one a column, that make ``V.T @ C[k] @ V`` as diagonal as can be for all k at once.

    It sweeps over all pairs of directions until hardly anything is gained, or 30 times.

    References
    ----------
    Pham (2001), Joint approximate diagonalization of positive definite Hermitian matrices. SIAM J. Matrix Analysis
    and Applications 22, 1136-1152.
    """
    from tqdm import tqdm  # a rig that runs bundles needs none of it

    n = C.shape[1]
    start = inverse_root(C.mean(axis=0))  # where they are near to diagonal if they are near to one another
    C, V = start @ C @ start, start.copy()
    for _ in tqdm(range(SWEEPS), desc="joint diagonalisation: sweeps", delay=1, disable=None):
        gained = 0.0
        for i, j in disjoint_pairs(n):
            of_first, of_second, gain = _turns(C, i, j)
            gained += gain
            for rows in (C, C.swapaxes(1, 2), V.T):
                first, second = rows[..., i, :], rows[..., j, :]
                rows[..., i, :] = first - of_second[:, None] * second
                rows[..., j, :] = second - of_first[:, None] * first
        if gained <= SWEEP_TOLERANCE * n * (n - 1):
            break
    return V


def disjoint_pairs(n: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield every pair out of n once, in rounds of disjoint pairs, as in a tournament.

    Examples
    --------
    >>> [list(zip(i.tolist(), j.tolist())) for i, j in disjoint_pairs(3)]
    [[(1, 2)], [(0, 2)], [(0, 1)]]
    """
    places = list(range(n + n % 2))
    for _ in range(len(places) - 1):
        half = len(places) // 2
        pairs = [(i, j) for i, j in zip(places[:half], reversed(places[half:]), strict=True) if max(i, j) < n]
        i, j = np.sort(np.array(pairs, np.intp).reshape(-1, 2), axis=1).T
        yield i, j
        places = [places[0], places[-1], *places[1:-1]]


def _turns(
    C: NDArray[np.float64], i: NDArray[np.intp], j: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return Pham's change of disjoint pairs of directions, and by how much it should make C more diagonal.

    The change: how much of the first to subtract from the second of each pair, and of the second from the first.
    """
    first, second, between = C[:, i, i], C[:, j, j], C[:, i, j]
    g = np.stack([(between / first).mean(axis=0), (between / second).mean(axis=0)], axis=1)
    ones = np.ones(len(i))
    ratios = np.array([[(second / first).mean(axis=0), ones], [ones, (first / second).mean(axis=0)]])
    # Where both vary alike in all matrices any turn is as good, and the pseudo-inverse takes the smallest.
    h = (np.linalg.pinv(ratios.transpose(2, 0, 1), rcond=1e-9, hermitian=True) @ g[..., None])[..., 0]
    scale = 2 / (1 + np.sqrt(np.maximum(1 - 4 * h[:, 0] * h[:, 1], 0.0)))
    return scale * h[:, 1], scale * h[:, 0], float(len(C) * np.sum(g * h))
