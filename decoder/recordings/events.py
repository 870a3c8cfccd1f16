"""Events: what happened when, in seconds since the first sample of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import NonFiniteError, RecordingError, ShapeError

MISSING = "n/a"
"""The label of what has none, as BIDS writes it."""
GRID_TOLERANCE = 1e-3
"""How far, in samples, a time may miss the sampling grid and still count as on it."""


def first_sample_at(time_s: float, rate_hz: float) -> int:
    """Return the first sample at or after a time; sample ``i`` is at ``i / rate_hz``.

    The half-open interval ``[start_s, stop_s)`` is the samples from ``first_sample_at(start_s)`` up to, not including,
    ``first_sample_at(stop_s)``. A time within a thousandth of a sample of the grid counts as on it, so that neither
    rounding in a file nor floating-point error moves it by a whole sample.

    Examples
    --------
    >>> first_sample_at(15.0, 1 / 2.5)
    6
    >>> first_sample_at(15.1, 1 / 2.5)
    7
    """
    return int(np.ceil(time_s * rate_hz - GRID_TOLERANCE))


@dataclass(frozen=True, eq=False)
class Events:
    """What happened when: one entry per event in every array.

    Attributes
    ----------
    run : array (n_events,) of int or str
        The run of each event, named as in the recording.
    onset_s : array (n_events,)
        Seconds since the first sample of that run.
    duration_s : array (n_events,)
        Seconds; zero for a momentary event.
    label : array (n_events,) of str
        The category or condition.
    stimulus : array (n_events,) of str, optional
        The exact stimulus, e.g. a file name; ``""`` where there is none.

    Raises
    ------
    ShapeError
        The arrays differ in length.
    NonFiniteError
        An onset or a duration is not a finite number.
    RecordingError
        A duration is negative.
    """

    run: NDArray
    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    label: NDArray[np.str_]
    stimulus: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        set_field(self, "run", run_names(self.run, "events.run"))
        for name, kind in (
            ("onset_s", np.float64),
            ("duration_s", np.float64),
            ("label", np.str_),
            ("stimulus", np.str_),
        ):
            if getattr(self, name) is not None:
                set_field(self, name, np.asarray(getattr(self, name), dtype=kind))
        lengths = {name: np.shape(value) for name, value in vars(self).items() if value is not None}
        if len(set(lengths.values())) != 1:
            raise ShapeError(f"events: expected arrays of one length, got {lengths}; give each event one entry in each")
        for name in ("onset_s", "duration_s"):
            bad = np.flatnonzero(~np.isfinite(getattr(self, name)))
            if bad.size:
                raise NonFiniteError(
                    f"events.{name}: expected finite seconds, got {getattr(self, name)[bad[0]]} for event "
                    f"{bad[0]} ({self.label[bad[0]]!r}, run {self.run[bad[0]]}); correct it or leave that "
                    "event out"
                )
        bad = np.flatnonzero(self.duration_s < 0)
        if bad.size:
            raise RecordingError(
                f"events.duration_s: expected zero or more, got {self.duration_s[bad[0]]} s for event "
                f"{bad[0]} ({self.label[bad[0]]!r}, run {self.run[bad[0]]})"
            )

    def __len__(self) -> int:
        return len(self.label)

    def take(self, which: ArrayLike) -> Events:
        """Return the events at the given indices, or where a boolean mask is true."""
        which = np.asarray(which)
        return Events(
            run=self.run[which],
            onset_s=self.onset_s[which],
            duration_s=self.duration_s[which],
            label=self.label[which],
            stimulus=None if self.stimulus is None else self.stimulus[which],
        )

    @classmethod
    def none(cls) -> Events:
        """Return an empty table."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0, np.str_))

    @classmethod
    def joined(cls, tables: Sequence[Events]) -> Events:
        """Return the events of several tables, one after the other; missing stimuli become ``""``."""
        tables = [table for table in tables if len(table)]
        if not tables:
            return cls.none()
        stimulus = None
        if any(table.stimulus is not None for table in tables):
            blank = [np.full(len(table), "") if table.stimulus is None else table.stimulus for table in tables]
            stimulus = np.concatenate(blank)
        parts = (
            np.concatenate([getattr(t, name) for t in tables]) for name in ("run", "onset_s", "duration_s", "label")
        )
        return cls(*parts, stimulus=stimulus)


def run_names(run: ArrayLike, what: str) -> NDArray:
    """Return run names as an array of int64 or str; RecordingError for other types."""
    run = np.asarray(run)
    if run.dtype.kind in "iu":
        return run.astype(np.int64)
    if run.dtype.kind == "U":
        return run
    if run.size == 0:
        return np.empty(0, np.int64)
    raise RecordingError(f"{what}: expected integers or strings, got an array of {run.dtype}")


def check_events(events: Events, run_lengths: dict, rate_hz: float, trimmed_samples: int = 0) -> None:
    """Raise RecordingError unless every event begins inside a run; the message names those that do not."""
    check_events_runs(events, run_lengths)
    outside = np.flatnonzero(events_outside(events, run_lengths, rate_hz, trimmed_samples))
    if outside.size:
        i = outside[0]
        n = run_lengths[events.run[i].item()] + trimmed_samples
        raise RecordingError(
            f"event {i} ({str(events.label[i])!r}) begins at {events.onset_s[i]:g} s, but run "
            f"{events.run[i]} lasts from 0 to {n / rate_hz:g} s ({n} samples at {rate_hz:g} Hz); "
            f"{outside.size} of {len(events)} events lie outside their run. Onsets count in seconds from "
            "the first sample of the run"
        )


def check_events_runs(events: Events, run_lengths: dict) -> None:
    """Raise RecordingError where an event names a run that does not exist."""
    unknown = [run for run in np.unique(events.run).tolist() if run not in run_lengths]
    if unknown:
        raise RecordingError(
            f"events name runs that the recording does not have: {listed(unknown)}. Its runs are: {listed(run_lengths)}"
        )


def events_outside(events: Events, run_lengths: dict, rate_hz: float, trimmed_samples: int = 0) -> NDArray[np.bool_]:
    """Return for each event whether it begins before its run's first sample or after its end."""
    ends = np.array([run_lengths[run] + trimmed_samples for run in events.run.tolist()])
    onset = events.onset_s * rate_hz
    return (onset < -GRID_TOLERANCE) | (onset >= ends - GRID_TOLERANCE)


def set_field(instance: object, name: str, value: object) -> None:
    """Set a field of a frozen dataclass while it is being made; arrays become read-only views."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    object.__setattr__(instance, name, value)


def listed(names: Iterable, most: int = 20) -> str:
    """Return names for a message, at most `most` of them."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
