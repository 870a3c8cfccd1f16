"""The row space of wide samples: coordinates that keep every inner product, as many as there are samples at most.

Samples X (n_samples, n_features) are ``P C``, where the rows of C are orthonormal. What takes only inner products or
distances of samples (ridge, whitening, nearest means) gives the same for P, and a weighted sum of samples is the same
sum of rows of P. C is never formed: it is ``(P / d)' X``, with d the power of each column of P.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import InputError
from .backend import Array, one_thread
from .unit_blocks import Floats, UnitBlocks, blocks, scores_of, singular_basis, sum_of_squares

WIDE_FROM = 4096
"""With fewer features, coordinates save too little to be worth results that are rounded otherwise."""


SINGLE_GRAM = 1e-6
"""The largest error (spectral norm) of a Gram matrix in float32 whose blocks are summed in float64, as a part of the
geometric mean of its largest diagonal entry and its largest eigenvalue; measured, see the tests.
"""

EXACT = 5e-5

SHOWN = 8
"""So many times as many features as samples show how large singular values are."""

SMALLEST_SHOWN = (1 - SHOWN**-0.5) ** 2
"""What they show of the smallest squared one, if features are independent (Marchenko & Pastur 1967)."""


def is_wide(n_samples: int, n_features: int) -> bool:
    """Whether samples are so wide that their coordinates are far fewer numbers."""
    return n_features >= max(WIDE_FROM, n_samples + 1)


class RowSpace(NamedTuple):
    """Samples (n_samples, n_features), and the coordinates (n_samples, rank) of each."""

    samples: NDArray
    coordinates: Floats

    def coordinates_of(self, rows: NDArray) -> Floats:
        """Coordinates (n, rank) of other rows (n, n_features); what of them lies outside of the space is lost."""
        inner = np.zeros((len(rows), len(self.samples)))
        for features in blocks(len(self.samples), self.samples.shape[1], wider=4):
            inner += _full(rows[:, features]) @ _full(self.samples[:, features]).T
        return inner @ (self.coordinates / sum_of_squares(self.coordinates))

    def features_of(self, coordinates: NDArray) -> NDArray:
        """The rows (n, n_features), of the samples' dtype, that have these coordinates (n, rank)."""
        weights = (coordinates / sum_of_squares(self.coordinates)) @ self.coordinates.T
        rows = np.empty((len(weights), self.samples.shape[1]), self.samples.dtype)
        for features in blocks(len(self.samples), self.samples.shape[1], wider=4):
            rows[:, features] = weights @ _full(self.samples[:, features])
        return rows


def row_space(samples: NDArray) -> RowSpace:
    """Find the coordinates of samples, reading their wide axis once, in blocks; they are not copied as a whole.

    Directions smaller than a millionth of the samples' size may be lost, see `scores_of`.

    Examples
    --------
    >>> wide = np.random.default_rng(0).normal(size=(3, 5000))
    >>> space = row_space(wide)
    >>> space.coordinates.shape
    (3, 3)
    >>> np.allclose(space.coordinates @ space.coordinates.T, wide @ wide.T)
    True
    >>> np.allclose(space.features_of(space.coordinates[:1]), wide[:1])
    True
    """
    gram = np.zeros((len(samples), len(samples)))
    parts = list(blocks(*samples.shape, wider=4))
    for features in tqdm(parts, desc="inner products of the samples", delay=1, disable=None):
        block = _full(samples[:, features])
        gram += block @ block.T
    return RowSpace(samples, scores_of(gram))


class Coordinates(NamedTuple):
    """Wide features as coordinates of their deviations from the mean, ``left * values``, see `deviations_in_row_space`.

    `features` are read again, in blocks, if their weights are asked for; `left` is (n_samples, n_samples).
    """

    features: UnitBlocks
    left: Floats
    values: Floats

    def weights_of(self, weights: Floats) -> Floats:
        """Weights of the coordinates (n_samples, k) as weights of the features (n_features, k).

        InputError if the features are no longer what they were.
        """
        mean, dual = self.features.mean, (self.left / self.values) @ weights
        result = np.empty((self.features.Y.shape[1], weights.shape[1]))

        def written(some: slice, block: Array) -> None:
            np.matmul(block.T, dual, out=result[some])

        self.features.apply("weights of the features", written)
        # The same mean is rounded otherwise in other blocks.
        size = np.sqrt(float(self.values @ self.values) / (len(self.left) * len(mean)))
        if not np.allclose(self.features.mean, mean, rtol=1e-6, atol=1e-5 * size):
            raise InputError("X was changed after the fit and before its weights were asked for: give a copy to fit")
        return result


def deviations_in_row_space(X: NDArray, weakest: float = 0.0) -> Coordinates:
    """Wide features (n_samples, n_features) by their deviations from the mean; not copied as a whole.

    Singular values are at least the rounding error of the largest one. Features in float32 are multiplied in float32
    where this is exact enough for ridge with strengths from `weakest` on, see `single_is_exact`; all else in float64.

    >>> wide = np.random.default_rng(0).normal(size=(3, 5000))
    >>> of = deviations_in_row_space(wide)
    >>> inner = (of.left * of.values) @ (of.left * of.values).T
    >>> np.allclose(inner, (wide - wide.mean(axis=0)) @ (wide - wide.mean(axis=0)).T)
    True
    """
    every = X.shape[1] // (SHOWN * len(X))
    if X.dtype == np.float32 and every >= 4:
        shown = UnitBlocks(X[:, ::every]).gram()
        with one_thread:
            squares = np.linalg.eigvalsh(shown)[::-1].astype(np.float64)
        if single_is_exact(shown, squares, weakest / every, smallest=squares[-2] / SMALLEST_SHOWN):
            found, gram = _decomposed(UnitBlocks(X, "as given", name="X", column="feature"))
            squares = found.values**2
            if single_is_exact(gram, squares, weakest, smallest=squares[-2]):  # the others may be unlike those shown
                return found
    return _decomposed(UnitBlocks(X, name="X", column="feature"))[0]


def _decomposed(features: UnitBlocks) -> tuple[Coordinates, Floats]:
    """The coordinates of features, and their Gram matrix."""
    gram = features.gram()
    values, left = singular_basis(gram)
    return Coordinates(features, left, values), gram


def single_is_exact(gram: Floats, squares: Floats, weakest: float, smallest: float) -> bool:
    """Whether a Gram matrix of features (n_samples, n_samples) in float32 changes no weight by more than `EXACT`.

    `squares` are its eigenvalues, descending; the last is that of the mean. Its error counts relative to the `smallest`
    of the others and the weakest strength together.
    """
    error = SINGLE_GRAM * np.sqrt(gram.diagonal().max() * squares[0])
    return bool(error <= EXACT * (smallest + weakest))


def _full(block: NDArray) -> Floats:
    return block.astype(np.float64, copy=False)
