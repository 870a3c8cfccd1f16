"""DualRidge: one factorisation of the features for ridge maps into any number of layers.

With one strength for all units, a prediction is a blend of the training samples' activations, ``A @ Y``, and the rows
of A sum to 1. A depends on the features and on two numbers, strength and gain, which follow from the Gram matrix of Y.
So a layer's wide axis is read once for its Gram matrix, and once for each product ``A @ Y``. The predictions are those
of `RidgeAdapter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError
from ..checks import require_finite
from ..factored import FactoredAdapter
from ..unit_blocks import EPS, Floats, scores_of
from .alphas import most_predictable
from .decomposition import decomposed, filter_factors, standardise
from .folds import Split, encode_groups, split_samples
from .forms import doubled_triangle, forms, held_out_rows, sums_of
from .gain import restoring_gain
from .held_out import HeldOutSums, PreparedFold, first_least, held_out_sums, prepare_folds
from .ridge import RidgeAdapter, checked_strengths


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

    It stores two n x n matrices for each of several strengths: 160 MB for 1,000 training samples and 10 strengths.

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
    >>> from hotwire.adapters.ridge.blending import blended, gram
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
        self._gain, self._choose_by, self._scale = adapter.gain, adapter.choose_by, adapter.scale
        self._X = _features("X", X)
        n_samples = len(self._X)
        if n_samples < 2:
            raise ShapeError(f"X has {n_samples} samples, expected at least 2")
        codes = None if groups is None else encode_groups(groups, n_samples)
        features = standardise(self._X, adapter.scale)
        self._mean, self._divisor = features.mean, features.scale
        parts, quick, self._alphas = decomposed(features.X, named)
        parts.right[:, features.constant] = 0.0
        condition = parts.largest_square / float(self._alphas.min()) if quick else 0.0
        self._rounding = 10 * EPS * (n_samples + condition)
        # Columns of centred features have mean 0. Removing also the mean of their rounding makes blends sum to 1.
        self._parts = replace(parts, left=parts.left - parts.left.mean(axis=0))
        self._folds: list[Split] = []
        if len(self._alphas) > 1:
            self._folds = split_samples(n_samples, codes, adapter.cv)
            svd_of_all = self._parts if quick else None
            predictions = held_out_rows(self._X, self._folds, self._scale, self._alphas, svd_of_all)
            self._forms = forms(n_samples, self._folds, predictions, len(self._alphas))

    def fit(self, K: ArrayLike) -> DualFit:
        """Choose strength and gain for one layer.

        K (n_train, n_train) has the inner products of the training samples' targets, which may all be shifted by the
        same vector, as in `gram`. Raises ShapeError, InputError or NonFiniteError if it is not such a Gram matrix.
        """
        return self.fit_all(np.asarray(K, dtype=np.float64)[np.newaxis])[0]

    def fit_all(self, grams: ArrayLike) -> list[DualFit]:
        """`fit` for many layers at once, (n_layers, n_train, n_train), in a third of the time."""
        stack = np.asarray(grams, dtype=np.float64)
        n_samples = len(self._X)
        if stack.shape[1:] != (n_samples, n_samples):
            raise ShapeError(
                f"K has shape {stack.shape[1:]}, expected {(n_samples, n_samples)}: inner products of the targets of "
                "the samples that X has"
            )
        power = np.array([_power(K) for K in stack])
        chosen, errors = np.zeros(len(stack), dtype=np.intp), [None] * len(stack)
        if self._folds:
            sums = sums_of(self._forms, stack)
            errors = [self._errors(*layer) for layer in zip(sums, stack, power, strict=True)]
            size = np.ones(len(stack)) if self._choose_by == "direction" else power / n_samples
            chosen = np.array([first_least(*layer) for layer in zip(errors, size, strict=True)], dtype=np.intp)
        gains = self._gains(stack, power, chosen)
        alphas = self._alphas[chosen]
        at_edge = np.isin(alphas, (self._alphas.min(), self._alphas.max())) & (len(self._alphas) > 1)
        return [
            DualFit(*layer) for layer in zip(alphas.tolist(), at_edge.tolist(), gains.tolist(), errors, strict=True)
        ]

    def blend(self, fit: DualFit, X_new: ArrayLike) -> Floats:
        """The weights A (n_new, n_train) of the training samples in each new sample of `X_new` (n_new, n_features).

        Predicted activations are ``A @ Y``. Rows sum to 1: mean and gain are included. Raises ShapeError or
        NonFiniteError if `X_new` has another number of features, or NaN or infinity.
        """
        return self.blend_all([fit], X_new)[0]

    def blend_all(self, fits: Sequence[DualFit], X_new: ArrayLike) -> list[Floats]:
        """`blend` for many layers at once: layers with the same strength share its computation."""
        new = _features("X_new", X_new)
        n_samples, n_features = self._X.shape
        if new.shape[1] != n_features:
            raise ShapeError(f"X_new has {new.shape[1]} features, expected the {n_features} that X had")
        parts = self._parts
        scores = ((new - self._mean) / self._divisor) @ parts.right.T
        deviations = {
            alpha: (scores * filter_factors(parts.values, alpha).T) @ parts.left.T
            for alpha in {fit.alpha for fit in fits}
        }
        return [fit.gain * deviations[fit.alpha] + 1.0 / n_samples for fit in fits]

    @cached_property
    def _prepared(self) -> list[PreparedFold]:
        """Each fold's own decomposition, in full precision."""
        return prepare_folds(self._X, self._folds, self._scale)

    def _errors(self, sums: HeldOutSums, K: Floats, power: float) -> Floats:
        """The errors to minimise: `DualFit.errors`."""
        if not power:
            return self._measure(HeldOutSums(np.zeros_like(sums.error), sums.predicted, np.zeros(1)))
        errors = self._measure(sums)
        least, next_to = np.partition(errors, 1)[:2]
        # Rounding, a part of the total to predict, must not decide which of two errors is less.
        uncertain = self._rounding * (1.0 if self._choose_by == "direction" else power / len(K))
        if next_to - least > uncertain or (self._choose_by == "direction" and least == 1.0):
            return errors
        centred = K - K.mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        return self._measure(held_out_sums(self._prepared, self._alphas, scores_of(centred)).over_all())

    def _measure(self, sums: HeldOutSums) -> Floats:
        if self._choose_by == "direction":
            return sums.off_direction()[:, 0]
        return sums.error[:, 0] / sum(len(held_out) for _, held_out in self._folds)

    def _gains(self, stack: Floats, power: Floats, chosen: NDArray[np.intp]) -> Floats:
        gains = np.ones(len(stack))
        if self._gain == "none":
            return gains
        for number in np.unique(chosen):
            shrinkage = self._parts.values * filter_factors(self._parts.values, self._alphas[number])[:, 0]
            predictable = most_predictable(self._alphas[number], self._parts.largest_square)
            form = doubled_triangle((self._parts.left * shrinkage).T, np.zeros(stack.shape[1:]))
            for layer in np.flatnonzero(chosen == number):
                predicted = max(0.0, float(np.vdot(stack[layer], form)))
                gains[layer] = restoring_gain(predicted, power[layer], predictable)
        return gains


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
