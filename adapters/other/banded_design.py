"""Banded ridge with given strengths: weights, and the two factors of a map into layers of any width."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, cho_solve

from ..folds import Split
from ..ridge.held_out import HeldOutSums
from ..ridge.solvers import standardise, thin_svd
from ..unit_blocks import Floats, UnitBlocks, dtype_like, low_rank_scores, spread, sum_of_squares
from .banded_held_out import Moments, added, by_kernel, factored
from .banded_table import BandedTable


@dataclass(frozen=True)
class BandedFeatures(BandedTable):
    """Features, centred if `scale` is ``"none"``; else each fold centres and scales its own."""

    scale: str = "none"

    @property
    def n_columns(self) -> int:
        return self.X.shape[1]

    def _by_kernel(self, folds: list[Split], strengths: Floats, Y: Floats) -> HeldOutSums:
        if self.scale == "none":
            return super()._by_kernel(folds, strengths, Y)
        sums = HeldOutSums(np.zeros(()), np.zeros(()), np.zeros(()))
        for fold in folds:
            features = standardise(self.X[fold[0]], self.scale)
            scaled = (self.X - features.mean) / features.scale
            scaled[:, features.constant] = 0.0
            sums = added(sums, by_kernel(BandedFeatures(scaled, self.bands).kernel, [fold], strengths, Y))
        return sums

    def weights(self, strengths: Floats, Y: Floats) -> Floats:
        """The weights (n_features, k) of banded ridge with strengths (n_bands,) for centred Y (n_samples, k).

        >>> features = BandedFeatures(np.array([[1.0, 2.0], [-1.0, -2.0]]), np.array([0, 1]))
        >>> features.weights(np.array([1.0, 1e9]), np.array([[3.0], [-3.0]])).round(6)
        array([[2.],
               [0.]])
        """
        root = np.sqrt(strengths)[self.bands]
        scaled = self.X / root
        if scaled.shape[1] < scaled.shape[0]:
            weights = cho_solve(factored(scaled.T @ scaled), scaled.T @ Y)
        else:
            weights = scaled.T @ cho_solve(factored(scaled @ scaled.T), Y)
        return weights / root[:, np.newaxis]

    def kernel(self, strengths: Floats) -> Floats:
        return np.tensordot(1.0 / strengths, self._kernels, axes=1)

    def _of_columns(self, strengths: Floats) -> Floats:
        return strengths[self.bands]

    def _moments(self, folds: list[Split], Y: Floats) -> Iterator[Moments]:
        for train, held_out in folds:
            features = standardise(self.X[train], self.scale)
            held_X = (self.X[held_out] - features.mean) / features.scale
            held_X[:, features.constant] = 0.0
            mean = Y[train].mean(axis=0)
            held_Y = Y[held_out] - mean
            yield Moments(
                features.X.T @ features.X,
                features.X.T @ (Y[train] - mean),
                held_X.T @ held_X,
                held_X.T @ held_Y,
                sum_of_squares(held_Y),
            )


def rotate_bands(X: Floats, bands: NDArray[np.intp]) -> tuple[Floats, BandedFeatures]:
    """Each band in coordinates of its own directions: at most n_samples of them, with the same banded ridge.

    Returns orthonormal directions (n_features, r), each within a band, and ``X @ directions`` with their bands.

    >>> directions, rotated = rotate_bands(np.ones((3, 4)), np.array([0, 1, 1, 0]))
    >>> directions.shape, rotated.bands
    ((4, 2), array([0, 1]))
    """
    bases = [thin_svd(X[:, bands == band]).right.T for band in range(bands.max() + 1)]
    directions = np.zeros((X.shape[1], sum(basis.shape[1] for basis in bases)))
    directions[np.argsort(bands, kind="stable")] = block_diag(*bases)
    return directions, BandedFeatures(X @ directions, np.repeat(np.arange(len(bases)), [b.shape[1] for b in bases]))


class SharedTargets(NamedTuple):
    """A few targets that represent all units, if these share their strengths.

    P (n_samples, k) is the centred targets, or their `low_rank_scores` if there are more units than samples. The
    targets are ``P @ (loadings.T @ Y)``; the loadings are None if P is the targets.
    """

    P: Floats
    loadings: Floats | None


def targets_of(units: NDArray) -> tuple[UnitBlocks, type]:
    """Targets as columns, and the dtype of their predictions."""
    return UnitBlocks(units.reshape(len(units), -1)), dtype_like(units)


def scores_for_all(targets: UnitBlocks) -> SharedTargets:
    """The few targets for the search and fit that all units share."""
    n_samples, n_units = targets.Y.shape
    if n_units <= n_samples:
        return SharedTargets(np.hstack([block for _, block in targets.blocks("centring")]), None)
    P = low_rank_scores(targets)
    return SharedTargets(P, P / sum_of_squares(P))


def map_for_all(
    design: BandedTable, strengths: Floats, targets: UnitBlocks, scores: SharedTargets, dtype: type
) -> tuple[Floats | None, NDArray]:
    """The map if all units share the strengths (n_bands,): weights (n_columns, k) and expansion (k, n_units).

    k is n_columns, or that of the scores if it is less; weights are None if they would be the identity.
    """
    weights = design.weights(strengths, scores.P)
    if weights.shape[1] < weights.shape[0]:
        if scores.loadings is None:
            return weights, np.eye(weights.shape[1], dtype=dtype)
        return weights, spread(scores.loadings, targets, dtype)
    if scores.loadings is None:
        return None, weights.astype(dtype)
    return None, spread(scores.loadings @ weights.T, targets, dtype)


def map_per_unit(
    design: BandedTable, strengths: Floats, targets: UnitBlocks, dtype: type
) -> tuple[Floats | None, NDArray]:
    """The map if each unit has its own strengths, (n_bands, n_units): weights (n_columns, k) and expansion (k,
    n_units).

    k is n_columns, or n_units if that is less; weights are None if they would be the identity.
    """
    n_units = targets.Y.shape[1]
    few = n_units < design.n_columns
    weights = np.empty((design.n_columns, n_units), np.float64 if few else dtype)
    for units, block in targets.blocks("expansion to the units"):
        sets, chosen = np.unique(strengths[:, units], axis=1, return_inverse=True)
        for number, of_bands in enumerate(sets.T):
            members = np.flatnonzero(chosen.ravel() == number)
            weights[:, units.start + members] = design.weights(of_bands, block[:, members])
    return (weights, np.eye(n_units, dtype=dtype)) if few else (None, weights)
