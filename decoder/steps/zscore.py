"""Scaling to mean 0 and standard deviation 1: over the whole run, or causally over the past window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState, WholeRun
from .numerics.running_sums import FromFirst, RunningSums
from .settings import OnGap, check_count, check_number, check_on_gap, window_samples


def zscore(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column less its mean, divided by its standard deviation; a constant column becomes zero."""
    constant = (X[0] == X).all(axis=0)
    centred = X - X.mean(axis=0)
    std = np.sqrt(np.mean(centred**2, axis=0))
    return np.where(constant, 0.0, centred / np.where(constant | (std == 0), 1.0, std))


@dataclass(frozen=True)
class ZScore(Step):
    """Scale each feature to mean 0 and standard deviation 1 within each run; a constant feature becomes zero.

    Needs the whole run; the causal form is `RunningZScore`.
    """

    needs_future: ClassVar[bool] = True

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return WholeRun(n_features, zscore)


@dataclass(frozen=True)
class RunningZScore(Step):
    """Subtract the mean of the past and divide by its standard deviation.

    The output is zero for the first ``min_samples - 1`` samples of a run, and for a feature that does not vary within
    its window.

    Parameters
    ----------
    window_s : float, optional
        Length of the window in seconds, the newest sample included; None (default) for everything since the run began.
    min_samples : int
        At least 2.
    on_gap : {"bridge", "reset"}
        See `Step`.
    """

    window_s: float | None = None
    min_samples: int = 10
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("window_s", self.window_s, may_be_least=False, optional=True)
        check_count("min_samples", self.min_samples, 2)
        check_on_gap(self.on_gap)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        n_window = None if self.window_s is None else window_samples(self.window_s, rate_hz)
        if n_window is not None:
            check_count(f"window_s: {self.window_s} s in samples at {rate_hz:g} Hz", n_window, self.min_samples)
        return _RunningZScoreState(n_features, n_window, self.min_samples)


class _RunningZScoreState(FromFirst):
    """Stores sums of each block's differences from its first sample, and of their squares.

    The variance is combined from the two parts of the window, each with a reference of its own (Chan, Golub & LeVeque
    1983): a sample of enormous size is forgotten with its block.
    """

    def __init__(self, n_features: int, n_window: int | None, min_samples: int) -> None:
        super().__init__(n_features)
        self._sums = RunningSums(n_window, 2 * n_features)
        self._min_samples = min_samples
        self._reference = np.zeros(n_features)
        self._reference_before = np.zeros(n_features)

    def _compute(self, x: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
        position = index if self._sums.n_rows is None else index % self._sums.n_rows
        starts = np.flatnonzero(position == 0)
        pieces = np.split(np.arange(len(x)), starts)
        return np.concatenate([self._within_block(x[rows], index[rows], position[rows]) for rows in pieces])

    def _within_block(
        self, x: NDArray[np.float64], index: NDArray[np.int64], position: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        if not len(x):
            return x
        if position[0] == 0:
            self._reference_before, self._reference = self._reference, x[0].copy()
        d = x - self._reference
        this_block, block_before = self._sums.push(np.concatenate([d, d * d], axis=1))
        n = self._sums.rows_in_window(index)[:, None]
        n_this = position[:, None] + 1
        n_before = n - n_this
        mean_this, squares_this = self._moments(this_block, n_this)
        mean_before, squares_before = self._moments(block_before, np.maximum(n_before, 1))
        apart = np.where(n_before > 0, (self._reference_before - self._reference) + mean_before - mean_this, 0.0)
        mean = mean_this + apart * n_before / n
        squares = squares_this + squares_before + apart * apart * n_this * n_before / n

        # a bound on the rounding errors above: squares below it say nothing
        size = this_block[:, self.n_features :] + block_before[:, self.n_features :]
        ready = (squares > 4 * n * np.finfo(np.float64).eps * size) & (n >= self._min_samples)
        return np.where(ready, (d - mean) / np.sqrt(np.where(ready, squares / n, 1.0)), 0.0)

    def _moments(
        self, sums: NDArray[np.float64], n: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = sums[:, : self.n_features] / n
        return mean, sums[:, self.n_features :] - mean * mean * n
