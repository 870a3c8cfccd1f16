"""When each event holds: the truth that decisions of a run are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...recordings.events import Events


@dataclass(frozen=True, eq=False)
class Spans:
    """The events of one run, (n_events,) each, in the order of their onsets; no two hold at once.

    `event` is the event's number in the recording, `truth` its correct class. A decision that is available in
    ``[start_s, stop_s)`` is about the event.
    """

    event: NDArray[np.intp]
    truth: NDArray[np.intp]
    onset_s: NDArray[np.float64]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)

    def at(self, time_s: NDArray) -> NDArray[np.intp]:
        """Return which of the spans holds at each time; -1 for none (rest)."""
        if not len(self):
            return np.full(np.shape(time_s), -1, np.intp)
        last = np.searchsorted(self.start_s, time_s, side="right") - 1
        return np.where((last >= 0) & (time_s < self.stop_s[last]), last, -1)

    def rest_s(self, begin_s: float, end_s: float) -> float:
        """Return for how much of ``[begin_s, end_s)`` no event holds."""
        held = np.clip(self.stop_s, begin_s, end_s) - np.clip(self.start_s, begin_s, end_s)
        return float(end_s - begin_s - held.sum())


def spans_of(
    events: Events, run: int | str, truth: NDArray[np.intp], from_s: float, to_s: float, least_s: float
) -> Spans:
    """Return when the events of a run hold: from ``onset + from_s`` to ``onset + duration + to_s``.

    A new event ends the one before it. An event lasts at least `least_s`, before `to_s` is added. `truth` has the
    correct classes of all events of the recording.
    """
    here = np.flatnonzero(events.run == run)
    here = here[np.argsort(events.onset_s[here], kind="stable")]
    onset_s = events.onset_s[here]
    start_s = onset_s + from_s
    stop_s = onset_s + np.maximum(events.duration_s[here], least_s) + to_s
    stop_s[:-1] = np.minimum(stop_s[:-1], start_s[1:])
    return Spans(here, truth[here], onset_s, start_s, np.maximum(stop_s, start_s))
