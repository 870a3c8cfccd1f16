"""The mathematics of ridge regression: plain functions over arrays, in float64.

With centred features X and centred targets Y, the ridge weights are (Hoerl & Kennard 1970)::

    W = (X'X + alpha I)^-1 X'Y  =  V diag(s / (s^2 + alpha)) U'Y      where  X = U diag(s) V'.

So one thin singular value decomposition is enough for all strengths, with more features than samples or fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from ..unit_blocks import EPS, Floats, sum_of_squares
from .alphas import default_alphas


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


GRAM_ENOUGH = 1e-7
"""For strengths above this part of the largest squared singular value, a Gram matrix has enough digits."""


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
    squares, vectors = np.linalg.eigh(X.T @ X if tall else X @ X.T)
    if not 0 < GRAM_ENOUGH * squares[-1] <= weakest:
        return None
    values, vectors = np.sqrt(np.maximum(squares, EPS * squares[-1]))[::-1], vectors[:, ::-1]
    if tall:
        return Svd(X @ vectors / values, values, X, vectors.T)
    return Svd(vectors, values, X)


def decomposed(X: Floats, alphas: Floats | None) -> tuple[Svd, bool, Floats]:
    """Decompose `X` as quickly as the strengths (None for the default ones) allow.

    Returns the decomposition, whether it is a `quick_svd`, and the strengths.
    """
    quick = quick_svd(X, np.inf if alphas is None else float(alphas.min()))
    parts = thin_svd(X) if quick is None else quick
    return parts, quick is not None, default_alphas(parts.largest_square) if alphas is None else alphas


def largest_square(X: Floats) -> float:
    """The largest squared singular value of `X` (n_samples, n_features), through its smaller Gram matrix."""
    gram = X.T @ X if X.shape[0] > X.shape[1] else X @ X.T
    top = len(gram) - 1
    return max(0.0, float(eigh(gram, eigvals_only=True, subset_by_index=[top, top], check_finite=False)[0]))


def filter_factors(values: Floats, alpha: ArrayLike) -> Floats:
    """Ridge's s / (s^2 + alpha) for each singular value s, (r, 1), or (r, n_units) for an alpha per unit.

    >>> filter_factors(np.array([2.0, 1.0]), 4.0)
    array([[0.25],
           [0.2 ]])
    """
    column = values[:, np.newaxis]
    return column / (column**2 + np.atleast_1d(alpha))
