"""Windows that follow events: the average over a block, or over its newest samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RecordingError
from ..recordings.events import first_sample_at
from ..steps.numerics.newest_samples import NewestSamples
from ..steps.settings import check_choice, check_count, check_number
from .window import Window, WindowRow, WindowState

Cutter = Callable[[int, int, int, NDArray[np.float32], NDArray[np.intp] | None], WindowRow]
"""From an event, its samples ``[first, stop)``, those of them that are not missing, (n_present, n_features), and
their positions counted from `first` (None where none is missing), to a row."""


@dataclass(frozen=True)
class EventWindow(Window):
    """A window whose position is relative to its event.

    Parameters
    ----------
    start_s : float
        Seconds from the event's onset to the beginning of the window; may be negative.
    stop_s : float, optional
        Seconds from the event's onset to the end of the window; None (default) for the event's duration.
    incomplete : str
        What to do with an event whose window extends beyond its run: ``"error"`` (default); ``"drop"``: no trial (see
        `Trials.left_out`); ``"partial"``: use the samples there are.
    """

    start_s: float = 0.0
    stop_s: float | None = None
    incomplete: Literal["error", "drop", "partial"] = "error"

    def __post_init__(self) -> None:
        check_number("start_s", self.start_s, -np.inf, may_be_least=False)
        check_number("stop_s", self.stop_s, self.start_s, may_be_least=False, optional=True)
        check_choice("incomplete", self.incomplete, self.policies())

    @staticmethod
    def policies() -> tuple[str, ...]:
        """Return the possible values of ``incomplete``."""
        return ("error", "drop", "partial")

    def ready(self, first: int, stop: int, upto: int, newest: Iterator[int]) -> list[tuple[int, int]]:
        """Return the stretches that are now rows: by default the whole window ``[first, stop)``, once it is over.

        The samples before `upto` (at most `stop`) are present or missing for good; `newest` are the new ones.
        """
        return [(first, stop)] if upto == stop else []

    def oldest(self, first: int, done: int) -> int:
        """Return the oldest sample that a window from `first` on needs, once those before `done` are processed."""
        return first

    def span(self, onset_s: float, duration_s: float, rate_hz: float) -> tuple[int, int]:
        """Return the samples ``[first, stop)`` of an event's window."""
        stop_s = duration_s if self.stop_s is None else self.stop_s
        return first_sample_at(onset_s + self.start_s, rate_hz), first_sample_at(onset_s + stop_s, rate_hz)

    def cutter(self, n_features: int, rate_hz: float) -> Cutter:
        """Return the function that makes a row of a stretch of samples."""
        return average

    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        return _EventWindowState(self, n_features, rate_hz, history_s)


def average(
    event: int, first: int, stop: int, present: NDArray[np.float32], positions: NDArray[np.intp] | None
) -> WindowRow:
    """Return the row with the mean over the samples that are not missing, wherever they are."""
    if len(present):
        x = present.mean(axis=0, dtype=np.float64).astype(np.float32)
    else:
        x = np.zeros(present.shape[1], np.float32)
    return WindowRow(event, first, stop, x, len(present))


def cut_from(samples: NewestSamples, cut: Cutter, event: int, first: int, stop: int) -> WindowRow:
    """Return the row of a stretch of the newest samples."""
    present = samples.rows(first, stop)
    return cut(event, first, stop, present, None if len(present) == stop - first else samples.positions(first, stop))


@dataclass(frozen=True)
class BlockAverage(EventWindow):
    """One trial per event: the mean over the samples of its window. Ready when the window ends."""


@dataclass(frozen=True)
class RunningAverage(EventWindow):
    """One trial per sample: the mean over the newest since the event's window began. Ready at once.

    Rows are ready while the event goes on. So an event cut off by the end of its run can be an error or be used in
    part, but cannot be dropped any more.

    Parameters
    ----------
    max_samples : int
        The largest number of samples in the average. Missing ones count, too.
    """

    max_samples: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("max_samples", self.max_samples, 1)

    @staticmethod
    def policies() -> tuple[str, ...]:
        return ("error", "partial")

    def ready(self, first: int, stop: int, upto: int, newest: Iterator[int]) -> list[tuple[int, int]]:
        return [(max(first, sample + 1 - self.max_samples), sample + 1) for sample in newest]

    def oldest(self, first: int, done: int) -> int:
        return max(first, done + 1 - self.max_samples)


def _other_policies(window: EventWindow) -> str:
    return " or ".join(f'incomplete = "{one}"' for one in window.policies() if one != "error")


@dataclass
class _OpenEvent:
    event: int
    first: int
    stop: int
    done: int


class _EventWindowState(WindowState):
    """An event announced before its window ends gives its rows at the same time as offline. It must be announced at the
    latest `history_s` after its window began.
    """

    def __init__(self, window: EventWindow, n_features: int, rate_hz: float, history_s: float) -> None:
        super().__init__(n_features)
        self._window = window
        self._rate_hz = rate_hz
        self._cut = window.cutter(n_features, rate_hz)
        self._samples = NewestSamples(n_features, n_keep=first_sample_at(history_s, rate_hz))
        self._open: list[_OpenEvent] = []

    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        window = self._window
        first, stop = window.span(onset_s, duration_s, self._rate_hz)
        start_s = onset_s + window.start_s
        stop_s = onset_s + (duration_s if window.stop_s is None else window.stop_s)
        if stop <= first:
            raise InputError(
                f"event {event}: no sample lies in its window [{start_s:g}, {stop_s:g}) s at "
                f"{self._rate_hz:g} Hz; give the window a stop_s, such as stop_s = 1.0, or the event a longer duration"
            )
        if first < 0:
            if window.incomplete == "error":
                raise RecordingError(
                    f"event {event}: its window [{start_s:g}, {stop_s:g}) s begins before the run; leave "
                    f"the event out, or give the window {_other_policies(window)}"
                )
            if window.incomplete == "drop" or stop <= 0:
                self.left_out.append(event)
                return
            first = 0
        if first < self._samples.start:
            raise RecordingError(
                f"event {event}: its window begins at sample {first}, but only samples from "
                f"{self._samples.start} on are still kept; announce events sooner, or open the window with "
                "a longer history_s"
            )
        self._open.append(_OpenEvent(event, first, stop, done=first))

    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]:
        self._samples.append(chunk)
        return self._ready()

    def _skip(self, n_samples: int) -> list[WindowRow]:
        self._samples.skip(n_samples)
        return self._ready()

    def finish(self) -> list[WindowRow]:
        rows = self._ready()
        n = self._samples.stop
        for one in self._open:
            if self._window.incomplete == "error":
                raise RecordingError(
                    f"event {one.event}: its window is samples {one.first} to {one.stop - 1}, but the run "
                    f"ends after {n} samples; {len(self._open)} events are cut off so. Leave them out, or "
                    f"give the window {_other_policies(self._window)}"
                )
            if self._window.incomplete == "drop" or one.first >= n:
                self.left_out.append(one.event)
            else:
                rows += self._rows(one, upto=n, stop=n)
        self._open = []
        return rows

    def _ready(self) -> list[WindowRow]:
        rows = []
        for one in self._open:
            upto = max(one.done, min(self._samples.stop, one.stop))
            rows += self._rows(one, upto, one.stop)
            one.done = upto
        self._open = [one for one in self._open if one.done < one.stop]
        needed = (self._window.oldest(one.first, one.done) for one in self._open)
        self._samples.forget(before=min(needed, default=self._samples.stop))
        return sorted(rows, key=lambda row: row.stop)

    def _rows(self, one: _OpenEvent, upto: int, stop: int) -> list[WindowRow]:
        newest = self._samples.present(one.done, upto)
        return [self._row(one.event, *stretch) for stretch in self._window.ready(one.first, stop, upto, newest)]

    def _row(self, event: int, first: int, stop: int) -> WindowRow:
        return cut_from(self._samples, self._cut, event, first, stop)
