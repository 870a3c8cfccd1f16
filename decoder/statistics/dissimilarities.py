"""Representational dissimilarity matrices (RDMs): how unlike the patterns of each pair of stimuli are.

An RDM is the vector of its pairs (n_pairs,), row by row above the diagonal, as `scipy.spatial.distance` orders them.

References
----------
Kriegeskorte, Mur & Bandettini (2008), Representational similarity analysis. Front. Syst. Neurosci. 2, 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError
from .correlations import similarity

LEAST_STIMULI = 4
"""With fewer there are so few pairs that their correlation says nothing."""


def dissimilarities(patterns: ArrayLike) -> NDArray[np.float64]:
    """One minus the Pearson correlation of each pair of patterns (n_stimuli, n_units), (n_pairs,); NaN for a constant.

    Examples
    --------
    >>> dissimilarities([[1, 2, 3], [2, 4, 6], [3, 2, 1]])
    array([0., 2., 2.])
    """
    patterns = np.asarray(patterns, np.float64)
    if patterns.ndim != 2 or patterns.shape[1] < 2:
        raise ShapeError(f"patterns: expected (n_stimuli, n_units) with two units or more, got {patterns.shape}")
    # Rounded, or equal patterns would differ by their last bits, and ranks would count that.
    return (1.0 - similarity(patterns, patterns)[np.triu_indices(len(patterns), 1)]).round(12) + 0.0


def rdm_of(matrix: ArrayLike, name: str = "rdm") -> NDArray[np.float64]:
    """An RDM given as a symmetric matrix with zeros on the diagonal, or as its pairs; returns the pairs.

    Examples
    --------
    >>> rdm_of([[0, 1, 2], [1, 0, 3], [2, 3, 0]])
    array([1., 2., 3.])
    """
    given = np.squeeze(np.asarray(matrix, np.float64))
    if given.ndim == 2 and given.shape[0] == given.shape[1]:
        if not np.allclose(given, given.T, equal_nan=True) or np.nan_to_num(given.diagonal()).any():
            raise InputError(f"{name}: expected dissimilarities, symmetric and 0 on the diagonal; got another matrix")
        given = given[np.triu_indices(len(given), 1)]
    if given.ndim != 1 or n_stimuli_of(len(given)) is None:
        raise ShapeError(
            f"{name}: expected (n_stimuli, n_stimuli) or its n_stimuli (n_stimuli - 1) / 2 pairs, got {given.shape}"
        )
    if not np.isfinite(given).all():
        raise InputError(f"{name}: expected finite dissimilarities, got {np.count_nonzero(~np.isfinite(given))} others")
    return given


def n_stimuli_of(n_pairs: int) -> int | None:
    """The number of stimuli that have so many pairs; None where there is none.

    >>> n_stimuli_of(4186), n_stimuli_of(7)
    (92, None)
    """
    n = round((1 + (1 + 8 * n_pairs) ** 0.5) / 2)
    return n if n * (n - 1) == 2 * n_pairs else None


def rdm_correlation(one: ArrayLike, other: ArrayLike, stimuli: ArrayLike | None = None) -> float:
    """Spearman's correlation of two RDMs (n_pairs,), over the pairs of all stimuli or of the given ones.

    `stimuli` are positions and may repeat, as in a bootstrap; pairs of a stimulus with itself are left out.

    Examples
    --------
    >>> rdm_correlation([1, 2, 3, 4, 5, 6], [10, 20, 30, 50, 40, 60])
    0.942857...
    """
    from scipy.stats import rankdata

    one, other = rdm_of(one, "one"), rdm_of(other, "other")
    n = n_stimuli_of(len(one))
    if len(one) != len(other) or n is None or n < LEAST_STIMULI:
        raise ShapeError(
            f"rdm: expected two of the same {LEAST_STIMULI} or more stimuli, got {len(one)} and {len(other)} pairs"
        )
    if stimuli is not None:
        pairs = _pairs_of(n, np.asarray(stimuli, np.intp))
        one, other = one[pairs], other[pairs]
    ranks = rankdata([one, other], axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks[0]) * np.linalg.norm(ranks[1])
    return float(ranks[0] @ ranks[1] / length) if length else float("nan")


def _pairs_of(n: int, stimuli: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions among all pairs of n stimuli of the pairs of these."""
    first, second = (stimuli[side] for side in np.triu_indices(len(stimuli), 1))
    differ = first != second
    low, high = np.minimum(first, second)[differ], np.maximum(first, second)[differ]
    return low * (2 * n - low - 1) // 2 + high - low - 1
