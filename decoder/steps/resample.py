"""Another sampling rate: frequencies that the new one cannot hold are removed, and the phase does not change."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState
from .numerics.fir import WeightedRows
from .settings import check_number

LARGEST = 5000
"""The largest whole number in a ratio of rates."""


@dataclass(frozen=True)
class Resample(Step):
    """Return so many samples per second, as ``scipy.signal.resample_poly`` computes them.

    The ratio of the rates is written as up / down; a linear-phase low-pass (Kaiser window, beta 5, 10 periods of the
    lower rate to either side) is evaluated at the times of the new samples. Output m is m / rate_hz seconds after the
    run's first sample and waits for the samples that the low-pass still needs, so that nothing lags. The signal before
    the run counts as its first sample for ever.

    After a gap it starts again, as at the beginning of a run, on the same grid of times; outputs within the gap, or
    that waited for samples in it, are missing.

    Parameters
    ----------
    rate_hz : float
        Output samples per second, lower or higher than the input's.

    Raises
    ------
    InputError
        When opened: the rates are in no ratio of whole numbers up to 5000.

    Examples
    --------
    >>> Resample(250.0).delay_samples(2000.0)
    80
    >>> Resample(2.0).open(1, 1.0).push(np.full((13, 1), 0.1)).ravel()
    array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], dtype=float32)
    """

    rate_hz: float

    def __post_init__(self) -> None:
        check_number("rate_hz", self.rate_hz, may_be_least=False)

    def rate_out_hz(self, rate_hz: float) -> float:
        return float(self.rate_hz)

    def delay_samples(self, rate_hz: float) -> int:
        ratio = ratio_of_rates(rate_hz, self.rate_hz)
        return half_length(ratio) // ratio.numerator

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _ResampleState(n_features, ratio_of_rates(rate_hz, self.rate_hz))


def ratio_of_rates(rate_hz: float, rate_out_hz: float) -> Fraction:
    """Return up / down; where no whole numbers up to `LARGEST` have this ratio, InputError names the nearest rates.

    Examples
    --------
    >>> ratio_of_rates(1000.0, 256.0)
    Fraction(32, 125)
    """
    ratio = _whole_ratio(rate_out_hz / rate_hz)
    if ratio is None:
        possible = " or ".join(f"{near:.9g}" for near in _possible_rates(rate_hz, rate_out_hz))
        raise InputError(
            f"rate_hz: {rate_out_hz:.9g} and {rate_hz:.9g} samples per second are in no ratio of whole numbers up to "
            f"{LARGEST}; possible is {possible}"
        )
    return ratio


def _whole_ratio(wanted: float) -> Fraction | None:
    ratio = Fraction(wanted).limit_denominator(LARGEST)
    return ratio if 0 < ratio.numerator <= LARGEST and abs(ratio - wanted) <= 1e-9 * wanted else None


def _possible_rates(rate_hz: float, wanted_hz: float) -> list[float]:
    """Return the nearest whole numbers, or else the nearest of simple ratios."""
    whole = [float(near) for near in (floor(wanted_hz), ceil(wanted_hz)) if _whole_ratio(near / rate_hz)]
    if whole:
        return whole
    larger = min(float(LARGEST), max(wanted_hz / rate_hz, rate_hz / wanted_hz))
    simple = float(Fraction(larger).limit_denominator(min(100, int(LARGEST / larger))))
    return [rate_hz * simple if wanted_hz > rate_hz else rate_hz / simple]


def half_length(ratio: Fraction) -> int:
    """Return how many taps the low-pass has on either side of its middle, at ``up`` times the input rate."""
    return 0 if ratio == 1 else 10 * max(ratio.numerator, ratio.denominator)


def low_pass(ratio: Fraction) -> NDArray[np.float64]:
    """Return the taps of the low-pass, ``2 * half_length + 1``: a sinc under a Kaiser window.

    References
    ----------
    Oppenheim & Schafer (2010), Discrete-time signal processing, section 7.5.3.
    """
    half, cutoff = half_length(ratio), 1.0 / max(ratio.numerator, ratio.denominator)
    taps = np.sinc(cutoff * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, 5.0)
    return taps * (ratio.numerator / taps.sum())


def phases(ratio: Fraction) -> NDArray[np.float64]:
    """Return the taps of the low-pass for each place between two inputs, (up, n_rows), the newest input's last."""
    taps, up = low_pass(ratio), ratio.numerator
    n_rows = ceil(len(taps) / up)
    return np.pad(taps, (0, n_rows * up - len(taps))).reshape(n_rows, up).T[:, ::-1]


class _ResampleState(StepState):
    def __init__(self, n_features: int, ratio: Fraction) -> None:
        super().__init__(n_features)
        self._up, self._down, self._half = ratio.numerator, ratio.denominator, half_length(ratio)
        self._rows = WeightedRows(phases(ratio), n_features)
        self._first: NDArray[np.float64] | None = None
        self._n_in = 0
        self._n_out = 0

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.resample(chunk).astype(np.float32)

    def resample(self, chunk: NDArray) -> NDArray[np.float64]:
        """Return the output (n_ready, n_features), before it is rounded to float32."""
        n_ready = max(0, ceil(((self._n_in + len(chunk)) * self._up - self._half) / self._down) - self._n_out)
        out = np.empty((n_ready, self.n_features))
        if not len(chunk):
            return out
        first = self._first = chunk[0].astype(np.float64) if self._first is None else self._first
        done = 0
        for begin in range(0, len(chunk), self._rows.room):
            part = chunk[begin : begin + self._rows.room]
            self._rows.append(part - first)
            self._n_in += len(part)
            # Output m needs the input up to the last tap that it reaches.
            while (needed := self._n_out * self._down + self._half) < self._n_in * self._up:
                newest, phase = divmod(needed, self._up)
                self._rows.weigh(phase, self._n_in - 1 - newest, out[done])
                self._n_out += 1
                done += 1
        out += first
        return out

    def _skip(self, n_samples: int) -> int:
        if not n_samples:
            return 0
        self._rows.clear()
        self._first = None
        self._n_in += n_samples
        n_before, self._n_out = self._n_out, -(-self._n_in * self._up // self._down)  # all outputs before here
        return self._n_out - n_before
