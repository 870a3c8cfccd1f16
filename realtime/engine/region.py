"""Feedback from a region on a live stream: after every sample, by how many per cent its signal changed."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from ...decoder.region_feedback import Baseline, RegionChanges, region_signal, voxel_columns
from ...errors import InputError, RecordingError
from ..gaps.timeline import Timeline
from ..live_feedback import LiveFeedback
from ..sources.source import Chunk
from ..stream_match import StreamMatch
from .markers import MarkerAt

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder


class RegionFollower:
    """Follows the region that a source gives with its samples, else the mean of the decoder's own voxels.

    Raises
    ------
    InputError
        The decoder has no voxels.
    """

    def __init__(self, baseline: Baseline, decoder: CompiledDecoder, match: StreamMatch, timeline: Timeline) -> None:
        try:
            self._columns = voxel_columns(decoder.feature_names)
        except RecordingError as error:
            raise InputError(f"feedback: {error}") from error
        self._match, self._timeline = match, timeline
        self._changes = RegionChanges(baseline, timeline.rate_hz)

    def announce(self, marker: MarkerAt) -> None:
        """Note a marker."""
        self._changes.announce(marker.label, marker.sample, marker.duration_s)

    def skip(self, n_samples: int) -> None:
        """Note missing samples."""
        self._changes.skip(n_samples)

    def take(self, chunk: Chunk, rows: slice, first: int) -> list[LiveFeedback]:
        """Return the feedback after each of these rows of a chunk; `first` is the position of the first."""
        if chunk.region is None:
            voxels = self._match.features(chunk.samples[rows])[:, self._columns]
            signals = [region_signal(row) for row in voxels]
        else:
            signals = chunk.region[rows].tolist()
        return [self._feedback(position, signal) for position, signal in enumerate(signals, first)]

    def _feedback(self, position: int, signal: float) -> LiveFeedback:
        change, timeline = self._changes.push(signal), self._timeline
        percent, mean, baseline = (x if isfinite(x) else None for x in change[:3])
        start_s, stop_s = position / timeline.rate_hz, (position + 1) / timeline.rate_hz
        return LiveFeedback(percent, mean, baseline, change.why, start_s, stop_s, timeline.stamp_of(position + 1))
