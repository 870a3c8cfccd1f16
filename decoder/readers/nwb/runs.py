"""Samples of an NWB file cut into the runs that a column of its events names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events, first_sample_at
from .series import SampleTimes


def cut_by_runs(path: Path, clock: SampleTimes, events: Events) -> tuple[SampleTimes, NDArray[np.intp]]:
    """Return a clock cut midway between the last event of one run and the first of the next.

    The events are in the file's time, in order of their onsets, and name their run. With it comes which of the runs, by
    position, were cut from the one before them; others begin where the samples pause.
    """
    begins = np.flatnonzero(np.r_[True, events.run[1:] != events.run[:-1]])[: len(events)]
    names = events.run[begins].tolist()
    again = [name for i, name in enumerate(names) if name in names[:i]]
    if again:
        raise RecordingError(
            f"{path}: run: expected the events of each run one after the other, but those of {again[0]!r} go on after "
            f"those of {names[names.index(again[0]) + 1]!r}; name a column that numbers blocks or runs in time"
        )
    ends_s = np.maximum.accumulate(events.onset_s + events.duration_s)[begins[1:] - 1]
    onsets_s = events.onset_s[begins[1:]]
    if (ends_s > onsets_s).any():
        i = int(np.argmax(ends_s > onsets_s))
        raise RecordingError(
            f"{path}: run: expected the events of run {names[i]!r} to end before {onsets_s[i]:g} s, where run "
            f"{names[i + 1]!r} begins, but one lasts until {ends_s[i]:g} s"
        )
    first = clock.first.tolist()
    for middle_s, onset_s in zip((ends_s + onsets_s) / 2, onsets_s, strict=True):
        i = int(np.searchsorted(clock.start_s, middle_s, side="right")) - 1
        since_s = np.array([middle_s, onset_s]) - clock.start_s[i]
        # The first sample behind the middle may be behind the onset, where hardly a sample is between the runs.
        sample = min(first_sample_at(since_s[0], clock.rate_hz), int(since_s[1] * clock.rate_hz))
        if i >= 0 and 0 < sample < clock.stop[i] - clock.first[i]:
            first.append(int(clock.first[i]) + sample)
    firsts = np.unique(first)
    piece = np.searchsorted(clock.first, firsts, side="right") - 1
    start_s = clock.start_s[piece] + (firsts - clock.first[piece]) / clock.rate_hz
    stop = np.minimum(np.r_[firsts[1:], clock.stop[-1]], clock.stop[piece])
    return SampleTimes(clock.rate_hz, start_s, firsts, stop), np.flatnonzero(~np.isin(firsts, clock.first))
