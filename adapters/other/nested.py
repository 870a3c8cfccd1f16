"""Maps with nested components: the best map with few components is the first part of the one with many.

Reduced-rank regression and partial least squares are such maps. So one decomposition is enough for all numbers of
components, and their held-out errors are a running sum. Both depend on the targets only through A = U'Y, where X = U
diag(s) V', so the decomposition is not of the size of samples, features or units.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from ...errors import InputError
from ..checks import CHOOSE_BY, GAIN, SCALE, require_policies
from ..factored import FactoredAdapter
from ..folds import Splitter, encode_groups, split_samples
from ..gain import gain_for
from ..ridge.held_out import HeldOutSums, PreparedFold, prepare_folds
from ..ridge.solvers import standardise, thin_svd
from ..unit_blocks import Floats, UnitBlocks, dtype_like, low_rank_scores, spread, sum_of_squares


@dataclass(frozen=True)
class Components:
    """Nested components, in coordinates of the singular vectors of the features X = U diag(s) V'.

    The scores of features x are ``x @ V @ weights``, the loadings on targets ``(U @ sources)' Y``, both (r, m); a
    prediction is scores times loadings. `possible` is the largest possible number of components.
    """

    weights: Floats
    sources: Floats
    possible: int

    def first(self, number: int) -> Components:
        """The first components only."""
        return Components(self.weights[:, :number], self.sources[:, :number], self.possible)


Decompose = Callable[[Floats, Floats], Components]
"""From the singular values (r,) and A = U'Y (r, k) to components."""


@dataclass(frozen=True)
class ChosenComponents:
    """The choice of `NestedAdapter._fit_nested`: the way to decompose, and the number of components.

    `at_edge` is whether this is the smallest or largest of several numbers, and one beyond it is possible.
    """

    way: int
    number: int
    at_edge: bool


class NestedAdapter(FactoredAdapter):
    """A map of nested components. Their number, and a way to decompose, are chosen on held-out samples.

    `cv_errors_` is (n_numbers, n_ways), or None if there was nothing to choose.
    """

    _optional = ("cv_errors",)

    choose_by: str
    gain: str
    scale: str
    cv: int | Splitter | None
    cv_errors_: Floats | None

    @abstractmethod
    def _ways(self, largest_square: float) -> Sequence[Decompose]:
        """The possible ways to decompose, for features with this largest squared singular value."""

    def _predictable(self, way: int, largest_square: float) -> float:
        """The largest part of a target that this way could predict, see `most_predictable`."""
        return 1.0

    def _fit_nested(
        self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None, numbers: NDArray[np.intp]
    ) -> ChosenComponents:
        """Fit with the best of the candidate numbers of components and of `_ways`."""
        require_policies(self, CHOOSE_BY, GAIN, SCALE)
        checked, units = self._checked(X, Y)
        codes = None if groups is None else encode_groups(groups, len(checked))
        targets = UnitBlocks(units.reshape(len(units), -1))
        n_samples, n_units = targets.Y.shape
        dtype = dtype_like(units)

        narrow = UnitBlocks(low_rank_scores(targets)) if n_units > n_samples else targets
        features = standardise(checked, self.scale)
        parts = thin_svd(features.X)
        ways = self._ways(parts.largest_square)
        number, way = self._choose(checked, narrow, codes, numbers, ways, n_units)
        along = condensed(spread(parts.left, narrow, np.float64))
        components = ways[way](parts.values, along).first(number)
        scores, loadings = parts.values[:, np.newaxis] * components.weights, components.sources.T @ along
        total = float(np.vdot(scores.T @ scores, loadings @ loadings.T))

        self.x_mean_, self.x_scale_ = features.mean, features.scale
        self.projection_ = np.ascontiguousarray(parts.right.T @ components.weights)
        self.projection_[features.constant] = 0.0
        self.expansion_ = spread(parts.left @ components.sources, targets, dtype)
        self.y_mean_ = targets.mean.astype(dtype).reshape(units.shape[1:])
        scores, predictable = features.X @ self.projection_, self._predictable(way, parts.largest_square)
        self.gain_ = gain_for(self.gain, scores, self.expansion_, targets.power, total, predictable)
        reached = components.weights.shape[1]
        beyond = (number == numbers.max() and reached == number < components.possible) or 1 < number == numbers.min()
        return ChosenComponents(way, reached, bool(beyond) and len(numbers) > 1)

    def _choose(
        self,
        X: Floats,
        narrow: UnitBlocks,
        codes: NDArray[np.intp] | None,
        numbers: NDArray[np.intp],
        ways: Sequence[Decompose],
        n_units: int,
    ) -> tuple[int, int]:
        """Set `cv_errors_`, and return the best number of components and the position of the best way."""
        self.cv_errors_ = None
        if len(numbers) == len(ways) == 1:
            return int(numbers[0]), 0
        folds = prepare_folds(X, split_samples(len(X), codes, self.cv), self.scale)
        sums = search_nested(folds, narrow.Y.astype(np.float64) - narrow.mean, numbers, ways)
        self.cv_errors_ = sums.errors(self.choose_by, sum(len(fold.held_out) for fold in folds) * n_units)
        # Numbers that no fold could reach are equivalent; the largest of them allows the final fit to be full, too.
        last, way = np.unravel_index(self.cv_errors_[::-1].argmin(), self.cv_errors_.shape)
        return int(numbers[::-1][last]), int(way)


def search_nested(
    folds: Sequence[PreparedFold], Y: Floats, numbers: NDArray[np.intp], ways: Sequence[Decompose]
) -> HeldOutSums:
    """Held-out sums (n_numbers, n_ways) of each number of components and way to decompose, for all of Y (n_samples, k).

    A fold with fewer components uses those it has.
    """
    shape = (len(numbers), len(ways))
    inner, predicted, true = np.zeros(shape), np.zeros(shape), 0.0
    for fold in tqdm(folds, desc="decomposing targets", delay=1, disable=None):
        mean = Y[fold.train].mean(axis=0)
        truth = Y[fold.held_out] - mean
        along = fold.left.T @ (Y[fold.train] - mean)
        towards = truth @ along.T
        along = condensed(along)
        true += float(sum_of_squares(truth).sum())
        for way, decompose in enumerate(ways):
            components = decompose(fold.values, along)
            scores, loadings = fold.held_out_scores @ components.weights, components.sources.T @ along
            each = np.einsum("ij,ij->j", scores, towards @ components.sources)
            both = (scores.T @ scores) * (loadings @ loadings.T)
            taken = np.minimum(numbers, len(each))
            inner[:, way] += np.concatenate([[0.0], each.cumsum()])[taken]
            # The power of the first components together: the sum of a leading block.
            predicted[:, way] += np.concatenate([[0.0], np.diagonal(both.cumsum(axis=0).cumsum(axis=1))])[taken]
    # Rounding may make an error slightly negative.
    return HeldOutSums(np.maximum(true - 2 * inner + predicted, 0.0), predicted, np.full(len(ways), true))


def condensed(along: Floats) -> Floats:
    """A matrix (r, min(r, k)) with the same inner products of rows as A (r, k), hence the same components.

    >>> condensed(np.array([[3.0, 4.0, 0.0]])).shape
    (1, 1)
    """
    return np.asarray(np.linalg.qr(along.T, mode="r")).T if along.shape[1] > along.shape[0] else along


def checked_numbers(name: str, given: Any) -> NDArray[np.intp]:
    """Distinct numbers of components as an ascending array; InputError if they are not integers of at least 1.

    >>> checked_numbers("ranks", [4, 1, 4])
    array([1, 4])
    """
    values = np.atleast_1d(np.asarray(given))
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iu" or values.min() < 1:
        raise InputError(f"{name}={given!r}, expected one or more whole numbers of at least 1, e.g. (1, 2, 4)")
    return np.unique(values).astype(np.intp)
