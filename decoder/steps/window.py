"""From samples to trials: what a window is, and a whole recording cut into trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RecordingError
from .base import check_count, checked_chunk, settings_to_dict

if TYPE_CHECKING:
    from ..recording import Recording


@dataclass(frozen=True, eq=False)
class Trials:
    """One row per trial in every array.

    Attributes
    ----------
    X : array (n_trials, n_features), float32
    label : array (n_trials,) of str
    run : array (n_trials,)
    event : array (n_trials,) of int
        Which event of the recording the trial belongs to; -1, and no label, for windows that follow no events.
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
    """The average over those samples ``first`` up to, not including, ``stop`` of the run that came.

    Attributes
    ----------
    event : int
        -1 where the window follows no event.
    first, stop : int
    x : array (n_features,), float32
        Zeros where none came.
    n_present : int
        How many came.
    """

    event: int
    first: int
    stop: int
    x: NDArray[np.float32]
    n_present: int


class Window(ABC):
    """How trials are cut from samples. Subclasses are frozen dataclasses of plain settings."""

    @abstractmethod
    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        """Return a fresh state for the beginning of a run.

        Parameters
        ----------
        n_features : int
        rate_hz : float
        history_s : float
            How long samples are kept for events that are announced after their window began.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the type's name and the settings, ready for JSON."""
        return settings_to_dict(self)


class WindowState(ABC):
    """Turns the samples of one run and its events into rows, however both come in. The rows are the same bit for bit.

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
        """Tell of an event: its number, its onset since the first sample of the run, and how long it lasts.

        Raises
        ------
        InputError
            No sample lies in the window.
        RecordingError
            The window begins before the run (unless the policy says otherwise) or before the samples still
            kept.
        """

    def push(self, samples: ArrayLike) -> list[WindowRow]:
        """Take the next samples of the run, also none, and return the rows now ready, oldest first."""
        return self._push(checked_chunk(samples, self.n_features))

    @abstractmethod
    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]: ...

    def skip(self, n_samples: int) -> list[WindowRow]:
        """Go on by samples that never came, and return the rows now ready, oldest first.

        A gap may be told of in pieces. However long it is, it costs no more time and memory than the samples that
        did come.
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

    Raises
    ------
    RecordingError
        An event's window reaches beyond its run, and the policy is ``"error"``.
    """
    rows: list[WindowRow] = []
    n_rows: list[int] = []
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
        n_rows.append(len(rows) - sum(n_rows))
        left_out += state.left_out
    event = np.array([row.event for row in rows], dtype=np.int64)
    return Trials(
        X=np.array([row.x for row in rows], dtype=np.float32).reshape(len(rows), recording.n_features),
        label=_of_events(events.label, event),
        run=recording.run[[recording.samples_of(run).start for run in recording.runs]].repeat(n_rows),
        event=event,
        start_s=np.array([row.first for row in rows]) / recording.rate_hz,
        stop_s=np.array([row.stop for row in rows]) / recording.rate_hz,
        stimulus=None if events.stimulus is None else _of_events(events.stimulus, event),
        left_out=np.array(sorted(left_out), dtype=np.int64),
    )


def _of_events(names: NDArray[np.str_], event: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return each trial's name; ``""`` for those of no event."""
    return np.append(names, "")[event]  # event -1 is the last
