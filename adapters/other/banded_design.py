"""Banded ridge with given strengths, on a table of features with any delays: its held-out errors, and its map.

Features X_g of band g with strength alpha_g are ridge with strength 1 on ``X_g / sqrt(alpha_g)``, so all that is needed
of the table D of all bands and delays are D D', the sum over bands of kernel / strength, or D'D, whichever is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, cho_solve

from ..folds import Split
from ..ridge.held_out import HeldOutSums
from ..ridge.solvers import standardise, thin_svd
from ..unit_blocks import Floats, UnitBlocks, low_rank_scores, spread, sum_of_squares
from .banded_held_out import Moments, by_kernel, by_moments, centre_kernel, factored, moments_are_cheaper
from .delays import Run, add_shifted_kernel, delayed_gram, delayed_kernel, shifted


@dataclass(frozen=True)
class BandedDesign:
    """The columns of the delayed table in bands, computed from features X (n_samples, n_features) without delays.

    `bands` (n_features,) is the band of each feature. Strengths are (n_bands,), for all lags, or (n_lags * n_bands,).
    `runs` is the run of each sample, or None; `bounds` are the start and stop of each run. Features are centred, or
    close to it. With a `scale` other than ``"none"`` each fold centres and scales its own.
    """

    X: Floats
    bands: NDArray[np.intp]
    n_bands: int
    lags: tuple[int, ...] = (0,)
    runs: NDArray[np.intp] | None = None
    bounds: list[Run] = field(default_factory=list)
    scale: str = "none"

    @property
    def n_columns(self) -> int:
        """The number of weights of a unit."""
        return len(self.lags) * self.X.shape[1]

    def weights(self, strengths: Floats, Y: Floats) -> Floats:
        """The weights (n_columns, k) of banded ridge with the strengths for centred Y (n_samples, k).

        >>> design = BandedDesign(np.array([[1.0, 2.0], [-1.0, -2.0]]), np.array([0, 1]), 2)
        >>> design.weights(np.array([1.0, 1e9]), np.array([[3.0], [-3.0]])).round(6)
        array([[2.],
               [0.]])
        """
        of_columns = self._of_columns(strengths)[:, np.newaxis]
        if self.n_columns < len(self.X):
            mean, root = self.mean(), np.sqrt(of_columns)
            form = delayed_gram(self.X, self.lags, self.runs) - len(self.X) * np.outer(mean, mean)
            return cho_solve(factored(form / root / root.T), self._products(Y) / root) / root
        return self._products(cho_solve(factored(centre_kernel(self.kernel(strengths))), Y)) / of_columns

    def held_out(self, folds: list[Split], strengths: Floats, Y: Floats) -> HeldOutSums:
        """The held-out sums of each set of strengths, (n_sets, n_bands), for Y (n_samples, k)."""
        if self.scale != "none":
            sums = [self._of_fold(train).held_out([(train, held)], strengths, Y) for train, held in folds]
            return sum(sums[1:], sums[0])
        if moments_are_cheaper(len(self.X), self.n_columns, Y.shape[1], len(folds)):
            return by_moments(self._moments(folds, Y), np.stack([self._of_columns(each) for each in strengths]))
        return by_kernel(self.kernel, folds, strengths, Y)

    def kernel(self, strengths: Floats) -> Floats:
        """The sum over bands of kernel / strength, (n_samples, n_samples)."""
        if len(strengths) == self.n_bands:
            return np.tensordot(1.0 / strengths, self._delayed_kernels, axes=1)
        total = np.zeros(self._kernels.shape[1:])
        for lag, of_bands in zip(self.lags, self._table(strengths), strict=True):
            for kernel, strength in zip(self._kernels, of_bands, strict=True):
                add_shifted_kernel(kernel, lag, self.bounds, total, 1.0 / strength)
        return total

    def mean(self, samples: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """The columns' mean over some of the samples, (n_columns,)."""
        return np.concatenate([part[samples].mean(axis=0) for part in self._shifted()])

    def _of_fold(self, train: NDArray[np.intp]) -> BandedDesign:
        """The same with features standardised by training samples."""
        features = standardise(self.X[train], self.scale)
        scaled = (self.X - features.mean) / features.scale
        scaled[:, features.constant] = 0.0
        return replace(self, X=scaled, scale="none")

    def _shifted(self) -> Iterator[Floats]:
        return (self.X if lag == 0 else shifted(self.X, lag, self.bounds) for lag in self.lags)

    def _products(self, Y: Floats, samples: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """The columns' inner products with Y (n, k) over the samples that Y has, (n_columns, k)."""
        return np.vstack([part[samples].T @ Y for part in self._shifted()])

    def _table(self, strengths: Floats) -> Floats:
        """(n_lags, n_bands), also if lags share them."""
        return np.broadcast_to(strengths.reshape(-1, self.n_bands), (len(self.lags), self.n_bands))

    def _of_columns(self, strengths: Floats) -> Floats:
        return self._table(strengths)[:, self.bands].ravel()

    @cached_property
    def _kernels(self) -> Floats:
        """The kernel of each band, (n_bands, n_samples, n_samples)."""
        parts = (self.X[:, self.bands == band] for band in range(self.n_bands))
        return np.stack([part @ part.T for part in parts])

    @cached_property
    def _delayed_kernels(self) -> Floats:
        """Of each band with all its delays."""
        if self.lags == (0,):
            return self._kernels
        return np.stack([delayed_kernel(kernel, self.lags, self.runs) for kernel in self._kernels])

    def _moments(self, folds: list[Split], Y: Floats) -> Iterator[Moments]:
        for train, held_out in folds:
            mean, held_mean = self.mean(train), self.mean(held_out)
            true_mean = Y[train].mean(axis=0)
            held_Y = Y[held_out] - true_mean
            held_xx = delayed_gram(self.X, self.lags, self.runs, held_out)
            across = len(held_out) * np.outer(held_mean, mean)
            yield Moments(
                delayed_gram(self.X, self.lags, self.runs, train) - len(train) * np.outer(mean, mean),
                self._products(Y[train] - true_mean, train),
                held_xx - across - across.T + len(held_out) * np.outer(mean, mean),
                self._products(held_Y, held_out) - mean[:, np.newaxis] * held_Y.sum(axis=0),
                sum_of_squares(held_Y),
            )


def rotate_bands(X: Floats, bands: NDArray[np.intp]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Each band in coordinates of its own directions: at most n_samples of them, with the same banded ridge.

    Returns orthonormal directions (n_features, r), each within a band, ``X @ directions``, and the directions' bands.

    >>> directions, _, bands = rotate_bands(np.ones((3, 4)), np.array([0, 1, 1, 0]))
    >>> directions.shape, bands
    ((4, 2), array([0, 1]))
    """
    bases = [thin_svd(X[:, bands == band]).right.T for band in range(bands.max() + 1)]
    directions = np.zeros((X.shape[1], sum(basis.shape[1] for basis in bases)))
    directions[np.argsort(bands, kind="stable")] = block_diag(*bases)
    return directions, X @ directions, np.repeat(np.arange(len(bases)), [basis.shape[1] for basis in bases])


class SharedTargets(NamedTuple):
    """A few targets that represent all units, if these share their strengths.

    P (n_samples, k) is the centred targets, or their `low_rank_scores` if there are more units than samples. The
    targets are ``P @ (loadings.T @ Y)``; the loadings are None if P is the targets.
    """

    P: Floats
    loadings: Floats | None


def scores_for_all(targets: UnitBlocks) -> SharedTargets:
    """The few targets for the search and fit that all units share."""
    n_samples, n_units = targets.Y.shape
    if n_units <= n_samples:
        return SharedTargets(targets.deviations("centring"), None)
    P = low_rank_scores(targets)
    return SharedTargets(P, P / sum_of_squares(P))


def map_for_all(
    design: BandedDesign, strengths: Floats, targets: UnitBlocks, scores: SharedTargets, dtype: type
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
    design: BandedDesign, strengths: Floats, targets: UnitBlocks, dtype: type
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
