"""The wide axis: units, often far more than samples, are walked along in blocks and never copied whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray
from tqdm import tqdm

from .checks import require_finite

Floats = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)

BLOCK_ELEMENTS = 2**21
"""Numbers held at once while walking along the wide axis (16 MiB in float64)."""


def blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Cut columns into slices of at most `BLOCK_ELEMENTS` numbers.

    Examples
    --------
    >>> list(blocks(BLOCK_ELEMENTS // 2, 5))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    width = max(1, BLOCK_ELEMENTS // max(1, n_rows))
    for start in range(0, n_columns, width):
        yield slice(start, min(start + width, n_columns))


class Targets:
    """Targets of a fit, centred block by block and never copied whole.

    Parameters
    ----------
    Y : (n_samples, n_units) array
        Any real dtype; may be a memory map.

    Attributes
    ----------
    mean : (n_units,) array of float64
        Each unit's mean; a constant unit's is exactly its value, so that nothing of it remains.
    power : (n_units,) array of float64
        Each unit's sum of squared deviations from its mean.

    Raises
    ------
    NonFiniteError
        If `Y` holds NaN or infinity.
    """

    def __init__(self, Y: NDArray) -> None:
        self.Y = Y
        self.mean = np.empty(Y.shape[1])
        self.power = np.empty(Y.shape[1])
        for units in blocks(*Y.shape):
            block = Y[:, units].astype(np.float64)
            require_finite("Y", block, column="unit", first_column=units.start)
            self.mean[units] = exact_mean(block)
            block -= self.mean[units]
            self.power[units] = sum_of_squares(block)

    def blocks(self, what: str) -> Iterator[tuple[slice, Floats]]:
        """Slices of units and their deviations from the mean; progress is shown under the name `what`."""
        for units in tqdm(list(blocks(*self.Y.shape)), desc=what, delay=1, disable=None):
            block = self.Y[:, units].astype(np.float64)
            block -= self.mean[units]
            yield units, block


def exact_mean(block: Floats) -> Floats:
    """Mean of each column; a constant column's is exactly its value, so that nothing of it remains."""
    return np.where((block == block[0]).all(axis=0), block[0], block.mean(axis=0))


def sum_of_squares(matrix: NDArray) -> NDArray:
    """Sum of squares of each column."""
    return np.einsum("ij,ij->j", matrix, matrix)


def low_rank_scores(targets: Targets) -> Floats:
    """Scores P of the centred targets Y = P C, where the rows of C are orthonormal.

    P has at most n_samples columns, and any linear fit to P, spread by C, is the same fit to Y. Since C keeps
    lengths, squared errors summed over units are the same for P and for Y: whatever is decided from the sum
    over all units can be decided on P.

    Parameters
    ----------
    targets : Targets
        Of shape (n_samples, n_units).

    Returns
    -------
    (n_samples, k) array of float64
        P = U sqrt(D) from the eigenvectors U and eigenvalues D of the Gram matrix Y Y'. Eigenvalues below
        rounding (n_samples * eps times the largest) are left out, and with them directions of Y smaller than
        sqrt(n_samples * eps), less than a millionth, of its largest. C is ``(P / sum_of_squares(P))' Y``.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(2, 50))
    >>> low_rank_scores(Targets(np.array([[1, 0], [0, 1], [1, 1], [3, 2]]) @ rows)).shape
    (4, 2)
    """
    n_samples = len(targets.Y)
    gram = np.zeros((n_samples, n_samples))
    for _, block in targets.blocks("Gram matrix of the units"):
        gram += block @ block.T
    return scores_of(gram)


def scores_of(gram: Floats) -> Floats:
    """Scores P with ``P @ P.T == gram``, (n_samples, k), without directions that are zero to rounding."""
    values, vectors = np.linalg.eigh(gram)
    kept = values > len(gram) * EPS * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])


def spread(left: Floats, targets: Targets, dtype: DTypeLike) -> NDArray:
    """The product left' Y with the centred targets, block by block.

    Parameters
    ----------
    left : (n_samples, k) array
    targets : Targets
        Of shape (n_samples, n_units).
    dtype : dtype
        Of the result; each block is computed in float64.

    Returns
    -------
    (k, n_units) array
    """
    wide = np.empty((left.shape[1], targets.Y.shape[1]), dtype=dtype)
    for units, block in targets.blocks("expansion to the units"):
        wide[:, units] = left.T @ block
    return wide
