"""A table of features in bands, for the search for strengths and the fit of banded ridge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..folds import Split
from ..ridge.held_out import HeldOutSums
from ..unit_blocks import Floats
from .banded_held_out import Moments, by_kernel, by_moments, moments_are_cheaper


@dataclass(frozen=True)
class BandedTable(ABC):
    """Columns in bands, from features X (n_samples, n_features) in memory and the band of each (n_features,)."""

    X: Floats
    bands: NDArray[np.intp]

    @property
    @abstractmethod
    def n_columns(self) -> int:
        """The number of weights of a unit."""

    @abstractmethod
    def weights(self, strengths: Floats, Y: Floats) -> Floats:
        """The weights (n_columns, k) of banded ridge with the strengths (n_bands,) for centred Y (n_samples, k)."""

    def held_out(self, folds: list[Split], strengths: Floats, Y: Floats) -> HeldOutSums:
        """The held-out sums of each set of strengths, (n_sets, n_bands), for Y (n_samples, k)."""
        if moments_are_cheaper(len(self.X), self.n_columns, Y.shape[1], len(folds)):
            return by_moments(self._moments(folds, Y), np.stack([self._of_columns(each) for each in strengths]))
        return self._by_kernel(folds, strengths, Y)

    def _by_kernel(self, folds: list[Split], strengths: Floats, Y: Floats) -> HeldOutSums:
        return by_kernel(self.kernel, folds, strengths, Y)

    @abstractmethod
    def kernel(self, strengths: Floats) -> Floats:
        """The sum over bands of kernel / strength, (n_samples, n_samples)."""

    @abstractmethod
    def _of_columns(self, strengths: Floats) -> Floats:
        """The strength of each column, (n_columns,)."""

    @abstractmethod
    def _moments(self, folds: list[Split], Y: Floats) -> Iterator[Moments]: ...

    def _count(self) -> int:
        return int(self.bands.max()) + 1

    @cached_property
    def _kernels(self) -> Floats:
        """The kernel of each band of X, (n_bands, n_samples, n_samples)."""
        parts = (self.X[:, self.bands == band] for band in range(self._count()))
        return np.stack([part @ part.T for part in parts])
