"""From samples to trials: the interface of a window, and a whole recording cut into trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RecordingError
from ..kinds import settings_to_dict
from ..steps.base import checked_chunk
from ..steps.settings import check_count

SAMPLES_AT_ONCE = 4096

if TYPE_CHECKING:
    from ..recordings.recording import Recording


@dataclass(frozen=True, eq=False)
class Trials:
    """One row per trial in every array.

    Attributes
    ----------
    X : array (n_trials, n_times * n_features), float32
    label : array (n_trials,) of str
    run : array (n_trials,)
    event : array (n_trials,) of int
        Which event of the recording the trial belongs to; -1, and no label, for windows that follow no events.
    start_s, stop_s : arrays (n_trials,)
        The trial's samples are those in ``[start_s, stop_s)``, seconds since the first sample of the run.
    stimulus : array (n_trials,) of str, optional
    left_out : array (n_left_out,) of int
        Events without a trial because the run did not hold their window.
    n_times : int
        How many rows of features `X` holds for each trial: 1 for averages, more where windows hold samples;
        ``X.reshape(n_trials, n_times, -1)`` separates them.
    times_hz : float
        How many such rows there are in a second.
    rejected : array (n_rejected,) of int
        Events without a trial because the window rejected its samples.
    """

    X: NDArray[np.float32]
    label: NDArray[np.str_]
    run: NDArray
    event: NDArray[np.int64]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    stimulus: NDArray[np.str_] | None
    left_out: NDArray[np.int64]
    n_times: int = 1
    times_hz: float = 1.0
    rejected: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: NDArray) -> Trials:
        """Return some of the trials, by their positions or a mask."""
        of_trials = {name: getattr(self, name)[rows] for name in ("X", "label", "run", "event", "start_s", "stop_s")}
        stimulus = None if self.stimulus is None else self.stimulus[rows]
        return replace(self, **of_trials, stimulus=stimulus)


class Rejection(NamedTuple):
    """Why there must be no decision on a window's samples; `features` is empty where all of them are the reason."""

    why: str
    features: tuple[int, ...] = ()

    def message(self, names: Sequence[str]) -> str:
        """Return the reason in words, with the names of the features."""
        return ": ".join([", ".join(names[i] for i in self.features), self.why]) if self.features else self.why


class WindowRow(NamedTuple):
    """What a window makes of the samples ``[first, stop)`` of the run.

    Attributes
    ----------
    event : int
        -1 where the window follows no event.
    first, stop : int
    x : array (n_times * n_features,), float32
        Their average, or the samples themselves, one after the other; zeros where all are missing.
    n_present : int
        How many are not missing.
    rejected : Rejection or None
        Why there must be no decision on it.
    """

    event: int
    first: int
    stop: int
    x: NDArray[np.float32]
    n_present: int
    rejected: Rejection | None = None


class Window(ABC):
    """The rule that cuts trials from samples. Subclasses are frozen dataclasses of plain settings."""

    @abstractmethod
    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        """Return a new state for the beginning of a run; it stores the samples of `history_s`, for events announced
        late.
        """

    def n_times(self, rate_hz: float) -> int:
        """Return how many rows of features a trial holds."""
        return 1

    def times_hz(self, rate_hz: float) -> float:
        """Return how many such rows there are in a second."""
        return rate_hz

    def to_dict(self) -> dict[str, Any]:
        """Return the type's name and the settings, ready for JSON."""
        return settings_to_dict(self)


class WindowState(ABC):
    """Turns the samples of one run and its events into rows. The rows are the same bit for bit in any chunks.

    Attributes
    ----------
    left_out : list of int
        Events whose window the run did not hold, where the policy says to drop them.
    """

    def __init__(self, n_features: int) -> None:
        self.n_features = n_features
        self.left_out: list[int] = []

    @abstractmethod
    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        """Announce an event: its number, its onset since the first sample of the run, and its duration.

        Raises
        ------
        InputError
            No sample is in the window.
        RecordingError
            The window begins before the run (unless the policy says otherwise) or before the samples still in memory.
        """

    def push(self, samples: ArrayLike) -> list[WindowRow]:
        """Take the next samples of the run, also none, and return the rows now ready, oldest first."""
        return self._push(checked_chunk(samples, self.n_features))

    @abstractmethod
    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]: ...

    def skip(self, n_samples: int) -> list[WindowRow]:
        """Advance by missing samples, and return the rows now ready, oldest first.

        A gap may be reported in pieces. However long it is, it costs no more time and memory than samples that are
        present.
        """
        check_count("n_samples", n_samples, 0)
        return self._skip(n_samples)

    @abstractmethod
    def _skip(self, n_samples: int) -> list[WindowRow]: ...

    def finish(self) -> list[WindowRow]:
        """End the run: return the rows of incomplete windows, or raise RecordingError, as the policy says."""
        return []


def windows(window: Window, recording: Recording) -> Trials:
    """Cut a whole recording into trials: run by run, and within a run in the order in which the windows end.

    Where the window rejects samples, there is no trial (see `Trials.rejected`).

    Raises
    ------
    RecordingError
        An event's window extends beyond its run, and the policy is ``"error"``.
    """
    rows: list[WindowRow] = []
    n_rows: list[int] = []
    left_out: list[int] = []
    rejected: list[int] = []
    n_times = window.n_times(recording.rate_hz)
    events = recording.events
    for run in recording.runs:
        state = window.open(recording.n_features, recording.rate_hz)
        found = list(rows_of_run(state, recording, run))
        rows += [row for row in found if row.rejected is None]
        rejected += [row.event for row in found if row.rejected is not None]
        n_rows.append(len(rows) - sum(n_rows))
        left_out += state.left_out
    event = np.array([row.event for row in rows], dtype=np.int64)
    return Trials(
        X=np.array([row.x for row in rows], dtype=np.float32).reshape(len(rows), n_times * recording.n_features),
        label=_of_events(events.label, event),
        run=recording.run[[recording.samples_of(run).start for run in recording.runs]].repeat(n_rows),
        event=event,
        start_s=np.array([row.first for row in rows]) / recording.rate_hz,
        stop_s=np.array([row.stop for row in rows]) / recording.rate_hz,
        stimulus=None if events.stimulus is None else _of_events(events.stimulus, event),
        left_out=np.array(sorted(left_out), dtype=np.int64),
        n_times=n_times,
        times_hz=window.times_hz(recording.rate_hz),
        rejected=np.array(sorted(rejected), dtype=np.int64),
    )


def rows_of_run(state: WindowState, recording: Recording, run: int | str) -> Iterator[WindowRow]:
    """Pass the events and the samples of a run to a new state, and yield its rows as they are ready.

    Raises
    ------
    RecordingError
        An event's window extends beyond the run, and the policy is ``"error"``.
    """
    events, where = recording.events, recording.samples_of(run)
    try:
        for event in np.flatnonzero(events.run == run).tolist():
            state.announce(event, float(events.onset_s[event]), float(events.duration_s[event]))
        for first in range(where.start, where.stop, SAMPLES_AT_ONCE):
            yield from state.push(recording.data[first : min(first + SAMPLES_AT_ONCE, where.stop)])
        yield from state.finish()
    except RecordingError as error:
        raise RecordingError(f"run {run}: {error}") from error


def require_trials(trials: Trials) -> None:
    """Raise RecordingError if there are no trials; the message says why events gave none."""
    if not len(trials):
        raise RecordingError(
            f"recording: no trials; of its events {len(trials.left_out)} had no whole window in their run, and the "
            f"window rejected {len(trials.rejected)} (its settings most and least, in the unit after the steps)"
        )


def _of_events(names: NDArray[np.str_], event: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return each trial's name; ``""`` for those of no event."""
    return np.append(names, "")[event]  # event -1 is the last
