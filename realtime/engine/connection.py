"""The connection to an open source. Samples are pulled from it; after a loss it is opened again."""

from __future__ import annotations

import numpy as np

from ...errors import ShapeError, StreamLostError, StreamNotFoundError
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
        self._source, self.info, self._timeline, self._reporter = source, info, timeline, reporter
        self._is_searching = self._says_no_stamps = False
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
        return self._stamped(checked(chunk, self.info))

    def _stamped(self, chunk: Chunk) -> Chunk | None:
        """The samples whose stamps are numbers; the others are counted, as they have no place in time."""
        finite = np.isfinite(chunk.stamps)
        if finite.all():
            return chunk
        self._reporter.counts["stamps_not_finite"] += int((~finite).sum())
        if not self._says_no_stamps:
            self._says_no_stamps = True
            self._reporter.message("samples are left out, because their stamps are NaN or infinite; they are counted")
        if not finite.any():
            return None
        return chunk._replace(samples=chunk.samples[finite], stamps=chunk.stamps[finite])

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
        check_came_back(self.info, info)
        self._is_searching = False
        self._timeline.restarted()
        self._reporter.counts["restarts"] += 1
        self._reporter.changes(health.connected())


def checked(chunk: Chunk, info: StreamInfo) -> Chunk:
    """Raise ShapeError unless a source's samples and stamps belong together and to its stream."""
    n_samples, shape = len(chunk.samples), np.shape(chunk.samples)
    if shape != (n_samples, info.n_channels):
        raise ShapeError(
            f"the source of {info.name!r}: expected samples (n_samples, {info.n_channels}), for so many channels, "
            f"got shape {shape}"
        )
    if np.shape(chunk.stamps) != (n_samples,):
        raise ShapeError(
            f"the source of {info.name!r}: expected stamps for {n_samples} samples, one for each, got shape "
            f"{np.shape(chunk.stamps)}"
        )
    return chunk
