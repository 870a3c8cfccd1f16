"""Smoothing binned spike counts with what came before: rates that a linear map can read."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import OnGap, Step, StepState, check_number, check_on_gap
from .numerics.cascade import Cascade
from .numerics.fir import WeightedRows

Kernel = Literal["exponential", "half-gaussian"]
KERNELS: tuple[Kernel, ...] = ("exponential", "half-gaussian")


@dataclass(frozen=True)
class Smooth(Step):
    """Give a weighted mean of the newest samples, where older ones weigh less.

    The weights of the samples that came add up to one, also while the run is younger than the kernel is long:
    ``lfilter(kernel, 1, x) / lfilter(kernel, 1, ones)``.

    Parameters
    ----------
    kernel : {"exponential", "half-gaussian"}
        A sample's weight falls with its age t as ``exp(-t / width_s)``, or as ``exp(-t**2 / (2 width_s**2))`` up to
        four widths.
    width_s : float
        In seconds.
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> Smooth("exponential", 0.1).open(1, 10.0).push([[1.0], [0.0], [0.0]]).ravel().round(3)
    array([1.   , 0.269, 0.09 ], dtype=float32)
    """

    kernel: Kernel
    width_s: float
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise InputError(f"kernel: expected one of {', '.join(KERNELS)}, got {self.kernel!r}")
        check_number("width_s", self.width_s, may_be_least=False)
        check_on_gap(self.on_gap)

    def group_delay_samples(self, rate_hz: float) -> float:
        if self.kernel == "exponential":
            return ExponentialMean(0, self.width_s * rate_hz).mean_age
        weights = half_gaussian(self.width_s * rate_hz)
        return float(weights @ np.arange(len(weights)))

    def open(self, n_features: int, rate_hz: float) -> StepState:
        if self.kernel == "exponential":
            return _SmoothState(n_features, ExponentialMean(n_features, self.width_s * rate_hz))
        return _SmoothState(n_features, _HalfGaussianMean(n_features, half_gaussian(self.width_s * rate_hz)))


def half_gaussian(width_samples: float) -> NDArray[np.float64]:
    """Return the weights of the newest sample, the one before, and so on; they add up to one."""
    ages = np.arange(ceil(4 * width_samples) + 1)
    weights = np.exp(-0.5 * (ages / width_samples) ** 2)
    return weights / weights.sum()


class ExponentialMean:
    """Mean of the samples that came, whose weight falls with their age to 1/e in ``width_samples``.

    Parameters
    ----------
    n_columns : int
    width_samples : float
    """

    def __init__(self, n_columns: int, width_samples: float) -> None:
        self._keep = exp(-1.0 / width_samples)
        self.mean_age = self._keep / -np.expm1(-1.0 / width_samples)
        self._cascade = Cascade(np.array([[[1.0 - self._keep, 0.0, 0.0, 1.0, -self._keep, 0.0]]]), n_columns)
        self._weight = 0.0

    def push(self, rows: NDArray) -> NDArray[np.float64]:
        """Return the mean at each of the next rows (n, n_columns)."""
        out = np.empty((len(rows), 1, rows.shape[1]))
        self._cascade.push(rows, out)
        out = out[:, 0]
        for row in out:
            self._weight = self._keep * self._weight + (1.0 - self._keep)
            row /= self._weight
        return out


class _HalfGaussianMean:
    def __init__(self, n_columns: int, weights: NDArray[np.float64]) -> None:
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


class _SmoothState(StepState):
    def __init__(self, n_features: int, mean: ExponentialMean | _HalfGaussianMean) -> None:
        super().__init__(n_features)
        self._mean = mean

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._mean.push(chunk).astype(np.float32)
