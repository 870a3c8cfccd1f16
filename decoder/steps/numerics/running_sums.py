"""Sums over the newest samples of a run, without ever subtracting.

A running sum that subtracts the oldest sample drifts: its rounding errors stay for ever. Here the run is cut into
blocks as long as the window (van Herk 1992 and Gil & Werman 1993 do this for maxima). A window that ends at row p of a
block is made of rows 0..p of that block and of the rows after p of the block before, and both sums are built by adding
alone: the error is that of one window, however long the run.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from ..base import StepState


class RunningSums:
    """Sums of rows over the newest window of `n_rows`, row by row; `n_rows` is None for all rows so far."""

    def __init__(self, n_rows: int | None, n_columns: int) -> None:
        self.n_rows = n_rows
        self._position = 0
        self._sum = np.zeros(n_columns)
        # Up to the position: rows of this block. From there on: sums of the rows after each row of the
        # block before.
        self._store = np.zeros((n_rows or 0, n_columns))

    def rows_in_window(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many rows the window holds at the rows with these numbers."""
        return index + 1 if self.n_rows is None else np.minimum(index + 1, self.n_rows)

    def push(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return for each row the sum since its block began, and the sum over the rest of its window.

        Both are (n, n_columns), as the rows; the sum over the window is their sum.
        """
        this_block = np.empty_like(rows)
        block_before = np.zeros_like(rows)
        done = 0
        while done < len(rows):
            n = len(rows) - done if self.n_rows is None else min(len(rows) - done, self.n_rows - self._position)
            new, here = slice(done, done + n), slice(self._position, self._position + n)
            # Strictly one row after the other, so that chunks do not change the result; cumsum does it much slower.
            for row, total in zip(rows[new], this_block[new], strict=True):
                self._sum = np.add(self._sum, row, out=total)
            self._position += n
            done += n
            if self.n_rows is not None:
                block_before[new] = self._store[here]
                self._store[here] = rows[new]
                if self._position == self.n_rows:
                    self._begin_block()
        self._sum = self._sum.copy()  # not a view that keeps the chunk alive
        return this_block, block_before

    def _begin_block(self) -> None:
        after = np.cumsum(self._store[::-1], axis=0)[::-1]
        self._store[:-1] = after[1:]
        self._store[-1] = 0.0
        self._sum = np.zeros_like(self._sum)
        self._position = 0


class FromFirst(StepState):
    """State that computes on every sample's difference from the first sample of the run.

    Brain recordings have large offsets; sums of the differences round far less than sums of the samples.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__(n_features)
        self._first = np.zeros(n_features)
        self._n_seen = 0

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(chunk):
            return chunk
        if self._n_seen == 0:
            self._first = chunk[0].astype(np.float64)
        index = self._n_seen + np.arange(len(chunk))
        self._n_seen += len(chunk)
        return self._compute(chunk - self._first, index).astype(np.float32)

    @abstractmethod
    def _compute(self, x: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the output (n, n_features) for the differences x of the samples with these numbers."""
