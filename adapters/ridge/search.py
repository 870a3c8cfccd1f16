"""The search for each unit's strength on held-out samples, block by block along the wide axis.

The residuals of all held-out samples are a matrix T of a strength times the targets (see `forms`), so a unit y has the
summed squared error ``|T y|^2 = |R y|^2`` with R the triangle of T's QR decomposition. This is half the work of
predicting, and stores only one number for each strength and unit.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from ..backend import Array, Backend
from ..unit_blocks import Floats, UnitBlocks
from .folds import Split
from .forms import deviations
from .held_out import HeldOutSums, PreparedFold, held_out_sums

PANELS = 8
"""The pieces for a product with a triangle: 9/16 of the products of a square."""


class Search(Protocol):
    """From a block of deviations from the mean (n_samples, n) to its sums for every strength."""

    def __call__(self, block: Array) -> HeldOutSums: ...

    def at(self, dtype: type) -> Search:
        """The same, with products in another precision."""
        ...


class DualSearch:
    """Held-out sums from the triangles of residual maps; `predictions` are H of each strength (`forms.held_out_rows`).

    `errors_only` omits squared predictions, which takes half the time; squared truths are then about the mean of all
    samples.
    """

    def __init__(
        self,
        n_samples: int,
        folds: list[Split],
        predictions: Iterator[Floats],
        n_alphas: int,
        errors_only: bool,
        backend: Backend,
        dtype: type,
    ) -> None:
        self._backend = backend
        residual: list[Floats] = []
        predicted: list[Floats] = []
        true = deviations(n_samples, folds)
        for rows in tqdm(predictions, desc="residual maps", total=n_alphas, delay=1, disable=None):
            residual.append(_triangle(true - rows))
            if not errors_only:
                predicted.append(_triangle(rows))
        self._in_full = residual, predicted, None if errors_only else _triangle(true)
        self._put(dtype)

    def at(self, dtype: type) -> DualSearch:
        """The same, with products in another precision."""
        other = copy.copy(self)
        other._put(dtype)
        return other

    def _put(self, dtype: type) -> None:
        residual, predicted, true = self._in_full
        self._residual = [self._backend.put(upper, dtype) for upper in residual]
        self._predicted = [self._backend.put(upper, dtype) for upper in predicted]
        self._true = None if true is None else self._backend.put(true, dtype)

    def __call__(self, block: Array) -> HeldOutSums:
        """Sums for a block of deviations from the mean (n_samples, n)."""
        error = np.array([self._sum(upper, block) for upper in self._residual])
        if self._true is None:
            return HeldOutSums(error, np.zeros_like(error), self._backend.get(self._backend.squares(block)))
        predicted = np.array([self._sum(upper, block) for upper in self._predicted])
        return HeldOutSums(error, predicted, self._sum(self._true, block))

    def _sum(self, upper: Array, block: Array) -> Floats:
        """|R y|^2, some rows at a time, without most of the zeros below the triangle."""
        height = -(-len(upper) // PANELS)
        total = 0.0
        for top in range(0, len(upper), height):
            product = upper[top : top + height, top:] @ block[top:]
            total += self._backend.get(self._backend.squares(product)).astype(np.float64)
        return np.asarray(total)


def _triangle(rows: Floats) -> Floats:
    triangle: Any = np.linalg.qr(rows, mode="r")
    return triangle


class FoldSearch:
    """Held-out sums from a full-precision decomposition of each fold, for strengths too weak for quicker ways."""

    def __init__(self, folds: list[PreparedFold], alphas: Floats, backend: Backend) -> None:
        self._folds, self._alphas, self._backend = folds, alphas, backend

    def at(self, dtype: type) -> FoldSearch:
        """Itself: it is always in float64."""
        return self

    def __call__(self, block: Array) -> HeldOutSums:
        """Sums for a block of deviations from the mean (n_samples, n)."""
        return held_out_sums(self._folds, self._alphas, np.asarray(self._backend.get(block), np.float64))


def search(sums_of: Search, targets: UnitBlocks, n_alphas: int) -> HeldOutSums:
    """The sums of all units, block by block."""
    n_units = targets.Y.shape[1]
    sums = HeldOutSums(np.empty((n_alphas, n_units)), np.empty((n_alphas, n_units)), np.empty(n_units))
    for units, block, _ in targets.walk("cross-validation"):
        part = sums_of(block)
        sums.error[:, units], sums.predicted[:, units], sums.true[units] = part.error, part.predicted, part.true
    return sums
