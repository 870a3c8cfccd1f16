"""Events and samples that are left out of a recording, and the recording that remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import NonFiniteError, RecordingError
from ...errors.checks import check_choice
from ..recordings.events import Events, check_events, check_events_runs, events_outside, first_sample_at, listed

NotFinite = Literal["error", "drop channels", "cut"]
OnEventOutside = Literal["error", "drop"]


def events_inside(
    events: Events, run_lengths: dict, rate_hz: float, on_event_outside: OnEventOutside, notes: list[str]
) -> Events:
    """Return the events that begin within their runs; add the number of others to the recording's notes.

    Where `on_event_outside` is ``"error"``, such an event is a RecordingError.
    """
    check_choice("on_event_outside", on_event_outside, ("error", "drop"))
    check_events_runs(events, run_lengths)
    outside = events_outside(events, run_lengths, rate_hz)
    if outside.any() and on_event_outside == "error":
        try:
            check_events(events, run_lengths, rate_hz)
        except RecordingError as error:
            raise RecordingError(f"{error}. Choose on_event_outside = 'drop' to leave such events out") from None
    if outside.any():
        notes.append(f"{np.count_nonzero(outside)} of {len(events)} events lie outside the runs and are left out")
    return events.take(~outside)


class Remaining(NamedTuple):
    """What is left of a recording: rows and columns of its data, their runs, numbered from 1, and its events.

    The note says what was left out; it is empty where nothing was.
    """

    rows: NDArray[np.bool_]
    columns: NDArray[np.intp]
    run: NDArray[np.int64]
    events: Events
    note: str


def without_not_finite(
    data: NDArray, names: Sequence[str], run: NDArray[np.int64], events: Events, rate_hz: float, policy: NotFinite
) -> Remaining:
    """Return what remains of data (n_samples, n_channels) with NaN or infinity; runs are numbered from 1.

    ``"error"`` raises a NonFiniteError. ``"drop channels"`` leaves out every channel with such a value. ``"cut"``
    leaves out every sample with such a value in any channel: a new run begins after each such stretch, and events that
    begin in one are lost.
    """
    check_choice("not_finite", policy, ("error", "drop channels", "cut"))
    bad = ~np.isfinite(data)
    rows, columns = np.ones(len(data), bool), np.arange(data.shape[1])
    share = bad.mean(axis=0) if len(data) else np.zeros(data.shape[1])
    if not share.any():
        return Remaining(rows, columns, run, events, "")
    dead = [name for name, of in zip(names, share, strict=True) if of == 1]
    bad_channels = listed([f"{name} ({of:.2g} of its samples)" for name, of in zip(names, share, strict=True) if of])
    if policy == "drop channels":
        columns = np.flatnonzero(share == 0)
        if not columns.size:
            raise NonFiniteError(
                f"data: every channel has samples that are NaN or infinite: {bad_channels}; not_finite = 'cut' leaves "
                "out samples instead"
            )
        return Remaining(
            rows, columns, run, events, f"channels left out for samples that are not finite: {bad_channels}"
        )
    if policy == "error" or dead:
        hint = (
            f"{listed(dead)} never hold a number: choose not_finite = 'drop channels', or name other channels"
            if dead
            else "choose not_finite = 'cut' to begin a new run behind each such stretch, or 'drop channels'"
        )
        first = int(np.flatnonzero(bad.any(axis=1))[0])
        begin = int(np.flatnonzero(run == run[first])[0])
        raise NonFiniteError(
            f"data: expected finite numbers, got NaN or infinity in {bad_channels}; first in run {run[first]}, "
            f"{(first - begin) / rate_hz:g} s after its start. {hint}"
        )
    return cut_out(np.asarray(bad.any(axis=1)), data.shape[1], run, events, rate_hz, "samples that are not finite")


def cut_out(
    lost: NDArray[np.bool_], n_channels: int, run: NDArray[np.int64], events: Events, rate_hz: float, what: str
) -> Remaining:
    """Leave out samples; a new run begins after each stretch of them, and events that begin in one are lost."""
    if lost.all():
        raise RecordingError(f"data: nothing would be left without the {what}")
    lengths = np.bincount(run)
    check_events(events, {int(name): int(lengths[name]) for name in np.unique(run)}, rate_hz)
    begins = np.r_[True, run[1:] != run[:-1]]
    begins[1:] |= lost[:-1] & ~lost[1:]
    begins &= ~lost
    now = np.cumsum(begins)
    starts = np.searchsorted(run, events.run)
    on_grid = np.array([first_sample_at(onset, rate_hz) for onset in events.onset_s.tolist()], np.intp)
    at = starts + np.clip(on_grid, 0, lengths[events.run.astype(np.intp)] - 1)
    remain = ~lost[at]
    moved_s = (np.flatnonzero(begins)[now[at[remain]] - 1] - starts[remain]) / rate_hz
    taken = events.take(remain)
    # Rounding up to the next sample may have put an onset after a stretch that ends less than a sample later.
    events_now = replace(taken, run=now[at[remain]], onset_s=np.maximum(taken.onset_s - moved_s, 0.0))
    n_stretches = np.count_nonzero(np.diff(lost.astype(np.int8), prepend=0) == 1)
    return Remaining(
        rows=~lost,
        columns=np.arange(n_channels),
        run=now[~lost],
        events=events_now,
        note=f"{np.count_nonzero(lost)} {what} left out ({np.count_nonzero(lost) / rate_hz:.4g} s in {n_stretches} "
        f"stretches, a new run behind each), and {np.count_nonzero(~remain)} events in them",
    )
