"""The choice of strengths, on held-out samples or by generalised cross-validation.

In float32, sums of squares are precise to a part of `SINGLE`. A choice that depends on less is repeated in float64 for
these units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..plan import FitPlan
from ..unit_blocks import Floats, UnitBlocks, power_along
from .decomposition import Svd
from .folds import Split
from .forms import all_whole, held_out_rows, sums_for_one, sums_in_basis
from .held_out import HeldOutSums, prepare_folds
from .primal import PrimalSearch
from .search import DualSearch, FoldSearch, Search, search

SINGLE = 3e-6
"""The largest error of sums of squares in float32, as a part of the targets' power."""


class RidgeProblem(NamedTuple):
    """The input of all ways to choose.

    X (n_samples, n_features) is not standardised: folds do this with their training samples. `parts` is the
    decomposition of all standardised features, with centred left vectors; `quick` is whether it is a `quick_svd`.
    """

    X: Floats
    parts: Svd
    quick: bool
    scale: str
    alphas: Floats
    choose_by: str

    def held_out_rows(self, folds: list[Split]) -> Iterator[Floats]:
        """The rows H of each strength, see `hotwire.adapters.ridge.forms`."""
        return held_out_rows(self.X, folds, self.scale, self.alphas, self.parts if self.quick else None)

    def measured(self, sums: HeldOutSums, n_values: int) -> HeldOutErrors:
        """The errors to minimise, (n_alphas, n_units)."""
        if self.choose_by == "direction":
            return HeldOutErrors(sums.off_direction(), np.ones(sums.error.shape[1]))
        return HeldOutErrors(sums.error / n_values, sums.true / n_values)


class HeldOutErrors(NamedTuple):
    """The errors to minimise, and the total to predict in the same measure."""

    of_strengths: Floats
    size: Floats

    def of_all(self) -> HeldOutErrors:
        """The errors (n_alphas,) of a strength for all units, from those of each."""
        return HeldOutErrors(self.of_strengths.mean(axis=1), self.size.mean())


def errors_for_all(
    problem: RidgeProblem, folds: list[Split], plan: FitPlan, targets: UnitBlocks, K: Floats | None
) -> HeldOutErrors:
    """The held-out errors (n_alphas, 1) of one strength for all units; K is the targets' Gram matrix if the plan is
    dual.
    """
    n_values = sum(len(held_out) for _, held_out in folds) * targets.Y.shape[1]

    def measured(K: Floats | None, targets: UnitBlocks) -> HeldOutErrors:
        if K is None:
            sums = search(_search(problem, folds, plan, targets), targets, len(problem.alphas)).over_all()
        else:
            sums = _sums_from_gram(problem, folds, K, targets.dtype)
        return problem.measured(sums, n_values)

    result = measured(K, targets)
    if targets.dtype == np.float32 and _uncertain(result.of_strengths, result.size).any():
        in_full = targets.in_full()
        return measured(None if K is None else in_full.gram(), in_full)
    return result


def errors_per_unit(problem: RidgeProblem, folds: list[Split], plan: FitPlan, targets: UnitBlocks) -> HeldOutErrors:
    """The held-out errors (n_alphas, n_units) of a strength for each unit."""
    n_values = sum(len(held_out) for _, held_out in folds)

    sums_of = _search(problem, folds, plan, targets)

    def measured(sums_of: Search, targets: UnitBlocks) -> HeldOutErrors:
        return problem.measured(search(sums_of, targets, len(problem.alphas)), n_values)

    errors, size = measured(sums_of, targets)
    if targets.dtype == np.float32:
        # A residual's error is a part of its truth, so its square's error is that part of the geometric mean of both.
        by = size if problem.choose_by == "direction" else np.sqrt(errors.min(axis=0) * size)
        again = np.flatnonzero(_uncertain(errors, by))
        if again.size:
            errors[:, again], size[again] = measured(sums_of.at(np.float64), targets.some(again).in_full())
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
    for units, block, _ in targets.walk("generalised cross-validation"):
        along = targets.backend.get(left @ block).astype(np.float64) ** 2
        size[units] = targets.backend.get(targets.backend.squares(block)) / n_samples
        outside = n_samples * size[units] - along.sum(axis=0)
        errors[:, units] = (lost**2 @ along + np.maximum(outside, 0.0)) / n_samples / freedom**2
    return HeldOutErrors(errors, size)


def _sums_from_gram(problem: RidgeProblem, folds: list[Split], K: Floats, dtype: type) -> HeldOutSums:
    n_samples = len(problem.X)
    complete = problem.parts.left.shape[1] == n_samples
    if problem.quick and complete and problem.scale == "none" and all_whole(folds, n_samples):
        return sums_in_basis(problem.parts, folds, problem.alphas, K, dtype)
    return sums_for_one(n_samples, folds, problem.held_out_rows(folds), K)


def _search(problem: RidgeProblem, folds: list[Split], plan: FitPlan, targets: UnitBlocks) -> Search:
    X, parts, quick, scale, alphas, choose_by = problem
    if plan.solver == "primal" and quick:
        return PrimalSearch(X, parts, folds, scale, alphas, targets.backend, targets.dtype)
    if plan.solver == "primal":
        return FoldSearch(prepare_folds(X, folds, scale), alphas, targets.backend)
    return DualSearch(
        len(X), folds, problem.held_out_rows(folds), len(alphas), choose_by == "error", targets.backend, targets.dtype
    )


def _uncertain(errors: Floats, size: Floats) -> NDArray[np.bool_]:
    """Whether rounding may have decided which error of a column (n_alphas, n_units) is the least."""
    least, next_to = np.partition(errors, 1, axis=0)[:2]
    return next_to - least <= SINGLE * size
