"""How close predictions are to the truth: unit by unit over samples, or sample by sample over units.

Everywhere ``true`` and ``predicted`` are (n_samples, n_units). The correlation of a constant is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ShapeError


def profile_correlation(true: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation of each unit's profile over the samples, (n_units,).

    References
    ----------
    Horikawa & Kamitani (2017), Generic decoding of seen and imagined objects using hierarchical visual features. Nat.
    Commun. 8, 15037.

    Examples
    --------
    >>> profile_correlation([[1, 5], [2, 5], [3, 6]], [[2, 1], [4, 1], [6, 0]])
    array([ 1., -1.])
    """
    true, predicted = _pair(true, predicted)
    return _cosines(true - true.mean(axis=0), predicted - predicted.mean(axis=0), axis=0)


def pattern_correlation(true: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation of each sample's pattern over the units, (n_samples,).

    Patterns share their mean pattern, which alone correlates highly: subtract the training samples' mean activation
    from both first.

    References
    ----------
    Horikawa & Kamitani (2017), as for `profile_correlation`.

    Examples
    --------
    >>> pattern_correlation([[1, 2, 3], [1, 2, 3]], [[2, 4, 6], [3, 2, 1]])
    array([ 1., -1.])
    """
    true, predicted = _pair(true, predicted)
    return _cosines(true - true.mean(axis=1, keepdims=True), predicted - predicted.mean(axis=1, keepdims=True), axis=1)


def similarity(predicted: ArrayLike, candidates: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation of every prediction's pattern (n_samples, n_units) with every candidate's.

    The result (n_samples, n_candidates) can be the scores for `hotwire.decoder.statistics.identification`.

    Examples
    --------
    >>> similarity([[1, 2, 3]], [[2, 4, 6], [3, 2, 1]])
    array([[ 1., -1.]])
    """
    a, b = np.asarray(predicted, np.float64), np.asarray(candidates, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ShapeError(
            f"candidates: expected (n_candidates, n_units) with the units of predicted {a.shape}, got {b.shape}"
        )
    return _unit_length(a - a.mean(axis=1, keepdims=True)) @ _unit_length(b - b.mean(axis=1, keepdims=True)).T


def explained_variance(true: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Share of each unit's variance that the prediction explains, (n_units,): 1 - Var(true - predicted) / Var(true).

    Below zero where the prediction adds more than it explains. A wrong mean costs nothing.

    References
    ----------
    Sahani & Linden (2003), How linear are auditory cortical responses? Adv. Neural Inf. Process. Syst. 15, 109-116.

    Examples
    --------
    >>> explained_variance([[1.0], [2.0], [3.0]], [[1.5], [2.0], [2.5]])
    array([0.75])
    """
    true, predicted = _pair(true, predicted)
    variance = true.var(axis=0)
    left = (true - predicted).var(axis=0)
    return 1.0 - np.divide(left, variance, out=np.full_like(variance, np.nan), where=_varies(true, axis=0))


def _pair(true: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    true, predicted = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
    if true.ndim != 2 or true.shape != predicted.shape or not len(true):
        raise ShapeError(f"predicted: expected (n_samples, n_units) as true {true.shape}, got {predicted.shape}")
    return true, predicted


def _varies(X: NDArray[np.float64], axis: int) -> NDArray[np.bool_]:
    return X.max(axis=axis) > X.min(axis=axis)


def _cosines(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Cosine of the angle between deviations; NaN where one of them is constant."""
    length = np.sqrt((a * a).sum(axis=axis) * (b * b).sum(axis=axis))
    varies = _varies(a, axis) & _varies(b, axis)
    return np.divide((a * b).sum(axis=axis), length, out=np.full_like(length, np.nan), where=varies)


def _unit_length(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(deviations, axis=1, keepdims=True)
    varies = _varies(deviations, axis=1)[:, None]
    return np.divide(deviations, length, out=np.full_like(deviations, np.nan), where=varies)
