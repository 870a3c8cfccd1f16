"""Windows that hold samples instead of their average: around events, or sliding along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..events import first_sample_at
from .base import check_number, window_samples
from .event_windows import Cutter, EventWindow
from .history import History
from .window import Rejection, Window, WindowRow, WindowState


@dataclass(frozen=True)
class Epoch(EventWindow):
    """One trial per event: the samples of its window. Ready when the window ends.

    The window begins at the first sample at or after ``onset + start_s`` and always holds the same number of samples.

    Parameters
    ----------
    start_s, stop_s : float
        Seconds from the event's onset.
    incomplete : {"error", "drop"}
        What to do with an event whose window reaches beyond its run.
    bin_s : float, optional
        Hold the averages over stretches of this length instead of single samples.
    baseline_s : (float, float), optional
        Take off the mean of this interval, seconds from the onset.
    most, least : float, optional
        Reject windows in which a feature's values span more, or less, from lowest to highest (peak to peak), in the
        recording's unit after the steps. Offline such events give no trial; live the decoder abstains.

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
        return _n_bins(self.bin_s, _between(self.start_s, self.stop_s, rate_hz), rate_hz)[0]

    def times_hz(self, rate_hz: float) -> float:
        return rate_hz / _n_bins(self.bin_s, _between(self.start_s, self.stop_s, rate_hz), rate_hz)[1]

    def span(self, onset_s: float, duration_s: float, rate_hz: float) -> tuple[int, int]:
        first = first_sample_at(onset_s + self.start_s, rate_hz)
        begin, end = self._reach(rate_hz)
        return first + begin, first + end

    def cutter(self, n_features: int, rate_hz: float) -> Cutter:
        n = _between(self.start_s, self.stop_s, rate_hz)
        base = slice(0, 0)
        begin, end = self._reach(rate_hz)
        if self.baseline_s is not None:
            from_s, to_s = self.baseline_s
            base_first = round((from_s - self.start_s) * rate_hz) - begin
            base = slice(base_first, base_first + _between(from_s, to_s, rate_hz, "baseline_s"))
        return _SampleCutter(end - begin, slice(-begin, n - begin), base, self, rate_hz)

    def ready(self, first: int, stop: int, upto: int, newest: Iterator[int]) -> list[tuple[int, int]]:
        return [(first, stop)] if upto == stop else []

    def oldest(self, first: int, done: int) -> int:
        return first

    def _reach(self, rate_hz: float) -> tuple[int, int]:
        """The samples needed, counted from the window's first: the baseline may lie before or behind it."""
        n = _between(self.start_s, self.stop_s, rate_hz)
        if self.baseline_s is None:
            return 0, n
        from_s, to_s = self.baseline_s
        first = round((from_s - self.start_s) * rate_hz)
        return min(0, first), max(n, first + _between(from_s, to_s, rate_hz, "baseline_s"))


@dataclass(frozen=True)
class SlidingEpoch(Window):
    """One trial every so often: the newest samples. It takes no notice of events, and has no labels.

    The first is ready when the run is as long as the window. Windows of which no sample came are left out.

    Parameters
    ----------
    length_s : float
        How much a window holds.
    every_s : float
        From one window to the next.
    bin_s, most, least
        See `Epoch`.
    """

    length_s: float
    every_s: float
    bin_s: float | None = None
    most: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        check_number("length_s", self.length_s, may_be_least=False)
        check_number("every_s", self.every_s, may_be_least=False)
        _check_cut(self)

    def n_times(self, rate_hz: float) -> int:
        return _n_bins(self.bin_s, window_samples(self.length_s, rate_hz, "length_s"), rate_hz)[0]

    def times_hz(self, rate_hz: float) -> float:
        return rate_hz / _n_bins(self.bin_s, window_samples(self.length_s, rate_hz, "length_s"), rate_hz)[1]

    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        n_length = window_samples(self.length_s, rate_hz, "length_s")
        cut = _SampleCutter(n_length, slice(0, n_length), slice(0, 0), self, rate_hz)
        return _SlidingState(n_features, n_length, window_samples(self.every_s, rate_hz, "every_s"), cut)


class _SlidingState(WindowState):
    def __init__(self, n_features: int, n_length: int, n_every: int, cut: Cutter) -> None:
        super().__init__(n_features)
        self._n_length = n_length
        self._n_every = n_every
        self._cut = cut
        self._samples = History(n_features, n_keep=0)
        self._next = 0
        self._came = 0  # one past the newest sample that came

    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        """Do nothing: windows slide, whatever the events."""

    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]:
        self._samples.append(chunk)
        if len(chunk):
            self._came = self._samples.stop
        return self._ready()

    def _skip(self, n_samples: int) -> list[WindowRow]:
        self._samples.skip(n_samples)
        return self._ready()

    def _ready(self) -> list[WindowRow]:
        rows = []
        while (stop := self._next + self._n_length) <= self._samples.stop and self._next < self._came:
            present = self._samples.rows(self._next, stop)
            if len(present):
                rows.append(self._cut(-1, self._next, stop, present))
            self._next += self._n_every
        n_empty = (self._samples.stop - self._n_length - self._next) // self._n_every + 1
        self._next += self._n_every * max(0, n_empty)
        self._samples.forget(before=self._next)
        return rows


class _SampleCutter:
    """Makes a row of a stretch of samples: rejects it, or takes the baseline off and averages within bins."""

    def __init__(self, n_needed: int, kept: slice, base: slice, window: Epoch | SlidingEpoch, rate_hz: float) -> None:
        self._n_needed = n_needed
        self._kept = kept
        self._base = base
        self._n_bins, self._n_bin = _n_bins(window.bin_s, kept.stop - kept.start, rate_hz)
        self._most = np.inf if window.most is None else window.most
        self._least = -np.inf if window.least is None else window.least
        self._judges = window.most is not None or window.least is not None

    def __call__(self, event: int, first: int, stop: int, present: NDArray[np.float32]) -> WindowRow:
        rejected = self._rejection(present)
        if rejected is None:
            x = self._values(present.astype(np.float64)).astype(np.float32).reshape(-1)
        else:
            x = np.zeros(self._n_bins * present.shape[1], np.float32)
        return WindowRow(event, first, stop, x, len(present), rejected)

    def _values(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = samples[self._kept]
        if self._base.stop:
            kept = kept - samples[self._base].mean(axis=0)
        return kept if self._n_bin == 1 else kept.reshape(self._n_bins, self._n_bin, -1).mean(axis=1)

    def _rejection(self, present: NDArray[np.float32]) -> Rejection | None:
        if len(present) < self._n_needed:
            return Rejection(f"{len(present)} of the window's {self._n_needed} samples came, all are needed")
        if not self._judges:
            return None
        span = np.ptp(present[self._kept], axis=0)
        for wrong, expected in (
            (span > self._most, f"at most {self._most:g}"),
            (span < self._least, f"at least {self._least:g}"),
        ):
            features = np.flatnonzero(wrong).tolist()
            if features:
                worst = span[features].max() if span[features[0]] > self._most else span[features].min()
                return Rejection(f"{worst:.3g} peak to peak, expected {expected}", tuple(features))
        return None


def _between(start_s: float, stop_s: float | None, rate_hz: float, name: str = "stop_s") -> int:
    assert stop_s is not None
    return window_samples(stop_s - start_s, rate_hz, name)


def _n_bins(bin_s: float | None, n_samples: int, rate_hz: float) -> tuple[int, int]:
    """How many bins, and how many samples in each."""
    if bin_s is None:
        return n_samples, 1
    n_bin = window_samples(bin_s, rate_hz, "bin_s")
    if n_samples % n_bin:
        raise InputError(
            f"bin_s: expected stretches that fill the window, got {n_bin} samples at {rate_hz:g} Hz for a window of "
            f"{n_samples}; use a window of {n_samples - n_samples % n_bin} samples ("
            f"{(n_samples - n_samples % n_bin) / rate_hz:g} s), or other stretches"
        )
    return n_samples // n_bin, n_bin


def _interval(name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InputError(f"{name}: expected [from, to] in seconds from the onset, got {given!r}")
    check_number(f"{name}[0]", given[0], -np.inf, may_be_least=False)
    check_number(f"{name}[1]", given[1], float(given[0]), may_be_least=False)
    return float(given[0]), float(given[1])


def _check_cut(window: Epoch | SlidingEpoch) -> None:
    if window.bin_s is not None:
        check_number("bin_s", window.bin_s, may_be_least=False)
    if window.least is not None:
        check_number("least", window.least, may_be_least=True)
    if window.most is not None:
        check_number("most", window.most, window.least or 0.0, may_be_least=False)
