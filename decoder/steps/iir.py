"""Recursive filters, causal, sample by sample: band-pass, high-pass, low-pass and notch."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState
from .numerics.butterworth import Kind, butterworth, group_delay, notch
from .numerics.cascade import Cascade
from .settings import OnGap, check_choice, check_count, check_number, check_on_gap

Start = Literal["first sample", "zero"]
START: tuple[Start, ...] = ("first sample", "zero")


class Filter(Step):
    """What the filters of this module have in common: second-order sections.

    Every sample's output is ready at once, shifted in phase: `group_delay_samples` says by how much it lags in the
    middle of the pass band. An offset a hundred thousand times as large as the signal costs no precision where the run
    starts with its first sample.
    """

    treats_features_alike: ClassVar[bool] = True

    start: Start
    gain_at_0_hz: ClassVar[float]

    def check(self) -> None:
        """Raise InputError where a setting that all filters have is not usable."""
        check_choice("start", self.start, START)
        check_on_gap(self.on_gap)

    @abstractmethod
    def sections(self, rate_hz: float) -> NDArray[np.float64]:
        """Return the second-order sections (n_sections, 6), see `butterworth`; InputError at too low a rate."""

    @abstractmethod
    def middle_hz(self, rate_hz: float) -> float:
        """Return the middle of the pass band."""

    def group_delay_samples(self, rate_hz: float) -> float:
        return group_delay(self.sections(rate_hz), self.middle_hz(rate_hz), rate_hz)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return FilterState(n_features, self.sections(rate_hz)[None], self.start, self.gain_at_0_hz)


@dataclass(frozen=True)
class BandPass(Filter):
    """Pass a band of frequencies (Butterworth), as ``scipy.signal.sosfilt`` does.

    Parameters
    ----------
    low_hz, high_hz : float
        Where the power has fallen to one half.
    order : int
        As in ``scipy.signal.butter``: on either side, 4 (default) falls by 24 dB per octave.
    start : {"first sample", "zero"}
        The assumed signal before the run: the value of its first sample for ever (default), so that an offset leaves no
        transient; or zero.
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> BandPass(8.0, 30.0).open(1, 250.0).push([[0.1], [0.1], [0.2]]).round(6)
    array([[0.      ],
           [0.      ],
           [0.000311]], dtype=float32)
    """

    low_hz: float
    high_hz: float
    order: int = 4
    start: Start = "first sample"
    on_gap: OnGap = "bridge"
    gain_at_0_hz: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        check_band("low_hz, high_hz", (self.low_hz, self.high_hz))
        check_count("order", self.order, 1)
        self.check()

    def sections(self, rate_hz: float) -> NDArray[np.float64]:
        check_below_half("high_hz", self.high_hz, rate_hz)
        return butterworth("band", (self.low_hz, self.high_hz), self.order, rate_hz)

    def middle_hz(self, rate_hz: float) -> float:
        return (self.low_hz * self.high_hz) ** 0.5


@dataclass(frozen=True)
class _OneSided(Filter):
    cutoff_hz: float
    order: int = 4
    start: Start = "first sample"
    on_gap: OnGap = "bridge"
    kind: ClassVar[Kind]

    def __post_init__(self) -> None:
        check_number("cutoff_hz", self.cutoff_hz, may_be_least=False)
        check_count("order", self.order, 1)
        self.check()

    def sections(self, rate_hz: float) -> NDArray[np.float64]:
        check_below_half("cutoff_hz", self.cutoff_hz, rate_hz)
        return butterworth(self.kind, self.cutoff_hz, self.order, rate_hz)


@dataclass(frozen=True)
class HighPass(_OneSided):
    """Remove what is slower than the cut-off: offsets and drifts (Butterworth).

    Parameters
    ----------
    cutoff_hz : float
        Where the power has fallen to one half.
    order : int
        4 (default) falls by 24 dB per octave.
    start, on_gap
        See `BandPass`.
    """

    kind: ClassVar[Kind] = "high"
    gain_at_0_hz: ClassVar[float] = 0.0

    def middle_hz(self, rate_hz: float) -> float:
        return (self.cutoff_hz + rate_hz / 2) / 2


@dataclass(frozen=True)
class LowPass(_OneSided):
    """Remove what is faster than the cut-off (Butterworth); its parameters are those of `HighPass`."""

    kind: ClassVar[Kind] = "low"
    gain_at_0_hz: ClassVar[float] = 1.0

    def middle_hz(self, rate_hz: float) -> float:
        return self.cutoff_hz / 2


@dataclass(frozen=True)
class Notch(Filter):
    """Remove the mains frequency and its harmonics, each as ``scipy.signal.iirnotch`` does.

    Parameters
    ----------
    frequency_hz : float
        50 in most of the world, 60 in the Americas.
    quality : float
        The frequency divided by the width of the band that is removed; 30 (default) removes 1.7 Hz at 50 Hz.
    harmonics : int
        How many multiples of the frequency are removed, itself included.
    start, on_gap
        See `BandPass`.
    """

    frequency_hz: float
    quality: float = 30.0
    harmonics: int = 1
    start: Start = "first sample"
    on_gap: OnGap = "bridge"
    gain_at_0_hz: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        check_number("frequency_hz", self.frequency_hz, may_be_least=False)
        check_number("quality", self.quality, least=0.5, may_be_least=False)
        check_count("harmonics", self.harmonics, 1)
        self.check()

    def sections(self, rate_hz: float) -> NDArray[np.float64]:
        check_below_half("frequency_hz", self.frequency_hz, rate_hz)
        if self.harmonics * self.frequency_hz >= rate_hz / 2:
            most = int(np.ceil(rate_hz / 2 / self.frequency_hz)) - 1
            raise InputError(
                f"harmonics: of {self.frequency_hz:g} Hz there are {most} below half of {rate_hz:g} samples per "
                f"second, got {self.harmonics}"
            )
        multiples = [number * self.frequency_hz for number in range(1, self.harmonics + 1)]
        return np.concatenate([notch(multiple, self.quality, rate_hz) for multiple in multiples])

    def middle_hz(self, rate_hz: float) -> float:
        return self.frequency_hz / 2


class FilterState(StepState):
    """Runs filters with sections (n_filters, n_sections, 6) in parallel: all features of the first, then of the next.

    It filters the difference from the first sample, and adds the first sample times the filter's gain at 0 Hz. This is
    ``sosfilt`` with a state scaled by ``sosfilt_zi``, without its rounding errors.
    """

    def __init__(self, n_features: int, sections: NDArray[np.float64], start: Start, gain_at_0_hz: float) -> None:
        super().__init__(n_features)
        self._shape = (len(sections), n_features)
        self._n_out = len(sections) * n_features
        self._cascade = Cascade(sections, n_features)
        self._first = None if start == "first sample" else np.zeros(n_features)
        self._gain_at_0_hz = gain_at_0_hz

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.filter(chunk).astype(np.float32)

    def filter(self, chunk: NDArray) -> NDArray[np.float64]:
        """Return the output (n_samples, n_filters * n_features), before it is rounded to float32."""
        out = np.empty((len(chunk), *self._shape))
        if len(chunk):
            if self._first is None:
                self._first = chunk[0].astype(np.float64)
            self._cascade.push(chunk - self._first, out)
            if self._gain_at_0_hz:
                out += self._gain_at_0_hz * self._first
        return out.reshape(len(chunk), self._n_out)

    def finish(self) -> NDArray[np.float32]:
        return np.empty((0, self._n_out), np.float32)


def check_band(name: str, band: tuple[float, float]) -> None:
    """Raise InputError unless these are the lower and the upper end of a frequency band."""
    for edge_hz in band:
        check_number(name, edge_hz, may_be_least=False)
    if not band[0] < band[1]:
        raise InputError(f"{name}: expected the lower frequency first, got {band[0]!r} and {band[1]!r}")


def check_below_half(name: str, hz: float, rate_hz: float) -> None:
    """Raise InputError unless the frequency is below half the sampling rate."""
    if not hz < rate_hz / 2:
        raise InputError(
            f"{name}: {hz:g} Hz is not possible at {rate_hz:g} samples per second, where it has to be below "
            f"{rate_hz / 2:g} Hz; use a lower one, or filter before the rate is lowered"
        )
