"""The solvers of ridge: one decomposition of the features, and from it the map for any strengths, in two factors.

With centred features X and centred targets Y, the ridge weights are (Hoerl & Kennard 1970)::

    W = (X'X + alpha I)^-1 X'Y  =  V diag(s / (s^2 + alpha)) U'Y      where  X = U diag(s) V'.

So one thin singular value decomposition is enough for all strengths, with more features than samples or fewer. The map
is in factors: a projection (n_features, k) in float64 and an expansion (k, n_units), k as small as the problem allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh, get_lapack_funcs

from ..backend import Array, one_thread
from ..unit_blocks import EPS, Floats, UnitBlocks, low_rank_scores, power_along, singular_basis, spread, sum_of_squares

GRAM_ENOUGH = 1e-7
"""For strengths above this part of the largest squared singular value, a Gram matrix has enough digits."""

FULL = 0.9
"""From this part of full rank on, the targets themselves are the factor: a slightly smaller one is not worth its
product.
"""

LOW = 1e-5
"""Below this part of the targets' variance, a direction in float32 may be rounding."""


@dataclass(frozen=True)
class Standardised:
    """Features (n_samples, n_features), centred and divided by their scale.

    `constant` marks features without variance, to rounding: zero in `X`, with scale 1.
    """

    X: Floats
    mean: Floats
    scale: Floats
    constant: NDArray[np.bool_]


def standardise(X: Floats, scale: str) -> Standardised:
    """Centre each feature and, where `scale` is ``"unit_variance"``, divide it by its standard deviation."""
    mean = X.mean(axis=0)
    centred = X - mean
    deviation = np.sqrt(sum_of_squares(centred) / len(X))
    constant = deviation <= len(X) * EPS * np.abs(mean)
    centred[:, constant] = 0.0
    divisor = np.where(constant | (scale == "none"), 1.0, deviation)
    centred /= divisor
    return Standardised(centred, mean, divisor, constant)


@dataclass(frozen=True)
class Svd:
    """The thin singular value decomposition X = left @ diag(values) @ right, values descending, without null
    directions.
    """

    left: Floats
    values: Floats
    X: Floats
    given: Floats | None = None
    """`right`, if it is known already."""

    @property
    def largest_square(self) -> float:
        """The largest squared singular value; 0 if there is none."""
        return float(self.values[:1].sum() ** 2)

    @cached_property
    def right(self) -> Floats:
        return self.left.T @ self.X / self.values[:, np.newaxis] if self.given is None else self.given


def thin_svd(X: Floats) -> Svd:
    """Decompose `X` (n_samples, n_features), without singular values that are zero to rounding."""
    left, values, right = np.linalg.svd(X, full_matrices=False)
    kept = values > max(X.shape) * EPS * values[0]
    return Svd(left[:, kept], values[kept], X, right[kept])


def quick_svd(X: Floats, weakest: float) -> Svd | None:
    """Decompose `X` (n_samples, n_features) for strengths from `weakest` on, through its smaller Gram matrix.

    It is three times as fast as `thin_svd`, but squares the condition: squared singular values have the rounding error
    of the largest one, and are at least that. Relative to a strength of at least `GRAM_ENOUGH` times the largest, the
    error is 2e-9. The smaller of the two bases is complete, with null directions; with at least as many features as
    samples it has n_samples left vectors. Returns None if `weakest` is too weak for this, or `X` is zero.

    >>> quick_svd(np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), 1.0).values
    array([3., 2.])
    """
    tall = X.shape[0] > X.shape[1]
    values, vectors = singular_basis(X.T @ X if tall else X @ X.T)
    if not 0 < GRAM_ENOUGH * values[0] ** 2 <= weakest:
        return None
    return Svd(X @ vectors / values, values, X, vectors.T) if tall else Svd(vectors, values, X)


def largest_square(X: Floats) -> float:
    """The largest squared singular value of `X` (n_samples, n_features), through its smaller Gram matrix."""
    gram = X.T @ X if X.shape[0] > X.shape[1] else X @ X.T
    top = len(gram) - 1
    with one_thread:
        return max(0.0, float(eigh(gram, eigvals_only=True, subset_by_index=[top, top], check_finite=False)[0]))


def filter_factors(values: Floats, alpha: ArrayLike) -> Floats:
    """Ridge's s / (s^2 + alpha) for each singular value s, (r, 1), or (r, n_units) for an alpha per unit.

    >>> filter_factors(np.array([2.0, 1.0]), 4.0)
    array([[0.25],
           [0.2 ]])
    """
    column = values[:, np.newaxis]
    return column / (column**2 + np.atleast_1d(alpha))


def predicted_power(parts: Svd, alpha: float, K: Floats) -> float:
    """Sum over units of the squared deviations that a map with one strength predicts for its training samples."""
    shrinkage = (parts.values * filter_factors(parts.values, alpha)[:, 0]) ** 2
    return max(0.0, float(shrinkage @ power_along(K, parts.left)))


class Factors(NamedTuple):
    """A map in factors: projection (n_features, k) in float64, expansion (k, n_units)."""

    projection: Floats
    expansion: NDArray


def room_for_targets(parts: Svd, targets: UnitBlocks, dtype: type, out: NDArray | None) -> NDArray | None:
    """An array to store the targets during their Gram matrix, if they will surely be the expansion; else None.

    They will be if the features have nearly all directions that samples can have, and some units have them, too.
    """
    n_samples, n_units = targets.Y.shape
    rank = len(parts.values)
    if rank < FULL * n_samples or n_units < 2 * n_samples:
        return None
    if not _surely_full(targets.some(slice(2 * n_samples)).gram()):
        return None
    return np.empty((n_samples, n_units), dtype) if out is None else out


def factors_for_all(
    parts: Svd,
    alpha: float,
    targets: UnitBlocks,
    K: Floats | None,
    dtype: type,
    out: NDArray | None = None,
    kept: NDArray | None = None,
) -> Factors:
    """The map with one strength for all units; its expansion is of `dtype`, or in the first rows of `out`.

    K is the targets' Gram matrix, if known, and `kept` their deviations (see `room_for_targets`). k is n_units if that
    is at most the features' rank r; else the rank of the targets if that is lower; else r. If the features have nearly
    all directions that samples can have, k is n_samples: the expansion is then the targets themselves, without a
    product along the wide axis.
    """
    n_samples, n_units = targets.Y.shape
    rank = len(parts.values)
    factors = filter_factors(parts.values, alpha)
    if n_units <= rank:
        weights = factors * spread(parts.left, targets.in_full(), np.float64)
        return Factors(parts.right.T @ weights, _written(np.eye(n_units, dtype=dtype), out))
    if kept is None and K is not None and _looks_low(K, rank):
        scores = low_rank_scores(targets.in_full())
        if scores.shape[1] < rank:
            weights = factors * (parts.left.T @ scores)
            loadings = scores / sum_of_squares(scores)
            return Factors(parts.right.T @ weights, spread(loadings, targets, dtype, _first(out, scores.shape[1])))
    if K is None or rank < FULL * n_samples:
        return Factors(parts.right.T, spread(parts.left * factors.T, targets, dtype, _first(out, rank)))
    if parts.given is None:  # right vectors would cost as much, and these strengths do not need them
        projection = parts.X.T @ ((parts.left / (parts.values**2 + alpha)) @ parts.left.T)
    else:
        projection = parts.right.T @ (factors * parts.left.T)
    if kept is None:
        kept = targets.deviations("centred units", np.empty((n_samples, n_units), dtype) if out is None else out)
    return Factors(projection, kept)


def factors_per_unit(
    parts: Svd, alphas: Floats, targets: UnitBlocks, dtype: type, out: NDArray | None = None
) -> Factors:
    """The map with a strength for each unit, through the rank r of the features; `dtype` and `out` as in
    `factors_for_all`.
    """
    expansion = np.empty((len(parts.values), len(alphas)), dtype) if out is None else out[: len(parts.values)]
    left = targets.backend.put(parts.left.T, targets.dtype)

    def written(units: slice, block: Array) -> None:
        factors = filter_factors(parts.values, alphas[units])
        np.multiply(targets.backend.get(left @ block), factors, out=expansion[:, units], casting="same_kind")

    targets.apply("expansion to the units", written)
    return Factors(parts.right.T, expansion)


def _surely_full(K: Floats) -> bool:
    """Whether targets have all directions that deviations from a mean can have, all well above rounding."""
    size = K.diagonal().max()
    try:
        np.linalg.cholesky(K + size / len(K) - LOW * size * np.eye(len(K)))
    except np.linalg.LinAlgError:
        return False
    return True


def _looks_low(K: Floats, rank: int) -> bool:
    """Whether targets may have fewer directions than the features: a pivoted Cholesky stops at their rank."""
    (pstrf,) = get_lapack_funcs(("pstrf",), (K,))
    _, _, rank_of_K, _ = pstrf(K, tol=LOW * max(K.diagonal().max(initial=0.0), np.finfo(np.float64).tiny), lower=1)
    return int(rank_of_K) < FULL * rank


def _first(out: NDArray | None, n_rows: int) -> NDArray | None:
    return None if out is None else out[:n_rows]


def _written(array: NDArray, out: NDArray | None) -> NDArray:
    if out is None:
        return array
    out[: len(array)] = array
    return out[: len(array)]
