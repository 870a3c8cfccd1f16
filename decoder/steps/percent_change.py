"""The signal in per cent of what it was: the usual scale of feedback from a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState
from .numerics.running_sums import RunningSums
from .settings import OnGap, check_number, check_on_gap, window_samples

LEAST = 1e-3
"""A mean below this share of the largest value so far is not divided by: outside the head it is about zero."""


@dataclass(frozen=True)
class PercentChange(Step):
    """Return by how many per cent each sample differs from the mean of the past window, ``100 (x - mean) / mean``.

    Of a feature that is about zero nothing can be said; it becomes zero.

    Parameters
    ----------
    window_s : float, optional
        Length of the window in seconds, the newest sample included; None (default) for everything since the run began.
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> PercentChange().open(1, 0.5).push([[100.0], [104.0]]).ravel().round(2).tolist()
    [0.0, 1.96...]
    """

    window_s: float | None = None
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("window_s", self.window_s, may_be_least=False, optional=True)
        check_on_gap(self.on_gap)

    def unit_out(self, unit: str) -> str:
        return "%"

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _PercentState(n_features, None if self.window_s is None else window_samples(self.window_s, rate_hz))


class _PercentState(StepState):
    def __init__(self, n_features: int, n_window: int | None) -> None:
        super().__init__(n_features)
        self._sums = RunningSums(n_window, n_features)
        self._n_seen = 0
        self._largest = np.zeros(n_features)

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        x = chunk.astype(np.float64)
        index = np.arange(self._n_seen, self._n_seen + len(x))
        self._n_seen += len(x)
        this_block, block_before = self._sums.push(x)
        mean = (this_block + block_before) / self._sums.rows_in_window(index)[:, None]
        largest = np.maximum.accumulate(np.concatenate([self._largest[None], np.abs(x)]))
        self._largest = largest[-1]
        usable = np.abs(mean) > LEAST * largest[1:]
        return np.where(usable, 100.0 * (x - mean) / np.where(usable, mean, 1.0), 0.0).astype(np.float32)
