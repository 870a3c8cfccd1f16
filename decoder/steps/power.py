"""The current power of a signal: the mean of its newest squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .base import Step, StepState
from .numerics.means import ExponentialMean, RunningMean, WindowMean
from .settings import OnGap, check_choice, check_number, check_on_gap, check_one_of_two, window_samples

Output = Literal["power", "rms", "log"]
OUTPUTS: tuple[Output, ...] = ("power", "rms", "log")

LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Power(Step):
    """Square the samples and average over the newest: after a band-pass, the power of the band.

    Give exactly one of the two times. Until a window is full it reaches back to the first sample of the run; the
    exponential mean, too, uses only the samples of the run.

    Parameters
    ----------
    window_s : float, optional
        All samples of so many seconds weigh the same, the newest included.
    time_constant_s : float, optional
        A sample's weight falls with its age, to 1/e in so many seconds.
    output : {"power", "rms", "log"}
        The mean of the squares (default); its root, which is the envelope in the signal's own unit; or its natural
        logarithm, which is nearer to a normal distribution (no power counts as less than 1.2e-38).
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> Power(window_s=0.02).open(1, 100.0).push([[3.0], [1.0], [1.0]]).ravel()
    array([9., 5., 1.], dtype=float32)
    """

    window_s: float | None = None
    time_constant_s: float | None = None
    output: Output = "power"
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_one_of_two(("window_s", "time_constant_s"), self.window_s, self.time_constant_s)
        for name, value in (("window_s", self.window_s), ("time_constant_s", self.time_constant_s)):
            check_number(name, value, may_be_least=False, optional=True)
        check_choice("output", self.output, OUTPUTS)
        check_on_gap(self.on_gap)

    def unit_out(self, unit: str) -> str:
        return {"power": f"{unit}^2", "rms": unit, "log": f"ln({unit}^2)"}[self.output]

    def group_delay_samples(self, rate_hz: float) -> float:
        if self.window_s is not None:
            return (window_samples(self.window_s, rate_hz) - 1) / 2
        assert self.time_constant_s is not None
        return ExponentialMean(0, self.time_constant_s * rate_hz).mean_age

    def open(self, n_features: int, rate_hz: float) -> StepState:
        if self.window_s is not None:
            return _PowerState(n_features, WindowMean(n_features, window_samples(self.window_s, rate_hz)), self.output)
        assert self.time_constant_s is not None
        return _PowerState(n_features, ExponentialMean(n_features, self.time_constant_s * rate_hz), self.output)


class _PowerState(StepState):
    def __init__(self, n_features: int, mean: RunningMean, output: Output) -> None:
        super().__init__(n_features)
        self._mean, self._output = mean, output

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        x = chunk.astype(np.float64)
        x *= x
        out = self._mean.push(x)
        if self._output == "rms":
            np.sqrt(out, out=out)
        elif self._output == "log":
            for row in out:  # row by row: numpy's logarithm may depend on the array's length
                np.log(np.maximum(row, LEAST), out=row)
        return out.astype(np.float32)
