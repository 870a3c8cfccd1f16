"""Subtracting the mean of the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState
from .numerics.running_sums import FromFirst, RunningSums
from .settings import OnGap, check_number, check_on_gap, window_samples


@dataclass(frozen=True)
class RunningBaseline(Step):
    """Subtract from every sample the mean of the past window. The first sample of a run becomes zero.

    Parameters
    ----------
    window_s : float, optional
        Length of the window in seconds, the newest sample included; None (default) for everything since the run began.
        Until the window is full, it reaches back to the first sample.
    on_gap : {"bridge", "reset"}
        See `Step`.
    """

    treats_features_alike: ClassVar[bool] = True

    window_s: float | None = None
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("window_s", self.window_s, may_be_least=False, optional=True)
        check_on_gap(self.on_gap)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _RunningState(n_features, None if self.window_s is None else window_samples(self.window_s, rate_hz))


class _RunningState(FromFirst):
    def __init__(self, n_features: int, n_window: int | None) -> None:
        super().__init__(n_features)
        self._sums = RunningSums(n_window, n_features)

    def _compute(self, x: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
        this_block, block_before = self._sums.push(x)
        return x - (this_block + block_before) / self._sums.rows_in_window(index)[:, None]


@dataclass(frozen=True)
class ExponentialBaseline(Step):
    """Subtract from every sample a mean of the past whose weights fall exponentially.

    The mean moves towards each new sample by ``1 - exp(-1 / (time_constant_s * rate_hz))``, and by ``1 / n`` as long as
    that is more (n samples since the run began), so that it starts as the plain mean. The first sample of a run becomes
    zero.

    Parameters
    ----------
    time_constant_s : float
        After so many seconds a sample's weight has fallen to 1/e.
    on_gap : {"bridge", "reset"}
        See `Step`.
    """

    treats_features_alike: ClassVar[bool] = True

    time_constant_s: float
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("time_constant_s", self.time_constant_s, may_be_least=False)
        check_on_gap(self.on_gap)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _ExponentialState(n_features, float(-np.expm1(-1.0 / (self.time_constant_s * rate_hz))))


class _ExponentialState(StepState):
    def __init__(self, n_features: int, share: float) -> None:
        super().__init__(n_features)
        self._share = share
        self._mean = np.zeros(n_features)
        self._n_seen = 0

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.empty_like(chunk)
        for i, sample in enumerate(chunk.astype(np.float64)):
            self._n_seen += 1
            self._mean += max(self._share, 1.0 / self._n_seen) * (sample - self._mean)
            out[i] = sample - self._mean
        return out
