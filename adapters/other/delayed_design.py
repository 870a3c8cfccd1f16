"""The delayed table's columns in bands for banded ridge, computed from features that are not delayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

from ..folds import Split
from ..unit_blocks import Floats, sum_of_squares
from .banded_held_out import Moments, centre_kernel, factored
from .banded_table import BandedTable
from .delays import Run, add_shifted_kernel, delayed_gram, delayed_kernel, shifted


@dataclass(frozen=True)
class DelayedFeatures(BandedTable):
    """The columns of the delayed table, computed from features that are not delayed.

    Strengths are (n_bands,), for all lags, or (n_lags * n_bands,). `runs` is the run of each sample, or None; `bounds`
    are the start and stop of each run.
    """

    n_bands: int
    lags: tuple[int, ...]
    runs: NDArray[np.intp] | None
    bounds: list[Run]

    @property
    def n_columns(self) -> int:
        return len(self.lags) * self.X.shape[1]

    def _count(self) -> int:
        return self.n_bands  # a band of constant features has no directions

    def weights(self, strengths: Floats, Y: Floats) -> Floats:
        """The weights (n_lags * r, k) of banded ridge for centred Y (n_samples, k)."""
        of_columns = self._of_columns(strengths)[:, np.newaxis]
        if self.n_columns < len(self.X):
            mean, root = self.mean(), np.sqrt(of_columns)
            form = delayed_gram(self.X, self.lags, self.runs) - len(self.X) * np.outer(mean, mean)
            return cho_solve(factored(form / root / root.T), self._products(Y) / root) / root
        return self._products(cho_solve(factored(centre_kernel(self.kernel(strengths))), Y)) / of_columns

    def mean(self, samples: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """The columns' mean over some of the samples, (n_lags * r,)."""
        return np.concatenate([shifted(self.X, lag, self.bounds)[samples].mean(axis=0) for lag in self.lags])

    def _products(self, Y: Floats, samples: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """The columns' inner products with Y (n, k) over the samples that Y has, (n_lags * r, k)."""
        return np.vstack([shifted(self.X, lag, self.bounds)[samples].T @ Y for lag in self.lags])

    def _table(self, strengths: Floats) -> Floats:
        """(n_lags, n_bands), also if lags share them."""
        return np.broadcast_to(strengths.reshape(-1, self.n_bands), (len(self.lags), self.n_bands))

    def _of_columns(self, strengths: Floats) -> Floats:
        return self._table(strengths)[:, self.bands].ravel()

    @cached_property
    def _delayed_kernels(self) -> Floats:
        """Of each band with all its delays."""
        return np.stack([delayed_kernel(kernel, self.lags, self.runs) for kernel in self._kernels])

    def kernel(self, strengths: Floats) -> Floats:
        if len(strengths) == self.n_bands:
            return np.tensordot(1.0 / strengths, self._delayed_kernels, axes=1)
        total = np.zeros(self._kernels.shape[1:])
        for lag, of_bands in zip(self.lags, self._table(strengths), strict=True):
            for kernel, strength in zip(self._kernels, of_bands, strict=True):
                add_shifted_kernel(kernel, lag, self.bounds, total, 1.0 / strength)
        return total

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
