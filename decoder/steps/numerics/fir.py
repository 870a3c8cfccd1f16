"""Weighted sums of the newest rows: filters with a finite memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class WeightedRows:
    """The newest rows of a run in contiguous memory, for products of one shape, whatever the chunks.

    `weights` is (n_phases, n_rows), of which one row at a time is used; the last weight is the newest row's.
    """

    def __init__(self, weights: NDArray[np.float64], n_columns: int) -> None:
        self._weights = np.ascontiguousarray(weights)
        self._n_kept = weights.shape[1] - 1
        self.room = max(256, weights.shape[1])
        """How many rows may be appended at once."""
        self._store = np.empty((self._n_kept + 2 * self.room, n_columns))
        self.clear()

    def clear(self) -> None:
        """Start again: all earlier rows are zero."""
        self._store[: self._n_kept] = 0.0
        self._stop = self._n_kept

    def append(self, rows: NDArray) -> None:
        """Take the next rows, at most `room`."""
        if self._stop + len(rows) > len(self._store):
            self._store[: self._n_kept] = self._store[self._stop - self._n_kept : self._stop]
            self._stop = self._n_kept
        self._store[self._stop : self._stop + len(rows)] = rows
        self._stop += len(rows)

    def weigh(self, phase: int, n_back: int, out: NDArray[np.float64]) -> None:
        """Fill ``out`` (n_columns,) with the weighted sum of the rows up to the one ``n_back`` before the newest."""
        stop = self._stop - n_back
        # einsum adds row by row, where BLAS would divide the sum among as many threads as there happen to be
        np.einsum("r,rc->c", self._weights[phase], self._store[stop - self._n_kept - 1 : stop], out=out)
