"""Means of the newest rows: over a window, or with weights that fall with a row's age."""

from __future__ import annotations

from math import ceil, exp
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .cascade import Cascade
from .fir import WeightedRows
from .running_sums import RunningSums


class RunningMean(Protocol):
    """A mean that continues from chunk to chunk."""

    def push(self, rows: NDArray) -> NDArray[np.float64]:
        """Return the mean at each of the next rows (n, n_columns)."""
        ...


class WindowMean:
    """Mean of the newest `n_window` rows, of as many as there are until the window has filled."""

    def __init__(self, n_columns: int, n_window: int) -> None:
        self._sums = RunningSums(n_window, n_columns)
        self._n_seen = 0

    def push(self, rows: NDArray) -> NDArray[np.float64]:
        this_block, block_before = self._sums.push(rows)
        n = self._sums.rows_in_window(self._n_seen + np.arange(len(rows)))
        self._n_seen += len(rows)
        this_block += block_before
        this_block /= n[:, None]
        return this_block


class ExponentialMean:
    """Mean of the rows so far, whose weights fall with their age to 1/e in `width_samples`."""

    def __init__(self, n_columns: int, width_samples: float) -> None:
        self._keep = exp(-1.0 / width_samples)
        self.mean_age = self._keep / -np.expm1(-1.0 / width_samples)
        self._cascade = Cascade(np.array([[[1.0 - self._keep, 0.0, 0.0, 1.0, -self._keep, 0.0]]]), n_columns)
        self._weight = 0.0

    def push(self, rows: NDArray) -> NDArray[np.float64]:
        out = np.empty((len(rows), 1, rows.shape[1]))
        self._cascade.push(rows, out)
        out = out[:, 0]
        for row in out:
            self._weight = self._keep * self._weight + (1.0 - self._keep)
            row /= self._weight
        return out


class HalfGaussianMean:
    """Mean of the newest rows with the weights of `half_gaussian`; rows before the run are left out."""

    def __init__(self, n_columns: int, width_samples: float) -> None:
        weights = half_gaussian(width_samples)
        self.mean_age = float(weights @ np.arange(len(weights)))
        self._rows = WeightedRows(weights[None, ::-1], n_columns)
        self._weight = np.cumsum(weights)
        self._n_seen = 0

    def push(self, rows: NDArray) -> NDArray[np.float64]:
        out = np.empty(rows.shape)
        for begin in range(0, len(rows), self._rows.room):
            part = rows[begin : begin + self._rows.room]
            self._rows.append(part)
            for i in range(len(part)):
                self._rows.weigh(0, len(part) - 1 - i, out[begin + i])
                out[begin + i] /= self._weight[min(self._n_seen, len(self._weight) - 1)]
                self._n_seen += 1
        return out


def half_gaussian(width_samples: float) -> NDArray[np.float64]:
    """Return the weights of the newest sample, the one before, and so on; they add up to one."""
    ages = np.arange(ceil(4 * width_samples) + 1)
    weights = np.exp(-0.5 * (ages / width_samples) ** 2)
    return weights / weights.sum()
