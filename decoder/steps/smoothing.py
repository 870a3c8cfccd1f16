"""Smoothing binned spike counts over the past: rates that a linear map can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState
from .numerics.means import ExponentialMean, HalfGaussianMean, RunningMean
from .settings import OnGap, check_choice, check_number, check_on_gap

Kernel = Literal["exponential", "half-gaussian"]
KERNELS: dict[str, type[ExponentialMean] | type[HalfGaussianMean]] = {
    "exponential": ExponentialMean,
    "half-gaussian": HalfGaussianMean,
}


@dataclass(frozen=True)
class Smooth(Step):
    """Return a weighted mean of the newest samples, where older ones weigh less.

    The weights of the samples of the run add up to one, also while the run is shorter than the kernel:
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

    treats_features_alike: ClassVar[bool] = True

    kernel: Kernel
    width_s: float
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_choice("kernel", self.kernel, tuple(KERNELS))
        check_number("width_s", self.width_s, may_be_least=False)
        check_on_gap(self.on_gap)

    def group_delay_samples(self, rate_hz: float) -> float:
        return KERNELS[self.kernel](0, self.width_s * rate_hz).mean_age

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _SmoothState(n_features, KERNELS[self.kernel](n_features, self.width_s * rate_hz))


class _SmoothState(StepState):
    def __init__(self, n_features: int, mean: RunningMean) -> None:
        super().__init__(n_features)
        self._mean = mean

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._mean.push(chunk).astype(np.float32)
