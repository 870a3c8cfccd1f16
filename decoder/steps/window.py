"""From samples and events to trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, RecordingError
from ..events import first_sample_at
from ..recording import Recording
from .base import check_count, check_number, checked_chunk, settings_from_dict, settings_to_dict
from .history import History


@dataclass(frozen=True, eq=False)
class Trials:
    """One row per trial in every array.

    Attributes
    ----------
    X : array (n_trials, n_features), float32
    label : array (n_trials,) of str
    run : array (n_trials,)
    event : array (n_trials,) of int
        Which event of the recording the trial belongs to.
    start_s, stop_s : arrays (n_trials,)
        The samples averaged are those in ``[start_s, stop_s)``, seconds since the first sample of the run.
    stimulus : array (n_trials,) of str, optional
    left_out : array (n_left_out,) of int
        Events that gave no trial because the run did not hold their window.
    """

    X: NDArray[np.float32]
    label: NDArray[np.str_]
    run: NDArray
    event: NDArray[np.int64]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    stimulus: NDArray[np.str_] | None
    left_out: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.X)


class WindowRow(NamedTuple):
    """The average over samples ``first`` up to, not including, ``stop`` of the run, for one event."""

    event: int
    first: int
    stop: int
    x: NDArray[np.float32]


@dataclass(frozen=True)
class Window(ABC):
    """Where a trial's samples lie, relative to its event.

    Parameters
    ----------
    start_s : float
        Seconds from the event's onset to the beginning of the window; may be negative.
    stop_s : float, optional
        Seconds from the event's onset to the end of the window; None (default) for the event's duration.
    incomplete : str
        What to do with an event whose window reaches beyond its run: ``"error"`` (default); ``"drop"``: no
        trial (see `Trials.left_out`); ``"partial"``: use the samples there are.
    """

    start_s: float = 0.0
    stop_s: float | None = None
    incomplete: Literal["error", "drop", "partial"] = "error"

    def __post_init__(self) -> None:
        check_number("start_s", self.start_s, -np.inf, may_be_least=False)
        if self.stop_s is not None:
            check_number("stop_s", self.stop_s, self.start_s, may_be_least=False)
        if self.incomplete not in self.policies():
            raise InputError(f"incomplete: expected one of {', '.join(self.policies())}, got {self.incomplete!r}")

    @staticmethod
    def policies() -> tuple[str, ...]:
        """Return what ``incomplete`` may be."""
        return ("error", "drop", "partial")

    @abstractmethod
    def ready(self, first: int, done: int, upto: int, stop: int) -> list[tuple[int, int]]:
        """Return the stretches to average when an event's samples ``done`` up to ``upto`` have come.

        Parameters
        ----------
        first, stop : int
            The event's window, ``[first, stop)`` in samples.
        done, upto : int
            ``first <= done <= upto <= stop``
        """

    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        """Return a fresh state for the beginning of a run.

        Parameters
        ----------
        n_features : int
        rate_hz : float
        history_s : float
            How long samples are kept for events that are announced after their window began.
        """
        return WindowState(self, n_features, rate_hz, history_s)

    def to_dict(self) -> dict[str, Any]:
        """Return the type's name and the settings, ready for JSON."""
        return settings_to_dict(self)


@dataclass(frozen=True)
class BlockAverage(Window):
    """One trial per event: the mean over the samples of its window. Ready when the window ends."""

    def ready(self, first: int, done: int, upto: int, stop: int) -> list[tuple[int, int]]:
        return [(first, stop)] if upto == stop else []


@dataclass(frozen=True)
class RunningAverage(Window):
    """One trial per sample: the mean over the newest samples since the event's window began. Ready at once.

    As rows come while the event goes on, an event cut off by the end of its run can be an error or be used in
    part, but not be dropped any more.

    Parameters
    ----------
    max_samples : int
        How many samples the average takes in at most.
    """

    max_samples: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("max_samples", self.max_samples, 1)

    @staticmethod
    def policies() -> tuple[str, ...]:
        return ("error", "partial")

    def ready(self, first: int, done: int, upto: int, stop: int) -> list[tuple[int, int]]:
        return [(max(first, newest + 1 - self.max_samples), newest + 1) for newest in range(done, upto)]


@dataclass
class _OpenEvent:
    event: int
    first: int
    stop: int
    done: int


class WindowState:
    """Turns the samples of one run and its events into rows, however both come in.

    Every event must be announced before its window ends to give its rows at the same time as offline, and at
    most ``history_s`` after its window began. The rows are the same bit for bit.

    Attributes
    ----------
    left_out : list of int
        Events whose window the run did not hold, where the policy says to drop them.
    """

    def __init__(self, window: Window, n_features: int, rate_hz: float, history_s: float) -> None:
        self.left_out: list[int] = []
        self._window = window
        self._rate_hz = rate_hz
        self._samples = History(n_features, n_keep=first_sample_at(history_s, rate_hz))
        self._open: list[_OpenEvent] = []

    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        """Tell of an event: its number, its onset since the first sample of the run, and how long it lasts.

        Raises
        ------
        InputError
            No sample lies in the window.
        RecordingError
            The window begins before the run (unless the policy says otherwise) or before the samples still
            kept.
        """
        window = self._window
        start_s = onset_s + window.start_s
        stop_s = onset_s + (duration_s if window.stop_s is None else window.stop_s)
        first, stop = first_sample_at(start_s, self._rate_hz), first_sample_at(stop_s, self._rate_hz)
        if stop <= first:
            raise InputError(
                f"event {event}: no sample lies in its window [{start_s:g}, {stop_s:g}) s at "
                f"{self._rate_hz:g} Hz; give stop_s, or a longer duration"
            )
        if first < 0:
            if window.incomplete == "error":
                raise RecordingError(
                    f"event {event}: its window [{start_s:g}, {stop_s:g}) s begins before the run; leave "
                    "the event out, or choose another policy than incomplete='error': "
                    f"{', '.join(window.policies())}"
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

    def push(self, samples: ArrayLike) -> list[WindowRow]:
        """Take the next samples of the run, also none, and return the rows now ready, oldest first."""
        self._samples.append(checked_chunk(samples, self._samples.n_features))
        rows = []
        for one in self._open:
            upto = max(one.done, min(self._samples.stop, one.stop))
            rows += self._rows(one, upto, one.stop)
            one.done = upto
        self._open = [one for one in self._open if one.done < one.stop]
        self._samples.forget(before=min((one.first for one in self._open), default=self._samples.stop))
        return sorted(rows, key=lambda row: row.stop)

    def finish(self) -> list[WindowRow]:
        """End the run: return the rows of incomplete windows, or raise RecordingError, as the policy says."""
        rows = self.push(np.empty((0, self._samples.n_features), np.float32))
        n = self._samples.stop
        for one in self._open:
            if self._window.incomplete == "error":
                raise RecordingError(
                    f"event {one.event}: its window is samples {one.first} to {one.stop - 1}, but the run "
                    f"ends after {n} samples; {len(self._open)} events are cut off so. Leave them out, or "
                    f"choose another policy than incomplete='error': {', '.join(self._window.policies())}"
                )
            if self._window.incomplete == "drop" or one.first >= n:
                self.left_out.append(one.event)
            else:
                rows += self._rows(one, upto=n, stop=n)
        self._open = []
        return rows

    def _rows(self, one: _OpenEvent, upto: int, stop: int) -> list[WindowRow]:
        ready = self._window.ready(one.first, one.done, upto, stop)
        return [
            WindowRow(one.event, a, b, self._samples[a:b].mean(axis=0, dtype=np.float64).astype(np.float32))
            for a, b in ready
        ]


WINDOWS: dict[str, type[Window]] = {kind.__name__: kind for kind in (BlockAverage, RunningAverage)}


def window_from_dict(saved: Mapping[str, Any]) -> Window:
    """Return the window that ``to_dict`` described.

    Raises
    ------
    UnknownNameError
        There is no such window, or it has no such setting.

    Examples
    --------
    >>> window_from_dict(BlockAverage(stop_s=10.0).to_dict())
    BlockAverage(start_s=0.0, stop_s=10.0, incomplete='error')
    """
    return settings_from_dict("window", WINDOWS, saved)


def windows(window: Window, recording: Recording) -> Trials:
    """Cut a whole recording into trials: run by run, and within a run in the order in which the windows end.

    Raises
    ------
    RecordingError
        An event's window reaches beyond its run, and the policy is ``"error"``.
    """
    rows: list[WindowRow] = []
    left_out: list[int] = []
    events = recording.events
    for run in recording.runs:
        state = window.open(recording.n_features, recording.rate_hz)
        try:
            for event in np.flatnonzero(events.run == run).tolist():
                state.announce(event, float(events.onset_s[event]), float(events.duration_s[event]))
            rows += state.push(recording.data[recording.samples_of(run)]) + state.finish()
        except RecordingError as error:
            raise RecordingError(f"run {run}: {error}") from error
        left_out += state.left_out
    event = np.array([row.event for row in rows], dtype=np.int64)
    return Trials(
        X=np.array([row.x for row in rows], dtype=np.float32).reshape(len(rows), recording.n_features),
        label=events.label[event],
        run=events.run[event],
        event=event,
        start_s=np.array([row.first for row in rows]) / recording.rate_hz,
        stop_s=np.array([row.stop for row in rows]) / recording.rate_hz,
        stimulus=None if events.stimulus is None else events.stimulus[event],
        left_out=np.array(sorted(left_out), dtype=np.int64),
    )
