"""The mathematics of ridge regression: plain functions over arrays, in float64.

With centred features X and centred targets Y, the ridge weights are (Hoerl & Kennard 1970)::

    W = (X'X + alpha I)^-1 X'Y  =  V diag(s / (s^2 + alpha)) U'Y      where  X = U diag(s) V'.

One thin singular value decomposition therefore serves every strength, whether there are more features than
samples or fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from tqdm import tqdm

from ..targets import EPS, Floats, sum_of_squares
from .alphas import default_alphas
from .folds import Fold


@dataclass(frozen=True)
class Standardised:
    """Features with their mean taken out and their scale divided out.

    Attributes
    ----------
    X : (n_samples, n_features) array
    mean, scale : (n_features,) arrays
    constant : (n_features,) array of bool
        Features that do not vary beyond rounding: zero in `X`, with scale 1.
    """

    X: Floats
    mean: Floats
    scale: Floats
    constant: NDArray[np.bool_]


def standardise(X: Floats, scale: str) -> Standardised:
    """Centre each feature and, where `scale` is ``"unit_variance"``, divide it by its standard deviation.

    Parameters
    ----------
    X : (n_samples, n_features) array
    scale : {"none", "unit_variance"}

    Examples
    --------
    >>> standardise(np.array([[1.0, 5.0], [5.0, 5.0]]), "unit_variance").X
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    mean = X.mean(axis=0)
    centred = X - mean
    deviation = np.sqrt(sum_of_squares(centred) / len(X))
    constant = deviation <= len(X) * EPS * np.abs(mean)
    centred[:, constant] = 0.0
    divisor = np.where(constant | (scale == "none"), 1.0, deviation)
    centred /= divisor
    return Standardised(centred, mean, divisor, constant)


@dataclass(frozen=True)
class Spectrum:
    """The thin singular value decomposition X = left @ diag(values) @ right, without null directions.

    Attributes
    ----------
    left : (n_samples, r) array
    values : (r,) array, descending
    X : (n_samples, n_features) array
        What was decomposed.
    right : (r, n_features) array
    """

    left: Floats
    values: Floats
    X: Floats
    given: Floats | None = None
    """`right`, where it is known already."""

    @property
    def largest_square(self) -> float:
        """The largest squared singular value; 0 where there is none."""
        return float(self.values[:1].sum() ** 2)

    @cached_property
    def right(self) -> Floats:
        return self.left.T @ self.X / self.values[:, np.newaxis] if self.given is None else self.given


def spectrum(X: Floats) -> Spectrum:
    """Decompose `X` (n_samples, n_features), leaving out singular values that are zero to rounding.

    Examples
    --------
    >>> spectrum(np.ones((3, 2))).values.shape
    (1,)
    """
    left, values, right = np.linalg.svd(X, full_matrices=False)
    kept = values > max(X.shape) * EPS * values[0]
    return Spectrum(left[:, kept], values[kept], X, right[kept])


GRAM_ENOUGH = 1e-7
"""Strengths above this part of the largest squared singular value need no more digits than a Gram matrix keeps."""


def quick_spectrum(X: Floats, weakest: float) -> Spectrum | None:
    """Decompose `X` (n_samples, n_features) for strengths from `weakest` on, through its smaller Gram matrix.

    Three times as fast as `spectrum`, but squares the condition: squared singular values come out within rounding of
    the largest, and are not let below that. Beside a strength of at least `GRAM_ENOUGH` times the largest this is a
    part of 2e-9. The smaller of the two bases is complete, null directions included: where features are no fewer than
    samples, these are n_samples left vectors.

    Returns
    -------
    Spectrum or None
        None where `weakest` is too weak for this, or `X` is zero.

    Examples
    --------
    >>> quick_spectrum(np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), 1.0).values
    array([3., 2.])
    """
    tall = X.shape[0] > X.shape[1]
    squares, vectors = np.linalg.eigh(X.T @ X if tall else X @ X.T)
    if not 0 < GRAM_ENOUGH * squares[-1] <= weakest:
        return None
    values, vectors = np.sqrt(np.maximum(squares, EPS * squares[-1]))[::-1], vectors[:, ::-1]
    if tall:
        return Spectrum(X @ vectors / values, values, X, vectors.T)
    return Spectrum(vectors, values, X)


def decomposed(X: Floats, alphas: Floats | None) -> tuple[Spectrum, bool, Floats]:
    """Decompose `X` (n_samples, n_features) as quickly as the strengths allow, which are the default ones for None.

    Returns
    -------
    parts : Spectrum
    quick : bool
        Whether it is a `quick_spectrum`.
    alphas : (n_alphas,) array
    """
    quick = quick_spectrum(X, np.inf if alphas is None else float(alphas.min()))
    parts = spectrum(X) if quick is None else quick
    return parts, quick is not None, default_alphas(parts.largest_square) if alphas is None else alphas


def largest_square(X: Floats) -> float:
    """The largest squared singular value of `X` (n_samples, n_features), through its smaller Gram matrix."""
    gram = X.T @ X if X.shape[0] > X.shape[1] else X @ X.T
    top = len(gram) - 1
    return max(0.0, float(eigh(gram, eigvals_only=True, subset_by_index=[top, top], check_finite=False)[0]))


def filter_factors(values: Floats, alpha: ArrayLike) -> Floats:
    """Ridge's s / (s^2 + alpha) for each singular value s, (r, 1), or (r, n_units) for an alpha per unit.

    Examples
    --------
    >>> filter_factors(np.array([2.0, 1.0]), 4.0)
    array([[0.25],
           [0.2 ]])
    """
    column = values[:, np.newaxis]
    return column / (column**2 + np.atleast_1d(alpha))


@dataclass(frozen=True)
class PreparedFold:
    """One fold's decomposition, from which every strength and every unit is served.

    Attributes
    ----------
    train, held_out : arrays of int
        Positions of the samples.
    left : (n_train, r) array
        Left singular vectors of the training features.
    values : (r,) array
        Their singular values.
    held_out_scores : (n_held_out, r) array
        The held-out features along the right singular vectors.
    """

    train: NDArray[np.intp]
    held_out: NDArray[np.intp]
    left: Floats
    values: Floats
    held_out_scores: Floats


def prepare_folds(X: Floats, folds: list[Fold], scale: str, weakest: float | None = None) -> list[PreparedFold]:
    """Standardise and decompose the features of each fold, by its training samples alone.

    Parameters
    ----------
    X : (n_samples, n_features) array
    folds : list of (train, held_out)
    scale : {"none", "unit_variance"}
    weakest : float, optional
        Strengths below will not be asked for: a `quick_spectrum` may do.
    """
    if scale == "none" and X.shape[1] > X.shape[0]:
        # X' = Q R: samples keep all their inner products in the coordinates R', so no fold needs the wide X.
        # The mean goes out first, as folds centre themselves and it would only cost digits.
        X = np.asarray(np.linalg.qr((X - X.mean(axis=0)).T, mode="r")).T
    prepared = []
    for train, held_out in tqdm(folds, desc="decomposing folds", delay=1, disable=None):
        features = standardise(X[train], scale)
        parts = (None if weakest is None else quick_spectrum(features.X, weakest)) or spectrum(features.X)
        scores = ((X[held_out] - features.mean) / features.scale) @ parts.right.T
        prepared.append(PreparedFold(train, held_out, parts.left, parts.values, scores))
    return prepared


TIE = 1e-9
"""Errors that differ by less than this part of what there is to predict differ by rounding."""


def first_least(errors: Floats, size: ArrayLike) -> NDArray[np.intp]:
    """Position of the least error in each column; of several that only rounding tells apart, the first.

    Parameters
    ----------
    errors : (n_alphas, n_units) or (n_alphas,) array
    size : float or (n_units,) array-like
        What there is to predict, in the same measure.

    Examples
    --------
    >>> first_least(np.array([[0.5, 0.7], [0.5 - 1e-12, 0.6]]), 1.0)
    array([0, 1])
    """
    return (errors <= errors.min(axis=0) + TIE * np.asarray(size)).argmax(axis=0)


@dataclass(frozen=True)
class HeldOut:
    """Sums over all held-out samples, of deviations from the mean of each fold's training samples.

    Attributes
    ----------
    error, predicted : (n_alphas, n_targets) arrays
        Squared error, and squared prediction.
    true : (n_targets,) array
        Squared truth.

    Where only errors were asked for, `predicted` is zero, and `true` taken from the mean of all samples.
    """

    error: Floats
    predicted: Floats
    true: Floats

    def over_all(self) -> HeldOut:
        """The same sums over all targets, as one."""
        return HeldOut(
            self.error.sum(axis=1, keepdims=True),
            self.predicted.sum(axis=1, keepdims=True),
            self.true.sum(keepdims=True),
        )

    def off_direction(self) -> Floats:
        """One minus the squared cosine between prediction and truth, (n_alphas, n_targets).

        This is the part of the truth that no gain of the prediction could explain: blind to how far a strength shrinks
        predictions, which a gain makes good. It is 1 where nothing, or the opposite, is predicted.
        """
        inner = (self.predicted + self.true - self.error) / 2
        norms = self.predicted * self.true
        known = (inner > 0) & (norms > 0)
        return 1.0 - np.where(known, inner**2 / np.where(known, norms, 1.0), 0.0)


def held_out_sums(folds: list[PreparedFold], alphas: Floats, Y: Floats) -> HeldOut:
    """How each strength does on the held-out samples.

    Parameters
    ----------
    folds : list of PreparedFold
    alphas : (n_alphas,) array
    Y : (n_samples, n_targets) array
    """
    error, predicted = np.zeros((2, len(alphas), Y.shape[1]))
    true = np.zeros(Y.shape[1])
    for fold in folds:
        train = Y[fold.train]
        mean = train.mean(axis=0)
        along = fold.left.T @ (train - mean)
        truth = Y[fold.held_out] - mean
        true += sum_of_squares(truth)
        for number, alpha in enumerate(alphas):
            guess = (fold.held_out_scores * filter_factors(fold.values, alpha).T) @ along
            predicted[number] += sum_of_squares(guess)
            guess -= truth
            error[number] += sum_of_squares(guess)
    return HeldOut(error, predicted, true)
