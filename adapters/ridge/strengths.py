"""The strengths of ridge: given ones, default ones for features in any unit, and the choice of the best.

A choice is made on held-out samples or by generalised cross-validation. In float32, sums of squares are precise to a
part of `SINGLE`. A choice that depends on less is repeated in float64 for these units.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..backend import Array
from ..folds import Split
from ..row_space import deviations_in_row_space, is_wide
from ..unit_blocks import Floats, UnitBlocks, power_along
from .held_out import HeldOutSums, RidgeProblem, n_held_out, sums_of_gram
from .search import SEARCHES, PreparedSearch, by_subtraction, searched, searched_together
from .solvers import GRAM_ENOUGH, Standardised, Svd, quick_svd, standardise, thin_svd

WEAKEST, STRONGEST = 3e-7, 10.0
"""The range of default strengths, as parts of the features' largest squared singular value.

A strength adds to each squared singular value. Below this range ridge is least squares. Above it, all directions shrink
equally, and only the size of predictions changes.
"""

PER_DECADE = 2
MOST_DEFAULTS = 16

SINGLE = 3e-6
"""The largest error of sums of squares in float32, as a part of the targets' power."""

TIE = 1e-9
"""Errors that differ by less than this part of the total to predict differ by rounding."""


def default_alphas(largest_square: float) -> Floats:
    """The default strengths, ascending: half powers of ten, on the scale of the features.

    `largest_square` is the features' largest squared singular value, 0 if they are constant. Features in another unit
    (by a power of ten) get equivalent strengths.

    >>> default_alphas(1e6)[:3]
    array([0.31622777, 1.        , 3.16227766])
    >>> default_alphas(1e-20)[:3]
    array([3.16227766e-27, 1.00000000e-26, 3.16227766e-26])
    """
    size = largest_square or 1.0
    # A strength next to a border, to rounding, is inside: features in another unit must not lose it.
    low, high = (PER_DECADE * np.log10(size * part) for part in (WEAKEST, STRONGEST))
    return 10.0 ** (np.arange(np.ceil(low - 1e-6), np.floor(high + 1e-6) + 1) / PER_DECADE)


def checked_alphas(alphas: object, name: str = "alphas") -> Floats | None:
    """Strengths as an array in the given order, or None; InputError unless all are finite and above 0.

    >>> checked_alphas(3)
    array([3.])
    """
    if alphas is None:
        return None
    try:
        values = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    except (TypeError, ValueError):  # text, or a ragged list
        values = np.empty(0)
    if values.ndim != 1 or not values.size or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(
            f"{name}={alphas!r}, expected one or more finite numbers above 0, e.g. (1.0, 10.0, 100.0), or None for "
            "strengths on the scale of the features"
        )
    return values


def most_predictable(alpha: Any, largest_square: float) -> Any:
    """The largest part of a target that ridge with this strength can predict on its training samples.

    >>> most_predictable(3.0, 1.0)
    0.25
    """
    return largest_square / (largest_square + alpha)


def ridge_problem(
    X: NDArray, scale: str, named: Floats | None, folds: list[Split], choose_by: str = "error"
) -> RidgeProblem:
    """Decompose features (n_samples, n_features) as quickly as the strengths, `named` or the default ones, allow.

    Where there are far more features than samples, and no fold scales them, they become coordinates: see
    `hotwire.adapters.row_space`.
    """
    weakest = np.inf if named is None else float(named.min())
    wide = None
    if scale == "none" and is_wide(*X.shape):
        wide = deviations_in_row_space(X, 0.0 if named is None else weakest)
    # Far more features than samples leave no direction small but that of the mean: then weak strengths are no trouble.
    if wide is not None and 0 < GRAM_ENOUGH * wide.values[0] ** 2 <= weakest + wide.values[-2] ** 2:
        quick = Svd(wide.left, wide.values, wide.left * wide.values)
        X, mean = quick.X, wide.features.mean
        features = Standardised(X, mean, np.ones(len(mean)), np.zeros(len(X), bool))
    else:
        X, wide = X.astype(np.float64, copy=False), None
        features = standardise(X, scale)
        quick = quick_svd(features.X, weakest)
    parts = thin_svd(features.X) if quick is None else quick
    alphas = default_alphas(parts.largest_square) if named is None else named
    # Columns of centred features have mean 0. Removing also the mean of their rounding makes blends sum to 1.
    parts = replace(parts, left=parts.left - parts.left.mean(axis=0))
    return RidgeProblem(X, features, parts, quick is not None, scale, alphas, folds, choose_by, wide)


class HeldOutErrors(NamedTuple):
    """The errors to minimise, and the total to predict in the same measure."""

    of_strengths: Floats
    size: Floats

    def of_all(self) -> HeldOutErrors:
        """The errors (n_alphas,) of a strength for all units, from those of each."""
        return HeldOutErrors(self.of_strengths.mean(axis=1), self.size.mean())

    def first_least(self) -> NDArray[np.intp]:
        """The position of the least error in each column (n_alphas, n_units); the first, if several differ by rounding.

        >>> HeldOutErrors(np.array([[0.5, 0.7], [0.5 - 1e-12, 0.6]]), np.ones(2)).first_least()
        array([0, 1])
        """
        return (self.of_strengths <= self.of_strengths.min(axis=0) + TIE * self.size).argmax(axis=0)


def errors_of(problem: RidgeProblem, sums: HeldOutSums, n_units: int = 1) -> HeldOutErrors:
    """The errors to minimise, (n_alphas, n_targets); each target of the sums is the sum of `n_units`."""
    n_values = n_units * n_held_out(problem.folds)
    size = np.ones(sums.error.shape[1]) if problem.choose_by == "direction" else sums.true / n_values
    return HeldOutErrors(sums.errors(problem.choose_by, n_values), size)


def errors_for_all(problem: RidgeProblem, targets: UnitBlocks, K: Floats | None, solver: str) -> HeldOutErrors:
    """The held-out errors (n_alphas, 1) of one strength for all units; from K, the targets' Gram matrix, if known."""

    n_units, prepared = targets.Y.shape[1], None
    if K is None or _few_units(problem, targets):
        prepared = _search(problem, targets, solver, together=True)

    def measured(targets: UnitBlocks, K: Floats | None) -> HeldOutErrors:
        if prepared is None:
            assert K is not None
            return errors_of(problem, sums_of_gram(problem, K, targets.dtype), n_units)
        return errors_of(problem, searched_together(prepared(targets.backend, targets.dtype), targets), n_units)

    result = measured(targets, K)
    if targets.dtype == np.float32 and _uncertain(result.of_strengths, result.size).any():
        in_full = targets.in_full()
        return measured(in_full, in_full.gram() if prepared is None else None)
    return result


def errors_per_unit(problem: RidgeProblem, targets: UnitBlocks, solver: str) -> HeldOutErrors:
    """The held-out errors (n_alphas, n_units) of a strength for each unit."""
    prepared = _search(problem, targets, solver)

    def measured(targets: UnitBlocks) -> HeldOutErrors:
        search = prepared(targets.backend, targets.dtype)
        return errors_of(problem, searched(search, targets, len(problem.alphas)))

    errors, size = measured(targets)
    if targets.dtype == np.float32:
        # A residual's error is a part of its truth, so its square's error is that part of the geometric mean of both.
        by = size if problem.choose_by == "direction" else np.sqrt(errors.min(axis=0) * size)
        again = np.flatnonzero(_uncertain(errors, by))
        if again.size:
            errors[:, again], size[again] = measured(targets.some(again).in_full())
    return HeldOutErrors(errors, size)


def generalised_errors(problem: RidgeProblem, targets: UnitBlocks, K: Floats | None) -> HeldOutErrors:
    """The generalised cross-validation error, (n_alphas, n_units), or (n_alphas, 1) for all units from K.

    The mean squared residual over the squared share of remaining degrees of freedom (Golub, Heath & Wahba 1979,
    Generalized cross-validation as a method for choosing a good ridge parameter. Technometrics 21, 215-223). The mean
    is one fitted parameter.
    """
    parts, n_samples = problem.parts, len(problem.X)
    lost = problem.alphas[:, np.newaxis] / (parts.values**2 + problem.alphas[:, np.newaxis])
    freedom = (n_samples - 1 - (1 - lost).sum(axis=1, keepdims=True)) / n_samples
    if K is not None:
        along = power_along(K, parts.left)[:, np.newaxis]
        outside = np.maximum(np.trace(K) - along.sum(), 0.0)
        n_values = n_samples * targets.Y.shape[1]
        return HeldOutErrors((lost**2 @ along + outside) / n_values / freedom**2, np.full(1, np.trace(K) / n_values))
    left = targets.backend.put(parts.left.T, targets.dtype)
    errors, size = np.empty((len(lost), targets.Y.shape[1])), np.empty(targets.Y.shape[1])

    def written(units: slice, block: Array) -> None:
        along = targets.backend.get(left @ block).astype(np.float64) ** 2
        size[units] = targets.backend.get(targets.backend.squares(block)) / n_samples
        outside = n_samples * size[units] - along.sum(axis=0)
        errors[:, units] = (lost**2 @ along + np.maximum(outside, 0.0)) / n_samples / freedom**2

    targets.apply("generalised cross-validation", written)
    return HeldOutErrors(errors, size)


def _few_units(problem: RidgeProblem, targets: UnitBlocks) -> bool:
    """Whether residuals of the units take less than maps of the samples."""
    return targets.Y.shape[1] <= len(problem.X) and problem.one_serves_all


def _search(problem: RidgeProblem, targets: UnitBlocks, solver: str, together: bool = False) -> PreparedSearch:
    if _few_units(problem, targets):
        return SEARCHES["few units"](problem)
    if solver == "primal" and problem.quick:
        return by_subtraction(problem, together=together)
    return SEARCHES["weak strengths" if solver == "primal" else solver](problem)


def _uncertain(errors: Floats, size: Floats) -> NDArray[np.bool_]:
    """Whether rounding may have decided which error of a column (n_alphas, n_units) is the least."""
    least, next_to = np.partition(errors, 1, axis=0)[:2]
    return next_to - least <= SINGLE * size
