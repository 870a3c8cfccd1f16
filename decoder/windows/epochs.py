"""Windows that hold samples instead of their average: around events, or sliding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..recordings.events import first_sample_at
from ..steps.numerics.newest_samples import NewestSamples
from ..steps.settings import check_number, window_samples
from .event_windows import Cutter, EventWindow, cut_from
from .stretch import SampleCutter, Stretch, stretch_of
from .window import Window, WindowRow, WindowState


@dataclass(frozen=True)
class Epoch(EventWindow):
    """One trial per event: the samples of its window. Ready when the window ends.

    The window begins at the first sample at or after ``onset + start_s`` and always holds the same number of samples;
    missing ones are bridged, see `hotwire.decoder.windows.stretch`.

    Parameters
    ----------
    start_s, stop_s : float
        Seconds from the event's onset.
    incomplete : {"error", "drop"}
        What to do with an event whose window extends beyond its run.
    bin_s : float, optional
        Hold the averages over stretches of this length instead of single samples.
    baseline_s : (float, float), optional
        Subtract the mean of this interval, in seconds from the onset.
    most, least : float, optional
        Reject windows in which a feature's range, from lowest to highest value (peak to peak), is more than `most` or
        less than `least`, in the recording's unit after the steps. Offline such events give no trial; live the decoder
        abstains.

    Examples
    --------
    >>> Epoch(0.0, 0.8, bin_s=0.05).n_times(100.0)
    16
    """

    bin_s: float | None = None
    baseline_s: tuple[float, float] | None = None
    most: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stop_s is None:
            raise InputError(
                "stop_s: expected the end of the window in seconds from the onset, as trials that hold "
                "samples have to be equally long, got none"
            )
        if self.baseline_s is not None:
            object.__setattr__(self, "baseline_s", _interval("baseline_s", self.baseline_s))
        _check_cut(self)

    @staticmethod
    def policies() -> tuple[str, ...]:
        return ("error", "drop")

    def n_times(self, rate_hz: float) -> int:
        return self.stretch(rate_hz).n_bins

    def times_hz(self, rate_hz: float) -> float:
        return rate_hz / self.stretch(rate_hz).n_bin

    def span(self, onset_s: float, duration_s: float, rate_hz: float) -> tuple[int, int]:
        first, stretch = first_sample_at(onset_s + self.start_s, rate_hz), self.stretch(rate_hz)
        return first + stretch.begin, first + stretch.end

    def cutter(self, n_features: int, rate_hz: float) -> Cutter:
        return SampleCutter(self.stretch(rate_hz), self.most, self.least)

    def stretch(self, rate_hz: float) -> Stretch:
        """Return which samples it takes, and how it makes a row of them."""
        baseline_s = None
        if self.baseline_s is not None:
            baseline_s = self.baseline_s[0] - self.start_s, self.baseline_s[1] - self.baseline_s[0]
        return stretch_of(_between(self.start_s, self.stop_s, rate_hz), self.bin_s, baseline_s, rate_hz)


@dataclass(frozen=True)
class SlidingEpoch(Window):
    """One trial at regular intervals: the newest samples. It ignores events, and has no labels.

    The first is ready when the run is as long as the window. Windows without any sample are left out; missing samples
    of the others are bridged, see `hotwire.decoder.windows.stretch`.

    Parameters
    ----------
    length_s : float
        The length of a window.
    every_s : float
        From one window to the next.
    bin_s, most, least
        See `Epoch`.
    baseline_s : (float, float), optional
        Subtract the mean of this interval, in seconds from the window's beginning: ``(-0.2, 0.0)`` is right before it.
        The row's ``first`` and ``stop`` include it.
    """

    length_s: float
    every_s: float
    bin_s: float | None = None
    most: float | None = None
    least: float | None = None
    baseline_s: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_number("length_s", self.length_s, may_be_least=False)
        check_number("every_s", self.every_s, may_be_least=False)
        if self.baseline_s is not None:
            object.__setattr__(self, "baseline_s", _interval("baseline_s", self.baseline_s, "where the window begins"))
        _check_cut(self)

    def n_times(self, rate_hz: float) -> int:
        return self.stretch(rate_hz).n_bins

    def times_hz(self, rate_hz: float) -> float:
        return rate_hz / self.stretch(rate_hz).n_bin

    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        stretch, n_every = self.stretch(rate_hz), window_samples(self.every_s, rate_hz, "every_s")
        return _SlidingEpochState(n_features, stretch.n_samples, n_every, SampleCutter(stretch, self.most, self.least))

    def stretch(self, rate_hz: float) -> Stretch:
        """Return which samples it takes, and how it makes a row of them."""
        baseline_s = None if self.baseline_s is None else (self.baseline_s[0], self.baseline_s[1] - self.baseline_s[0])
        return stretch_of(window_samples(self.length_s, rate_hz, "length_s"), self.bin_s, baseline_s, rate_hz)


class _SlidingEpochState(WindowState):
    def __init__(self, n_features: int, n_length: int, n_every: int, cut: Cutter) -> None:
        super().__init__(n_features)
        self._n_length = n_length
        self._n_every = n_every
        self._cut = cut
        self._samples = NewestSamples(n_features, n_keep=0)
        self._next = 0
        self._present_stop = 0  # one past the newest sample that is not missing

    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        """Do nothing: these windows ignore events."""

    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]:
        self._samples.append(chunk)
        if len(chunk):
            self._present_stop = self._samples.stop
        return self._ready()

    def _skip(self, n_samples: int) -> list[WindowRow]:
        self._samples.skip(n_samples)
        return self._ready()

    def _ready(self) -> list[WindowRow]:
        rows = []
        while (stop := self._next + self._n_length) <= self._samples.stop and self._next < self._present_stop:
            row = cut_from(self._samples, self._cut, -1, self._next, stop)
            if row.n_present:
                rows.append(row)
            self._next += self._n_every
        n_empty = (self._samples.stop - self._n_length - self._next) // self._n_every + 1
        self._next += self._n_every * max(0, n_empty)
        self._samples.forget(before=self._next)
        return rows


def _between(start_s: float, stop_s: float | None, rate_hz: float) -> int:
    assert stop_s is not None
    return window_samples(stop_s - start_s, rate_hz, "stop_s")


def _interval(name: str, given: Any, where: str = "the onset") -> tuple[float, float]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InputError(f"{name}: expected [from, to] in seconds from {where}, got {given!r}")
    check_number(f"{name}[0]", given[0], -np.inf, may_be_least=False)
    check_number(f"{name}[1]", given[1], float(given[0]), may_be_least=False)
    return float(given[0]), float(given[1])


def _check_cut(window: Epoch | SlidingEpoch) -> None:
    check_number("bin_s", window.bin_s, may_be_least=False, optional=True)
    check_number("least", window.least, may_be_least=True, optional=True)
    check_number("most", window.most, window.least or 0.0, may_be_least=False, optional=True)
