"""Trials at several times, of the same events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from ...recordings.recording import Recording
from ...windows import BlockAverage, Trials, Window, windows
from .settings import TimeRange


def trials_at(times: Sequence[TimeRange], own: Window, prepared: Recording) -> dict[str, Trials]:
    """The trials of each time, for the events that have one at every time; `own` is the decoder's window.

    It is a RecordingError if there are no such events.
    """
    cut: dict[str, Trials] = {}
    for time in times:
        block = None if time.start_s is None else BlockAverage(time.start_s, time.stop_s, incomplete="drop")
        cut[time.name] = windows(block or own, prepared)
    if len(cut) == 1:
        [trials] = cut.values()
        if not len(trials) and times[0].start_s is not None:
            raise RecordingError(
                f"times: no event has samples from {times[0].start_s:g} to {times[0].stop_s:g} s after its onset in "
                f"{prepared!r}; give times that lie within the runs"
            )
        if not len(trials):
            raise RecordingError(f"recording: no trials; {prepared!r} has no usable events")
        return cut
    common = sorted(set.intersection(*(set(trials.event.tolist()) for trials in cut.values())))
    if not common:
        raise RecordingError("times: no event has samples at every time; give times that lie within the runs")
    return {name: _of_events(trials, np.array(common)) for name, trials in cut.items()}


def _of_events(trials: Trials, events: NDArray[np.int64]) -> Trials:
    if len(set(trials.event.tolist())) < len(trials):
        raise InputError("times: expected one trial for each event; leave `times` out with a window of several")
    order = np.argsort(trials.event)
    rows = order[np.searchsorted(trials.event[order], events)]
    return trials.take(rows)
