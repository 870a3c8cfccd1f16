"""Moving the brain's late response to the time of its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState
from .settings import check_count, check_number, check_one_of_two, taken


@dataclass(frozen=True)
class Lag(Step):
    """Let output sample i be input sample i + lag, so that a response is at the time of its stimulus.

    The first ``lag`` samples of a run are dropped, and the run is as much shorter at its end. Live, an output sample is
    ready when the sample ``lag`` later has arrived. Give exactly one of the two settings.

    Parameters
    ----------
    lag_s : float, optional
        Seconds, rounded to the nearest sample; a warning says so. The haemodynamic response to a block needs about 5 s.
    lag_samples : int, optional

    Examples
    --------
    >>> Lag(lag_s=5.0).delay_samples(rate_hz=1 / 2.5)
    2
    >>> Lag(lag_samples=1).open(1, 1.0).push([[1.0], [2.0], [3.0]]).ravel()
    array([2., 3.], dtype=float32)
    """

    treats_features_alike: ClassVar[bool] = True

    lag_s: float | None = None
    lag_samples: int | None = None

    def __post_init__(self) -> None:
        check_one_of_two(("lag_s", "lag_samples"), self.lag_s, self.lag_samples)
        if self.lag_s is not None:
            check_number("lag_s", self.lag_s, may_be_least=True)
        else:
            check_count("lag_samples", self.lag_samples, 0)

    def delay_samples(self, rate_hz: float) -> int:
        if self.lag_samples is not None:
            return self.lag_samples
        assert self.lag_s is not None
        return taken(int(np.floor(self.lag_s * rate_hz + 0.5)), "lag_s", self.lag_s, rate_hz)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _LagState(n_features, self.delay_samples(rate_hz))


class _LagState(StepState):
    def __init__(self, n_features: int, n_drop: int) -> None:
        super().__init__(n_features)
        self._left_to_drop = n_drop

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        n = min(self._left_to_drop, len(chunk))
        self._left_to_drop -= n
        return chunk[n:]

    def _skip(self, n_samples: int) -> int:
        n = min(self._left_to_drop, n_samples)
        self._left_to_drop -= n
        return n_samples - n
