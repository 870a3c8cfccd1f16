"""Taking spikes out of signals as they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState
from .settings import OnGap, check_number, check_on_gap, window_samples

LEAST_SAMPLES = 8
"""With fewer samples before it, a sample is passed on as it is."""
DEVIATIONS_PER_SD = 1.4826
"""Standard deviations of normal noise in one median absolute deviation."""


@dataclass(frozen=True)
class Despike(Step):
    """Bring a sample that is far from the past window's median to the nearest value that is not.

    Far is more than ``limit`` standard deviations, by the median absolute deviation: a jerk of the head or a spike of
    the scanner then weighs no more than a large sample does. A change that stays is followed after half a window.

    Parameters
    ----------
    window_s : float
        Length of the window in seconds, of the samples before.
    limit : float
        In standard deviations.
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> x = [[1.0], [2.0], [3.0], [2.0], [1.0], [2.0], [3.0], [2.0], [90.0]]
    >>> Despike(60.0, limit=4.0).open(1, 0.5).push(x)[-1]
    array([4.9652], dtype=float32)
    """

    window_s: float
    limit: float = 4.0
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("window_s", self.window_s, may_be_least=False)
        check_number("limit", self.limit, may_be_least=False)
        check_on_gap(self.on_gap)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        n_window = window_samples(self.window_s, rate_hz)
        if n_window < LEAST_SAMPLES:
            raise InputError(
                f"window_s: expected at least {LEAST_SAMPLES} samples, {LEAST_SAMPLES / rate_hz:g} s at {rate_hz:g} "
                f"Hz, to say what is usual, got {self.window_s} s"
            )
        return _DespikeState(n_features, n_window, self.limit)


class _DespikeState(StepState):
    """The samples of the past window as they came, in a ring."""

    def __init__(self, n_features: int, n_window: int, limit: float) -> None:
        super().__init__(n_features)
        self._past = np.empty((n_window, n_features))
        self._limit = limit
        self._n_seen = 0

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        out = chunk.copy()
        for i, row in enumerate(chunk.astype(np.float64)):
            if self._n_seen >= LEAST_SAMPLES:
                past = self._past[: self._n_seen]
                middle = np.median(past, axis=0)
                reach = self._limit * DEVIATIONS_PER_SD * np.median(np.abs(past - middle), axis=0)
                # A feature that hardly ever changes has no scale to say what is far.
                out[i] = np.where(reach > 0, np.clip(row, middle - reach, middle + reach), row)
            self._past[self._n_seen % len(self._past)] = row
            self._n_seen += 1
        return out
