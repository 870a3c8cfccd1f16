"""A source whose markers are planned: the events of a protocol, counted from the first sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan

from ...decoder.recordings.events import Events
from ..clock import Clock, SystemClock
from .source import Chunk, Marker, MarkersChange, Refusal, Source, StreamInfo


class PlannedSource:
    """A source without markers, and the events of a protocol as its markers.

    The first sample is at 0 s. An event is told with the first sample that is not before it, or before the sample that
    follows; after a loss the plan goes on by the time that passed. Where the run begins again, the plan does, too.

    Parameters
    ----------
    source : Source
    events : Events
        Of one run; onsets in seconds from the first sample.
    clock : Clock, optional
    late_start : function, optional
        Says with which sample the source began, once it did, where that was not the first of the run; else ``""``.
    n_restarts : function, optional
        How often the run began again.
    """

    def __init__(
        self,
        source: Source,
        events: Events,
        clock: Clock | None = None,
        late_start: Callable[[], str] = lambda: "",
        n_restarts: Callable[[], int] = lambda: 0,
    ) -> None:
        self._source = source
        self._clock = clock or SystemClock()
        order = events.onset_s.argsort(kind="stable")
        self._plan = [
            (float(events.onset_s[i]), float(events.duration_s[i]), str(events.label[i])) for i in order.tolist()
        ]
        self._planned = list(self._plan)
        self._origin_s = self._newest_s = nan
        self._period_s = nan
        self._late_start, self._n_restarts, self._n_begun = late_start, n_restarts, 0
        self._reports: list[Refusal] = []

    def open(self, timeout_s: float) -> StreamInfo:
        """Open the source; see `Source`."""
        info = self._source.open(timeout_s)
        self._period_s = 1.0 / info.rate_hz
        return info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        chunk = self._source.pull(timeout_s)
        if chunk is not None and len(chunk.stamps):
            n_begun = 1 + self._n_restarts()
            if n_begun != self._n_begun:
                if self._n_begun:
                    self._reports.append(Refusal("", "the run began again, and the protocol with it"))
                self._n_begun, self._planned, self._origin_s = n_begun, list(self._plan), float(chunk.stamps[0])
                late = self._late_start()
                why = f"{late}: the protocol's onsets count from it, and are late if volumes before it were missed"
                self._reports += [Refusal("began_late", why)] if late else []
            self._newest_s = float(chunk.stamps.max())
        return chunk

    def markers(self) -> Sequence[Marker | MarkersChange | Refusal]:
        """Return the events that begin before the sample after the newest, and what the source reports."""
        due: list[Marker] = []
        while self._planned and self._origin_s + self._planned[0][0] < self._newest_s + self._period_s:
            onset_s, duration_s, label = self._planned.pop(0)
            due.append(Marker(label, self._origin_s + onset_s, duration_s, self._clock.now()))
        reports, self._reports = self._reports, []
        return [*self._source.markers(), *reports, *due]

    def close(self) -> None:
        """Close the source."""
        self._source.close()
