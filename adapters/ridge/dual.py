"""DualRidge: one factorisation of the features serves ridge maps into any number of layers.

With one strength for all units, a prediction is a blend of the training samples' activations, ``A @ Y``, and the rows
of A sum to 1. A depends on the features and on two numbers, strength and gain, which the Gram matrix of Y tells. So a
layer's wide axis is read once for its Gram matrix, and once for each product ``A @ Y``. The predictions are those of
`RidgeAdapter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from tqdm import tqdm

from ...errors import InputError, ShapeError
from ..checks import require_finite
from ..factored import FactoredAdapter
from ..targets import EPS, Floats, blocks, exact_mean, scores_of
from .alphas import most_predictable
from .folds import Fold, encode_groups, split_samples
from .forms import doubled_triangle, forms, held_out_rows, sums_of, syrk
from .gain import restoring_gain
from .ridge import RidgeAdapter, checked_strengths
from .solvers import (
    HeldOut,
    PreparedFold,
    decomposed,
    filter_factors,
    first_least,
    held_out_sums,
    prepare_folds,
    standardise,
)


@dataclass(frozen=True)
class DualFit:
    """What one layer's targets decide.

    Attributes
    ----------
    alpha : float
        The strength chosen.
    at_edge : bool
        Whether it is the smallest or largest of several.
    gain : float
        The factor on the prediction's deviation from the mean.
    errors : (n_alphas,) array or None
        On held-out samples, of each strength: the squared error summed over units, its mean over samples; or one minus
        the squared cosine. None if there was nothing to choose.
    """

    alpha: float
    at_edge: bool
    gain: float
    errors: Floats | None


class DualRidge:
    """Ridge from one set of features into any number of layers.

    It holds two n x n matrices for each of several strengths: 160 MB for 1,000 training samples and 10 strengths.

    Parameters
    ----------
    adapter : FactoredAdapter
        A `RidgeAdapter`; its parameters are meant, it need not be fitted: one strength for all units, and no gain for
        each.
    X : (n_train, n_features) array-like
    groups : (n_train,) array-like, optional
        Samples with equal labels are never divided by cross-validation.

    Raises
    ------
    InputError
        If the adapter is no ridge, or has a strength or a gain for each unit, or its `alphas`, `cv` or `groups` cannot
        be used.
    ShapeError, NonFiniteError, UnknownNameError
        As `RidgeAdapter.fit`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voxels, seen = rng.normal(size=(40, 6)), rng.normal(size=(3, 6))
    >>> layer = voxels @ rng.normal(size=(6, 1000)) + rng.normal(size=(40, 1000))
    >>> adapter = RidgeAdapter(gain="total")
    >>> dual = DualRidge(adapter, voxels)
    >>> predicted = blended(dual.blend(dual.fit(gram(layer)), seen), layer)
    >>> np.allclose(predicted, adapter.fit(voxels, layer).predict(seen), atol=1e-4)
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
        # Of centred features the columns have no mean; that the rounding has none either makes blends sum to 1.
        self._parts = replace(parts, left=parts.left - parts.left.mean(axis=0))
        self._folds: list[Fold] = []
        if len(self._alphas) > 1:
            self._folds = split_samples(n_samples, codes, adapter.cv)
            spectrum_of_all = self._parts if quick else None
            predictions = held_out_rows(self._X, self._folds, self._scale, self._alphas, spectrum_of_all)
            self._forms = forms(n_samples, self._folds, predictions, len(self._alphas))

    def fit(self, K: ArrayLike) -> DualFit:
        """Choose strength and gain for one layer.

        Parameters
        ----------
        K : (n_train, n_train) array-like
            Inner products of the training samples' targets; these may be shifted all alike, as `gram` shifts them.

        Raises
        ------
        ShapeError, InputError, NonFiniteError
            If `K` is no Gram matrix of the training samples.
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
        """What each new sample takes from each training sample.

        Parameters
        ----------
        fit : DualFit
            Of `fit`.
        X_new : (n_new, n_features) array-like

        Returns
        -------
        (n_new, n_train) array
            A: predicted activations are ``A @ Y``. Rows sum to 1: the mean and the gain are in it.

        Raises
        ------
        ShapeError, NonFiniteError
            If `X_new` has another number of features, or holds NaN or infinity.
        """
        return self.blend_all([fit], X_new)[0]

    def blend_all(self, fits: Sequence[DualFit], X_new: ArrayLike) -> list[Floats]:
        """`blend` for many layers at once: what layers with the same strength share is computed once."""
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
        """Each fold decomposed on its own, to all digits."""
        return prepare_folds(self._X, self._folds, self._scale)

    def _errors(self, sums: HeldOut, K: Floats, power: float) -> Floats:
        """What is to be least: `DualFit.errors`."""
        if not power:
            return self._measure(HeldOut(np.zeros_like(sums.error), sums.predicted, np.zeros(1)))
        errors = self._measure(sums)
        least, next_to = np.partition(errors, 1)[:2]
        # Which of two is less is not left to rounding, which is a part of all that there is to predict.
        uncertain = self._rounding * (1.0 if self._choose_by == "direction" else power / len(K))
        if next_to - least > uncertain or (self._choose_by == "direction" and least == 1.0):
            return errors
        centred = K - K.mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        return self._measure(held_out_sums(self._prepared, self._alphas, scores_of(centred)).over_all())

    def _measure(self, sums: HeldOut) -> Floats:
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


def gram(table: NDArray) -> Floats:
    """Inner products of the rows' deviations from their mean row, the wide axis being read once.

    In float64: what a strength leaves unexplained may be a small part of these, and a product in float32 would bury
    differences between strengths below a ten-millionth of all. It costs little, being done once for a layer.

    Parameters
    ----------
    table : (n, n_units) array
        Any real dtype; may be a memory map. Read in blocks.

    Returns
    -------
    (n, n) array

    Raises
    ------
    ShapeError, NonFiniteError
        If `table` has not two dimensions, or holds NaN or infinity.

    Examples
    --------
    >>> gram(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    _require_table(table)
    # One triangle, added up by BLAS itself.
    total = np.zeros((len(table), len(table)), order="F")
    for units in tqdm(list(blocks(*table.shape)), desc="Gram matrix of the units", delay=1, disable=None):
        block = table[:, units].astype(np.float64)
        require_finite("table", block, row="row", column="unit", first_column=units.start)
        block -= exact_mean(block)
        total = syrk(1.0, block.T, beta=1.0, c=total, trans=1, lower=1, overwrite_c=1)
    return np.tril(total) + np.tril(total, -1).T


def blended(A: ArrayLike, table: NDArray, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The product ``A @ table`` in float32, in blocks along the wide axis.

    What is multiplied are differences from a row of the table, which is added again: float32 keeps six digits of
    these, however far from zero a unit lies that varies little. Rows of the table that no row of A uses are not read.

    Parameters
    ----------
    A : (n_new, n) array-like
    table : (n, n_units) array
        Any real dtype; may be a memory map.
    out : (n_new, n_units) array of float32, optional
        Where to write.

    Raises
    ------
    ShapeError, NonFiniteError
        If shapes do not fit, or there is NaN or infinity.

    Examples
    --------
    >>> blended([[0.5, 0.5]], np.array([[1.0, 2.0], [3.0, 2.0]]))
    array([[2., 2.]], dtype=float32)
    """
    _require_table(table)
    A = np.asarray(A, dtype=np.float64, order="C")
    if A.ndim != 2 or A.shape[1] != len(table):
        raise ShapeError(f"A has shape {A.shape}, expected (n_new, {len(table)}): a column for each row of the table")
    require_finite("A", A, row="row", column="column")
    shape = (len(A), table.shape[1])
    result = np.empty(shape, dtype=np.float32) if out is None else out
    if result.shape != shape or result.dtype != np.float32:
        raise ShapeError(f"out has shape {result.shape} and dtype {result.dtype}, expected {shape} and float32")
    used = np.flatnonzero(A.any(axis=0))
    if not used.size:
        result[:] = 0.0
        return result
    weights = np.empty((len(A), len(used) + 1), dtype=np.float32)
    weights[:, :-1], weights[:, -1] = np.take(A, used, axis=1), A.sum(axis=1)
    precise = np.result_type(table.dtype, np.float32)
    for units in tqdm(list(blocks(len(used) + 1, table.shape[1])), desc="blending", delay=1, disable=None):
        rows = table[used, units]
        differences = np.empty((len(used) + 1, rows.shape[1]), dtype=np.float32)
        with np.errstate(invalid="ignore"):  # infinity is told of below
            np.subtract(rows, rows[0], out=differences[:-1], dtype=precise, casting="same_kind")
            differences[-1] = rows[0]
            np.matmul(weights, differences, out=result[:, units])
        if not np.isfinite(min(result[:, units], differences, key=np.size)).all():
            require_finite("table", table[:, units], row="row", column="unit", first_column=units.start)
    return result


def by_key(A: ArrayLike, keys: ArrayLike, n_keys: int) -> Floats:
    """Sum the columns of training samples that share a key (a word, a picture), so that A blends a table of keys.

    Parameters
    ----------
    A : (n_new, n_train) array-like
    keys : (n_train,) array-like of int
        Which row of the table each training sample's target is.
    n_keys : int

    Returns
    -------
    (n_new, n_keys) array
        Zero for keys that no sample has.

    Raises
    ------
    ShapeError, InputError
        If there is not one key for each column, or a key is not among 0 .. n_keys - 1.

    Examples
    --------
    >>> by_key([[0.2, 0.3, 0.5]], [2, 0, 2], 4)
    array([[0.3, 0. , 0.7, 0. ]])
    """
    A, keys = np.asarray(A, dtype=np.float64), np.asarray(keys)
    if A.ndim != 2 or keys.shape != A.shape[1:]:
        raise ShapeError(f"A has shape {A.shape} and keys {keys.shape}, expected a key for each column of A")
    if keys.dtype.kind not in "iu" or (keys.size and not 0 <= keys.min() <= keys.max() < n_keys):
        raise InputError(f"keys holds {np.unique(keys)[:5]} ..., expected whole numbers from 0 to {n_keys - 1}")
    membership = csr_array((np.ones(len(keys)), (np.arange(len(keys)), keys)), shape=(len(keys), n_keys))
    return np.ascontiguousarray(A @ membership)


def _features(name: str, X: ArrayLike) -> Floats:
    array = np.asarray(X, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise ShapeError(f"{name} has shape {array.shape}, expected (n_samples, n_features)")
    require_finite(name, array, column="feature")
    return array


def _require_table(table: NDArray) -> None:
    if np.ndim(table) != 2 or not np.size(table):
        raise ShapeError(f"table has shape {np.shape(table)}, expected (n, n_units)")


def _power(K: Floats) -> float:
    """Sum over units of squared deviations from the mean of the training samples; 0 where it is rounding."""
    total = K.sum()
    # Looked at in full only where the sum tells that something is wrong: there are many layers.
    if not np.isfinite(total):
        require_finite("K", K, row="row", column="column")
    if not np.allclose(K[0], K[:, 0], rtol=1e-6, atol=1e-6 * np.abs(K[0]).max()):
        raise InputError("K is not symmetric, expected inner products of targets: give gram(table), not the targets")
    size = np.trace(K)
    power = size - total / len(K)
    return float(power) if power > len(K) * EPS * size else 0.0
