"""The connection to an open source. Samples are pulled from it; after a loss it is opened again."""

from __future__ import annotations

from ...errors import StreamLostError, StreamNotFoundError
from ..checks import check_came_back
from ..gaps.timeline import Timeline
from ..health import State
from ..sources.source import Chunk, EndOfStream, Source, StreamInfo
from .reporting import Reporter


class Connection:
    """Pulls from an open source, and opens it again after a loss.

    ``ended`` is True when a recording is over; a live stream never ends.
    """

    def __init__(self, source: Source, info: StreamInfo, timeline: Timeline, reporter: Reporter) -> None:
        self.ended = False
        self._source, self._info, self._timeline, self._reporter = source, info, timeline, reporter
        self._is_searching = False
        reporter.changes(reporter.health.connected())

    def pull(self, timeout_s: float) -> Chunk | None:
        """Return the next samples; None if there are none, or the stream is away."""
        health = self._reporter.health
        if health.state is State.LOST or self._is_searching:
            self._reopen(timeout_s)
            return None
        try:
            chunk = self._source.pull(timeout_s)
        except EndOfStream:
            self.ended = True
            return None
        except StreamLostError as error:
            self._reporter.changes(health.lost(str(error)))
            return None
        if chunk is None or not len(chunk.samples):
            self._reporter.changes(health.silent())
            return None
        return chunk

    def _reopen(self, timeout_s: float) -> None:
        health = self._reporter.health
        self._reporter.changes(health.searching())
        self._is_searching = True
        try:
            info = self._source.open(timeout_s)
        except StreamNotFoundError:
            return
        except EndOfStream:
            self.ended = True
            return
        check_came_back(self._info, info)
        self._is_searching = False
        self._timeline.restarted()
        self._reporter.counts["restarts"] += 1
        self._reporter.changes(health.connected())
