"""DualRidge: one factorisation of the features for ridge maps into any number of layers.

With one strength for all units, a prediction is a blend of the training samples' activations, ``A @ Y``, and the rows
of A sum to 1. A depends on the features and on two numbers, strength and gain, which follow from the Gram matrix of Y.
So a layer's wide axis is read once for its Gram matrix, and once for each product ``A @ Y``. The predictions are those
of `RidgeAdapter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import get_blas_funcs

from ...errors import InputError, ShapeError
from ..checks import require_finite
from ..factored import FactoredAdapter
from ..folds import encode_groups, split_samples
from ..gain import restoring_gain
from ..unit_blocks import EPS, Floats, scores_of
from .held_out import (
    HeldOutSums,
    PreparedFold,
    RidgeProblem,
    deviations,
    held_out_rows,
    held_out_sums,
    prepare_folds,
    sums_of_folds,
)
from .ridge import RidgeAdapter, checked_strengths
from .solvers import filter_factors
from .strengths import HeldOutErrors, errors_of, most_predictable, ridge_problem

(syrk,) = get_blas_funcs(("syrk",), dtype=np.float64)  # it computes one triangle, half the work


@dataclass(frozen=True)
class DualFit:
    """The choices for one layer: the strength, whether it is the smallest or largest of several, and the gain.

    `errors` (n_alphas,) are the held-out errors of the strengths: the squared error summed over units, mean over
    samples; or one minus the squared cosine. None if there was nothing to choose.
    """

    alpha: float
    at_edge: bool
    gain: float
    errors: Floats | None


class DualRidge:
    """Ridge from one set of features into any number of layers.

    With few features it stores their decomposition in each fold; with many, two n x n matrices for each of several
    strengths: 160 MB for 1,000 training samples and 10 strengths.

    Parameters
    ----------
    adapter : FactoredAdapter
        A `RidgeAdapter`, fitted or not, for its parameters: one strength for all units, and no gain per unit.
    X : (n_train, n_features) array-like
    groups : (n_train,) array-like, optional
        Samples with equal labels are never divided by cross-validation.

    Raises
    ------
    InputError
        If the adapter is not a ridge, has a strength or a gain per unit, or its `alphas`, `cv` or `groups` are not
        usable.
    ShapeError, NonFiniteError, UnknownNameError
        As `RidgeAdapter.fit`.

    Examples
    --------
    >>> from hotwire.adapters.blending import blended, gram
    >>> rng = np.random.default_rng(0)
    >>> voxels, new = rng.normal(size=(40, 6)), rng.normal(size=(3, 6))
    >>> layer = voxels @ rng.normal(size=(6, 1000)) + rng.normal(size=(40, 1000))
    >>> adapter = RidgeAdapter(gain="total")
    >>> dual = DualRidge(adapter, voxels)
    >>> predicted = blended(dual.blend(dual.fit(gram(layer)), new), layer)
    >>> np.allclose(predicted, adapter.fit(voxels, layer).predict(new), atol=1e-4)
    True
    """

    def __init__(self, adapter: FactoredAdapter, X: ArrayLike, groups: ArrayLike | None = None) -> None:
        if not isinstance(adapter, RidgeAdapter):
            raise InputError(
                f"adapter: expected the kind {RidgeAdapter.kind!r}, got {adapter.kind!r}: a Gram matrix tells what a "
                "ridge needs, and nothing of other kinds"
            )
        named = checked_strengths(adapter)
        for policy, enough in (("alpha_per", "all"), ("gain", "total")):
            if getattr(adapter, policy) == "unit":
                raise InputError(
                    f"{policy}='unit' cannot be had from a Gram matrix, which knows no units: "
                    f"use {policy}='{enough}', or fit a RidgeAdapter for each layer"
                )
        self._gain = adapter.gain
        X = _features("X", X)
        n_samples = len(X)
        if n_samples < 2:
            raise ShapeError(f"X has {n_samples} samples, expected at least 2")
        codes = None if groups is None else encode_groups(groups, n_samples)
        folds = split_samples(n_samples, codes, adapter.cv) if named is None or len(named) > 1 else []
        problem = self._problem = ridge_problem(X, adapter.scale, named, folds, adapter.choose_by)
        problem.parts.right[:, problem.features.constant] = 0.0
        condition = problem.parts.largest_square / float(problem.alphas.min()) if problem.quick else 0.0
        self._rounding = 10 * EPS * (n_samples + condition)
        self._forms = None
        if len(folds) * len(problem.parts.values) <= n_samples:
            self._few = problem.prepared()
        elif folds:
            self._forms = forms(problem)

    def fit(self, K: ArrayLike) -> DualFit:
        """Choose strength and gain for one layer.

        K (n_train, n_train) has the inner products of the training samples' targets, which may all be shifted by the
        same vector, as in `gram`. Raises ShapeError, InputError or NonFiniteError if it is not such a Gram matrix.
        """
        return self.fit_all(np.asarray(K, dtype=np.float64)[np.newaxis])[0]

    def fit_all(self, grams: ArrayLike) -> list[DualFit]:
        """`fit` for many layers at once, (n_layers, n_train, n_train), in a third of the time."""
        stack, alphas = np.asarray(grams, dtype=np.float64), self._problem.alphas
        n_samples = len(self._problem.X)
        if stack.shape[1:] != (n_samples, n_samples):
            raise ShapeError(
                f"K has shape {stack.shape[1:]}, expected {(n_samples, n_samples)}: inner products of the targets of "
                "the samples that X has"
            )
        power = np.array([_power(K) for K in stack])
        chosen, errors = np.zeros(len(stack), dtype=np.intp), [None] * len(stack)
        if self._problem.folds:
            if self._forms is None:
                sums = [sums_of_folds(self._few, alphas, K) for K in stack]
            else:
                sums = sums_of_forms(self._forms, stack)
            found = [self._errors(*of) for of in zip(sums, stack, power, strict=True)]
            chosen = np.array([of.first_least()[0] for of in found], dtype=np.intp)
            errors = [of.of_strengths[:, 0] for of in found]
        gains = self._gains(stack, power, chosen)
        at_edge = np.isin(alphas[chosen], (alphas.min(), alphas.max())) & (len(alphas) > 1)
        fits = zip(alphas[chosen].tolist(), at_edge.tolist(), gains.tolist(), errors, strict=True)
        return [DualFit(*of_layer) for of_layer in fits]

    def blend(self, fit: DualFit, X_new: ArrayLike) -> Floats:
        """The weights A (n_new, n_train) of the training samples in each new sample of `X_new` (n_new, n_features).

        Predicted activations are ``A @ Y``. Rows sum to 1: mean and gain are included. Raises ShapeError or
        NonFiniteError if `X_new` has another number of features, or NaN or infinity.
        """
        return self.blend_all([fit], X_new)[0]

    def blend_all(self, fits: Sequence[DualFit], X_new: ArrayLike) -> list[Floats]:
        """`blend` for many layers at once: layers with the same strength share its computation."""
        new = _features("X_new", X_new)
        (n_samples, n_features), features, parts = self._problem.X.shape, self._problem.features, self._problem.parts
        if new.shape[1] != n_features:
            raise ShapeError(f"X_new has {new.shape[1]} features, expected the {n_features} that X had")
        scores = ((new - features.mean) / features.scale) @ parts.right.T
        deviations = {
            alpha: (scores * filter_factors(parts.values, alpha).T) @ parts.left.T
            for alpha in {fit.alpha for fit in fits}
        }
        return [fit.gain * deviations[fit.alpha] + 1.0 / n_samples for fit in fits]

    @cached_property
    def _prepared(self) -> list[PreparedFold]:
        """Each fold's own decomposition, in full precision."""
        return prepare_folds(self._problem.X, self._problem.folds, self._problem.scale)

    def _errors(self, sums: HeldOutSums, K: Floats, power: float) -> HeldOutErrors:
        """The errors to minimise, (n_alphas, 1)."""
        if not power:
            return errors_of(self._problem, HeldOutSums(np.zeros_like(sums.error), sums.predicted, np.zeros(1)))
        errors = errors_of(self._problem, sums)
        least, next_to = np.partition(errors.of_strengths[:, 0], 1)[:2]
        # Rounding, a part of the total to predict, must not decide which of two errors is less.
        by_direction = self._problem.choose_by == "direction"
        uncertain = self._rounding * (1.0 if by_direction else power / len(K))
        if next_to - least > uncertain or (by_direction and least == 1.0):
            return errors
        centred = K - K.mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        exact = held_out_sums(self._prepared, self._problem.alphas, scores_of(centred))
        return errors_of(self._problem, exact.over_all())

    def _gains(self, stack: Floats, power: Floats, chosen: NDArray[np.intp]) -> Floats:
        gains, parts = np.ones(len(stack)), self._problem.parts
        for number in np.unique(chosen) if self._gain == "total" else ():
            alpha = float(self._problem.alphas[number])
            shrunk = parts.left * (parts.values * filter_factors(parts.values, alpha)[:, 0])
            form = doubled_triangle(shrunk.T, np.zeros(stack.shape[1:]))
            predictable = most_predictable(alpha, parts.largest_square)
            for layer in np.flatnonzero(chosen == number):
                predicted = max(0.0, float(np.vdot(stack[layer], form)))
                gains[layer] = restoring_gain(predicted, power[layer], predictable)
        return gains


def forms(problem: RidgeProblem) -> Floats:
    """The forms (2 * n_alphas + 1, n_samples, n_samples): M'H of each strength, H'H of each strength, and M'M.

    The sums of any number of targets are inner products of their Gram matrices with these, n^2 products for each
    strength; see `sums_of_forms`. They are for symmetric matrices: see `doubled_triangle`.
    """
    n_samples, n_alphas = len(problem.X), len(problem.alphas)
    sizes = [len(held_out) for _, held_out in problem.folds]
    means = np.zeros((len(sizes), n_samples))
    for mean, (train, _) in zip(means, problem.folds, strict=True):
        mean[train] = 1.0 / len(train)
    result = np.zeros((2 * n_alphas + 1, n_samples, n_samples))
    for number, rows in enumerate(held_out_rows(problem)):
        # M'H without a product of its size: a row of M is a 1 minus its fold's mean.
        of_folds = np.split(rows, np.cumsum(sizes)[:-1])
        for (_, held_out), of_fold in zip(problem.folds, of_folds, strict=True):
            result[number, held_out] += of_fold
        result[number] -= means.T @ np.stack([of_fold.sum(axis=0) for of_fold in of_folds])
        doubled_triangle(rows, result[n_alphas + number])
    doubled_triangle(deviations(n_samples, problem.folds), result[-1])
    return result


def sums_of_forms(result: Floats, grams: Floats) -> list[HeldOutSums]:
    """The sums over all held-out samples and units, from `forms`, for each of the Gram matrices (n_layers, n, n)."""
    n_alphas = len(result) // 2
    products = grams.reshape(len(grams), -1) @ result.reshape(len(result), -1).T
    inner, predicted, true = products[:, :n_alphas, None], products[:, n_alphas:-1, None], products[:, -1:]
    error = true[:, :, None] - 2 * inner + predicted
    return [HeldOutSums(*sums) for sums in zip(error, predicted, true, strict=True)]


def doubled_triangle(rows: Floats, out: Floats) -> Floats:
    """One triangle of ``rows.T @ rows``, off-diagonal doubled: the same inner products with symmetric matrices.

    `out` (n, n) is zero, and its other triangle stays zero.
    """
    syrk(2.0, rows.T, c=out.T, overwrite_c=1)
    np.einsum("ii->i", out)[:] /= 2
    return out


def _features(name: str, X: ArrayLike) -> Floats:
    array = np.asarray(X, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise ShapeError(f"{name} has shape {array.shape}, expected (n_samples, n_features)")
    require_finite(name, array, column="feature")
    return array


def _power(K: Floats) -> float:
    """Sum over units of squared deviations from the mean of the training samples; 0 if it is rounding."""
    total = K.sum()
    # The full check only follows if the sum is wrong, because there are many layers.
    if not np.isfinite(total):
        require_finite("K", K, row="row", column="column")
    if not np.allclose(K[0], K[:, 0], rtol=1e-6, atol=1e-6 * np.abs(K[0]).max()):
        raise InputError("K is not symmetric, expected inner products of targets: give gram(table), not the targets")
    size = np.trace(K)
    power = size - total / len(K)
    return float(power) if power > len(K) * EPS * size else 0.0
