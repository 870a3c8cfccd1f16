"""The search for a strength of each unit, on held-out samples, block by block along the wide axis.

The residuals of all held-out samples are a matrix T of a strength times the targets (see `forms`), so a unit y has the
summed squared error ``|T y|^2 = |R y|^2`` with R the triangle of T's QR decomposition: half the work of predicting, and
nothing is stored that is as wide as the layer but one number for each strength.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from tqdm import tqdm

from .backend import Array, Backend
from .folds import Fold
from .forms import deviations
from .solvers import HeldOut, PreparedFold, held_out_sums
from .targets import Floats, Targets

Search = Callable[[Array], HeldOut]
"""From a block of deviations from the mean (n_samples, n) to its sums for every strength."""


class DualSearch:
    """Held-out sums from the triangles of residual maps.

    Parameters
    ----------
    n_samples : int
    folds : list of (train, held_out)
    predictions : iterator of (n_held_out, n_samples) arrays
        For each strength, see `forms.held_out_rows`.
    n_alphas : int
        How many there are.
    errors_only : bool
        Leave squared predictions out, which takes half the time, and take the truths' about the mean of all samples.
    backend : Backend
    dtype : dtype
        Of the products with units.
    """

    def __init__(
        self,
        n_samples: int,
        folds: list[Fold],
        predictions: Iterator[Floats],
        n_alphas: int,
        errors_only: bool,
        backend: Backend,
        dtype: type,
    ) -> None:
        self._backend = backend

        def triangle(rows: Floats) -> Array:
            upper = np.zeros((n_samples, n_samples))
            found = np.linalg.qr(rows, mode="r")
            upper[: len(found)] = found
            return backend.put(upper, dtype)

        true = deviations(n_samples, folds)
        self._residual: list[Array] = []
        self._predicted: list[Array] = []
        for rows in tqdm(predictions, desc="residual maps", total=n_alphas, delay=1, disable=None):
            self._residual.append(triangle(true - rows))
            if not errors_only:
                self._predicted.append(triangle(rows))
        self._true = None if errors_only else triangle(true)

    def __call__(self, block: Array) -> HeldOut:
        """Sums for a block of deviations from the mean (n_samples, n)."""
        error = np.array([self._sum(upper, block) for upper in self._residual])
        if self._true is None:
            return HeldOut(error, np.zeros_like(error), self._backend.get(self._backend.squares(block)))
        predicted = np.array([self._sum(upper, block) for upper in self._predicted])
        return HeldOut(error, predicted, self._sum(self._true, block))

    def _sum(self, upper: Array, block: Array) -> Floats:
        squares = self._backend.squares(self._backend.triangle(upper, block))
        return self._backend.get(squares).astype(np.float64)


class FoldSearch:
    """Held-out sums from a decomposition of each fold, to all digits: for strengths too weak for anything quicker."""

    def __init__(self, folds: list[PreparedFold], alphas: Floats, backend: Backend) -> None:
        self._folds, self._alphas, self._backend = folds, alphas, backend

    def __call__(self, block: Array) -> HeldOut:
        """Sums for a block of deviations from the mean (n_samples, n)."""
        return held_out_sums(self._folds, self._alphas, np.asarray(self._backend.get(block), np.float64))


def search(sums_of: Search, targets: Targets, n_alphas: int) -> HeldOut:
    """The sums of all units, block by block."""
    n_units = targets.Y.shape[1]
    sums = HeldOut(np.empty((n_alphas, n_units)), np.empty((n_alphas, n_units)), np.empty(n_units))
    for units, block, _ in targets.walk("cross-validation"):
        part = sums_of(block)
        sums.error[:, units], sums.predicted[:, units], sums.true[units] = part.error, part.predicted, part.true
    return sums
