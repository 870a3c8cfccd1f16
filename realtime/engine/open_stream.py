"""An open stream: its timeline, markers and decoders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RecordingError
from ..clock import Clock
from ..gaps.timeline import Gap, SampleRange, Timeline
from ..settings import LiveSettings
from ..sources.source import Chunk, Marker, MarkersChange, Refusal, StreamInfo
from ..stream_match import match_stream
from .decoders import Decoders
from .markers import MAX_MARKERS, MarkerAt, Markers
from .motions import Motions
from .pipeline import Arrival, Pipeline, ReadyWindow
from .region import RegionFollower
from .reporting import Reporter
from .ring import Ring, n_buffered
from .stream_warnings import StreamWarnings

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder

DURATION_HINT = """; a marker says how long its event lasts as {"label": "rest", "duration_s": 20}"""


class OpenStream:
    """Takes the samples and markers of a stream, and runs every decoder on them.

    The next pull may overwrite the samples' memory: call `store` before it (`take` asserts this).
    """

    def __init__(
        self, info: StreamInfo, decoder: CompiledDecoder, settings: LiveSettings, reporter: Reporter, clock: Clock
    ) -> None:
        self.info = info
        self.timeline = Timeline(info.rate_hz)
        self.markers = Markers(info.rate_hz)
        self.motions = Motions()
        self.arrival = Arrival(clock.now(), clock.now(), 0)
        self._settings, self._reporter = settings, reporter
        self._n_buffer = n_buffered(settings.buffer_s, info.rate_hz)
        self._ring = Ring(info.n_channels, self._n_buffer)
        self.decoders = Decoders(self._pipeline(decoder), settings, clock, self._n_buffer)
        match = match_stream(info, decoder, settings.channels, settings.units, settings.rate)
        self._region = (
            None if settings.feedback is None else RegionFollower(settings.feedback, decoder, match, self.timeline)
        )
        self._clock_off_s = 0.0
        self._early: list[Marker] = []
        self.warnings = StreamWarnings(reporter, info.rate_hz)
        self._unstored: tuple[Chunk, Sequence[SampleRange | Gap]] | None = None

    @property
    def position(self) -> int:
        """One past the newest sample's number."""
        return self._ring.stop

    def latest(self, seconds: float) -> NDArray[np.float32]:
        """The newest raw samples, see `Engine.latest`."""
        return self._ring.latest(min(round(seconds * self.info.rate_hz), self._n_buffer))

    def take_markers(self, markers: Iterable[Marker | MarkersChange | Refusal]) -> None:
        """Take markers. Those before the first sample wait for it, as they have no position yet."""
        for one in markers:
            if isinstance(one, Marker):
                if len(self._early) == MAX_MARKERS:
                    self._refuse(self._early.pop(0).label, f"no sample has come yet, and {MAX_MARKERS} markers wait")
                self._early.append(one)
            else:
                self._reporter.event(one)
        if self.timeline.started:
            early, self._early = self._early, []
            for marker in early:
                self._mark(marker)

    def take(self, chunk: Chunk, pieces: Sequence[SampleRange | Gap]) -> None:
        """Run samples, and the gaps between them, through every decoder."""
        assert self._unstored is None, "the samples before have to be stored first: these may be in the same memory"
        self._unstored = chunk, pieces
        reporter, active = self._reporter, self.decoders.active
        self.motions.take(chunk, pieces)
        arrival = self.arrival = self._arrived(chunk, pieces)
        self.warnings.clock(float(chunk.stamps[-1]), chunk.received_s)
        n_present = n_missing = 0
        nonfinite_before, filled_before = active.n_nonfinite, active.n_filled
        for piece in pieces:
            if isinstance(piece, Gap):
                n_missing += piece.n_missing
                reporter.message(f"{piece.reason}: {piece.n_missing} samples missing from sample {piece.first} on")
                self.decoders.skip(piece.n_missing, arrival)
                if self._region is not None:
                    self._region.skip(piece.n_missing)
            else:
                samples = chunk.samples[piece.rows]
                n_present += len(samples)
                self.decoders.push(samples, arrival)
                if self._region is not None:
                    for feedback in self._region.take(chunk, piece.rows, piece.first):
                        reporter.output(lambda output, feedback=feedback: output.feedback(feedback))
        n_nonfinite, n_filled = active.n_nonfinite - nonfinite_before, active.n_filled - filled_before
        if n_nonfinite:
            reporter.counts["nonfinite"] += n_nonfinite
            reporter.counts["filled"] += n_filled
            self.warnings.nonfinite(active.nonfinite, n_nonfinite, n_filled, arrival.pulled_s)
        self.warnings.taken(len(chunk.samples), n_present, arrival.pulled_s)
        n_unusable = n_nonfinite - n_filled
        reporter.changes(reporter.health.arrived(n_present - n_unusable, n_missing + n_unusable))

    def store(self) -> None:
        """Store and check the newest samples, before the next ones use their memory; no decision waits for this."""
        if self._unstored is None:
            return
        (chunk, pieces), self._unstored = self._unstored, None
        self._reporter.record(lambda recorder: recorder.write(chunk))
        for piece in pieces:
            if isinstance(piece, Gap):
                self._ring.append(chunk.samples[:0], piece.first + piece.n_missing)
            else:
                self._ring.append(chunk.samples[piece.rows], piece.first)
        self.decoders.active.watch()

    def finish(self) -> None:
        """End the stream and the windows that are still open."""
        self.decoders.feed(self._finished)

    def _finished(self, pipeline: Pipeline) -> list[ReadyWindow]:
        try:
            return pipeline.finish(self.arrival)
        except RecordingError as error:
            if pipeline is self.decoders.active:
                self._reporter.counts["windows_cut_off"] += 1
                self._reporter.message(f"the stream ended within a window: {error}")
            return []

    def add_shadow(self, decoder: CompiledDecoder) -> None:
        """Run a decoder in the shadow, first on the raw samples and markers still in memory."""
        n_samples = min(self._ring.stop, self._n_buffer)
        n_forgotten, arrival, markers = self._ring.stop - n_samples, self.arrival, list(self.markers)
        samples = self._ring.latest(n_samples).copy()

        def announced(pipeline: Pipeline) -> list[ReadyWindow]:
            return [window for marker in markers for window in self._announce(pipeline, marker, arrival)]

        past = (
            lambda pipeline: pipeline.skip(n_forgotten, arrival),  # so that its windows are those of the active one
            announced,
            lambda pipeline: pipeline.push(samples, arrival),
        )
        self.decoders.add_shadow(self._pipeline(decoder), past)

    def _pipeline(self, decoder: CompiledDecoder) -> Pipeline:
        settings = self._settings
        match = match_stream(self.info, decoder, settings.channels, settings.units, settings.rate)
        return Pipeline(decoder, settings.window or decoder.window, match, settings.history_s, settings.max_bad)

    def _arrived(self, chunk: Chunk, pieces: Sequence[SampleRange | Gap]) -> Arrival:
        """Return when a chunk arrived, with the stamp of its newest sample."""
        newest, was_reset = None, False
        for piece in pieces:
            if isinstance(piece, SampleRange):
                newest = piece
            elif piece.reason == "clock reset":
                was_reset = True
        if newest is None:
            return self.arrival._replace(pulled_s=chunk.received_s)
        stamp_s = float(chunk.stamps[newest.rows.stop - 1])
        if was_reset:
            # After a clock reset its age is unknown; it is taken to be that of earlier samples.
            age_s = self.arrival.pulled_s - self.arrival.newest_stamp_s
            self._clock_off_s = chunk.received_s - age_s - stamp_s
        stop = newest.first + newest.rows.stop - newest.rows.start
        return Arrival(chunk.received_s, stamp_s + self._clock_off_s, stop)

    def _mark(self, marker: Marker) -> None:
        """Announce a marker to the windows of every decoder."""
        reporter = self._reporter
        reporter.record(lambda recorder: recorder.marker(marker))
        if not isfinite(marker.stamp_s):
            self._refuse(marker.label, "its stamp is not finite")
            return
        sample = self.timeline.index_at(marker.stamp_s)
        if self.markers.has(marker.label, sample):
            reporter.counts["markers_repeated"] += 1
            return
        ahead_s = (sample - self.timeline.stop) / self.info.rate_hz
        self.warnings.ahead(marker.label, ahead_s, self.arrival.pulled_s)
        added = self.markers.add(marker, sample)
        if self._region is not None:
            self._region.announce(added)
        arrival = self.arrival
        self.decoders.feed(lambda pipeline: self._announce(pipeline, added, arrival))

    def _announce(self, pipeline: Pipeline, marker: MarkerAt, arrival: Arrival) -> list[ReadyWindow]:
        try:
            pipeline.announce(marker.event, marker.sample, marker.duration_s)
        except (InputError, RecordingError) as error:
            untold = isinstance(error, InputError) and not marker.duration_s
            if pipeline is self.decoders.active:  # a shadow may have fewer past samples
                self._refuse(marker.label, f"{error}{DURATION_HINT if untold else ''}")
            return []
        return pipeline.late(arrival)

    def _refuse(self, label: str, why: str) -> None:
        self._reporter.counts["markers_refused"] += 1
        self._reporter.message(f"marker {label!r} cannot be used: {why}")
