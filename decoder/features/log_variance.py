"""Log variance of every channel: the band power of a trial, after a band-pass filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Features, FittedFeatures
from .trials import OfArrays, check_trials, floor_of


@dataclass(frozen=True, eq=False)
class FittedLogVariance(OfArrays):
    """Holds the variance floor of each channel, (n_channels,)."""

    kind: ClassVar[str] = "LogVariance"
    floor: NDArray[np.float64]

    @property
    def n_out(self) -> int:  # type: ignore[override]
        return len(self.floor)

    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.log(np.maximum(x.var(axis=0), self.floor))


@dataclass(frozen=True)
class LogVariance(Features):
    """The natural logarithm of each channel's variance within the trial.

    A channel that later falls silent counts as one with a millionth of its least variance in training.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(20, 400, 3)) * [1.0, 10.0, 100.0]
    >>> fitted = LogVariance().fit(X, np.arange(20) % 2, 100.0)
    >>> bool(np.allclose(fitted.one(X[0]), np.log(X[0].var(axis=0))))
    True
    """

    fitted: ClassVar[type[FittedFeatures]] = FittedLogVariance

    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedLogVariance:
        check_trials(X)
        variance = np.array([x.astype(np.float64).var(axis=0) for x in X])
        return FittedLogVariance(shape=np.array(X.shape[1:]), floor=floor_of(variance))
