"""One stream in, words out: a decoder of gist on a live stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.gist.gist_decoder import Saying
from ...decoder.gist.meter import DISTINGUISHABLE, times_too_strong
from ...decoder.gist.passages import Heard, PassageFinder
from ...decoder.steps import open_chain
from ..clock import Clock
from ..decision import Output
from ..gaps.timeline import Gap, Timeline
from ..live_text import RECENT_WORDS, TOO_FEW, TOO_STRONG, LiveText
from ..settings import LiveSettings
from ..sources.source import Marker, Source, StreamInfo
from ..stream_match import StreamMatch, match_stream
from ..word_times import WordTimes
from .live_engine import LiveEngine
from .markers import MarkerAt, Markers
from .quality import Quality
from .reporting import Recorder
from .ring import Ring, n_buffered
from .stream_warnings import StreamWarnings

if TYPE_CHECKING:
    from ...decoder.bundle.compiled_gist import CompiledGist

LEAST_WIDTH = 4


class _OpenStream(NamedTuple):
    """A stream's samples in time, what makes the decoder's of them, what is said of them, and the newest of them."""

    timeline: Timeline
    match: StreamMatch
    warnings: StreamWarnings
    ring: Ring
    markers: Markers
    quality: Quality


class GistEngine(LiveEngine[LiveText, _OpenStream]):
    """Run a decoder of gist on a live stream.

    Each sample brings words that have become final, and a draft of those after them. Final words are those that the
    decoder finds offline, bit for bit, however samples were cut. Lost samples are left out of the evidence and counted.
    Where the work of a sample takes longer than a sample lasts, the beam is narrowed, and that is said and counted:
    from then on words may differ from those offline.

    Parameters
    ----------
    decoder : CompiledGist
    source : Source
    words : WordTimes
        When words are said.
    settings : LiveSettings, optional
        Those of windows and decisions do not count.
    outputs : sequence of Output
        Each receives every text and every change of state.
    recorder : Recorder, optional
        Receives every chunk unchanged.
    clock : Clock, optional
        Replaced in tests.
    """

    def __init__(
        self,
        decoder: CompiledGist,
        source: Source,
        words: WordTimes,
        settings: LiveSettings | None = None,
        *,
        outputs: Sequence[Output] = (),
        recorder: Recorder | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(decoder, source, settings, outputs, recorder, clock)
        self.decoder, self._words = decoder, words
        self._gist, self._chain = decoder.decoder(), open_chain(decoder.steps, decoder.feature_names, decoder.rate_hz)
        self._rate_hz = self._chain.rate_out_hz
        self._recent: deque[str] = deque(maxlen=RECENT_WORDS)
        self._n_final = self._n_after_steps = 0
        self._finder = None if decoder.passages is None else PassageFinder(decoder.passages)
        self._heard: Heard | None = None
        self._early: list[Marker] = []
        self._age_s = 0.0
        self._is_too_strong = False

    @property
    def losses(self) -> dict[str, int]:
        """Counts of all losses and failures, by name."""
        return {**self._reporter.losses, "words_refused": self._words.n_refused}

    @property
    def scores(self) -> list[float]:
        """How many nats each hypothesis explains, the best first."""
        return self._gist.scores.tolist()

    def _taking(self, info: StreamInfo) -> _OpenStream:
        match = match_stream(info, self.decoder, self.settings.channels, self.settings.units)
        timeline, warnings = Timeline(info.rate_hz), StreamWarnings(self._reporter, info.rate_hz)
        ring = Ring(info.n_channels, n_buffered(self.settings.buffer_s, info.rate_hz))
        unlimited = np.full(len(self.decoder.feature_names), np.inf)  # such a bundle does not hold the training's range
        quality = Quality(len(unlimited), info.rate_hz, -unlimited, unlimited)
        return _OpenStream(timeline, match, warnings, ring, Markers(info.rate_hz), quality)

    @property
    def position(self) -> int:
        return self._stream.ring.stop

    def latest(self, seconds: float) -> NDArray[np.float32]:
        stream = self._stream
        rate_hz = stream.timeline.rate_hz
        return stream.ring.latest(min(round(seconds * rate_hz), n_buffered(self.settings.buffer_s, rate_hz)))

    @property
    def faults(self) -> dict[int, str]:
        return self._stream.quality.reasons()

    def markers_after(self, event: int) -> list[MarkerAt]:
        return self._stream.markers.after(event)

    def _turn(self, timeout_s: float) -> list[LiveText]:
        if self.ended:
            return []
        (timeline, match, warnings, ring, _, quality), connection = self._open()
        chunk = connection.pull(timeout_s)
        pieces = [] if chunk is None else timeline.place(chunk.stamps, chunk.received_s)
        self._take_markers(timeline)
        if chunk is None:
            return self._finish(timeline) if connection.ended else []
        self._reporter.record(lambda recorder: recorder.write(chunk))
        self._age_s = chunk.received_s - float(chunk.stamps[-1])
        texts, n_missing, n_broken = [], 0, 0
        for piece in pieces:
            if isinstance(piece, Gap):
                n_missing += piece.n_missing
                self._reporter.message(
                    f"{piece.reason}: {piece.n_missing} samples missing from sample {piece.first} on"
                )
                ring.append(chunk.samples[:0], piece.first + piece.n_missing)
                texts += self._decoded(timeline, self._lost(piece.n_missing))
            else:
                samples = match.features(chunk.samples[piece.rows])
                ring.append(chunk.samples[piece.rows], piece.first)
                quality.push(samples)
                finite = np.isfinite(samples)
                n_broken += self._note_broken(warnings, finite, chunk.received_s)
                for row, is_whole in zip(samples, np.all(finite, axis=1), strict=True):
                    texts += self._decoded(timeline, self._chain.push(row[None]) if is_whole else self._lost(1))
        n_samples = sum(piece.rows.stop - piece.rows.start for piece in pieces if not isinstance(piece, Gap))
        warnings.taken(len(chunk.samples), n_samples, chunk.received_s)
        self._reporter.changes(self._reporter.health.arrived(n_samples - n_broken, n_missing + n_broken))
        return texts

    def _lost(self, n: int) -> NDArray[np.float32]:
        """What lost samples become after the steps: NaN."""
        return np.full((self._chain.skip(n), len(self._chain.names_out)), np.nan, np.float32)

    def _note_broken(self, warnings: StreamWarnings, finite: NDArray[np.bool_], now_s: float) -> int:
        """Count samples (n_samples, n_features) that are not finite, and name their channels."""
        n_broken = int((~finite.all(axis=1)).sum())
        if n_broken:
            self._reporter.counts["nonfinite"] += n_broken
            names = [self.decoder.feature_names[i] for i in np.flatnonzero(~finite.all(axis=0))]
            warnings.nonfinite(names, n_broken, 0, now_s)
        return n_broken

    def _take_markers(self, timeline: Timeline) -> None:
        for one in self._source.markers():
            if isinstance(one, Marker):
                self._early.append(one)
                self._reporter.record(lambda recorder, one=one: recorder.marker(one))
            else:
                self._reporter.event(one)
        if timeline.started:
            rate_hz = self.decoder.rate_hz
            at = [timeline.index_at(one.stamp_s) for one in self._early]
            for one, sample in zip(self._early, at, strict=True):
                self._stream.markers.add(one, sample)
            self._words.take([(one, sample / rate_hz) for one, sample in zip(self._early, at, strict=True)])
            self._early = []

    def _decoded(self, timeline: Timeline, after_steps: NDArray) -> list[LiveText]:
        """Decode samples after the steps, lost ones being NaN, one by one."""
        texts = []
        for row in after_steps:
            self._n_after_steps += 1
            begun_s = self._clock.now()
            sample = row[self.decoder.voxels]
            words, until_s = self._words.until((self._n_after_steps - 1) / self._rate_hz, sample)
            said = self._gist.push(
                sample[None],
                [word.middle_s for word in words],
                [word.duration_s for word in words],
                until_s,
            )
            if self._finder is not None:
                self._heard = self._finder.heard(self._finder.push(self._gist.newest))
            took_s = self._clock.now() - begun_s
            texts.append(self._text(timeline, said, took_s))
            self._hurry(took_s)
        return texts

    def _finish(self, timeline: Timeline) -> list[LiveText]:
        """The stream has ended: decode what is left, and make all words final."""
        texts = self._decoded(timeline, self._chain.finish())
        words = self._words.rest()
        begun_s = self._clock.now()
        said = self._gist.push(None, [word.middle_s for word in words], [word.duration_s for word in words])
        left = self._gist.finish()
        return [*texts, self._text(timeline, Saying(said.final + left.final, []), self._clock.now() - begun_s)]

    def _text(self, timeline: Timeline, said: Saying, took_s: float) -> LiveText:
        self._recent += said.final
        self._n_final += len(said.final)
        z, why = self._measured()
        stop_s = self._n_after_steps / self._rate_hz
        text = LiveText(
            final=tuple(said.final),
            draft=tuple(said.draft),
            recent=tuple(self._recent),
            n_final=self._n_final,
            z=z,
            distinguishable=z is not None and z >= DISTINGUISHABLE,
            stop_s=stop_s,
            stop_stamp_s=timeline.stamp_of(stop_s * self.decoder.rate_hz) if timeline.started else 0.0,
            n_lost=self._gist.n_lost,
            width=self._gist.width,
            age_s=self._age_s,
            compute_s=took_s,
            bundle=self.decoder.digest,
            **self._passage(),
            why=why,
        )
        self._reporter.output(lambda output: output.text(text))
        return text

    def _measured(self) -> tuple[float | None, str | None]:
        """The meter's z, or why there is none."""
        meter = self.decoder.meter
        assert meter is not None
        times = times_too_strong(self._gist.strength, meter.strongest)
        if (times is not None) != self._is_too_strong:
            self._is_too_strong = times is not None
            self._reporter.message(
                "signals are as strong as in the training again"
                if times is None
                else f"signals are {times:.1f} times as strong as the strongest of the training, after whitening: a "
                "text explains more of whatever is larger, so none is published until it is over; look for an artefact"
            )
        if times is not None:
            return None, TOO_STRONG
        z = meter.z(self._gist.gained)
        return z, TOO_FEW if z is None else None

    def _passage(self) -> dict[str, Any]:
        """What a text says of the passage that is heard."""
        if self._heard is None:
            return {}
        passage, probability, at_s, named = self._heard
        return {"passage": passage if named else None, "passage_p": probability, "passage_s": at_s}

    def _hurry(self, took_s: float) -> None:
        """Narrow the beam where a sample's work takes longer than it lasts."""
        if took_s * self._rate_hz <= 1.0 or self._gist.width <= LEAST_WIDTH:
            return
        self._gist.narrow(max(self._gist.width // 2, LEAST_WIDTH))
        self._reporter.counts["beam_narrowed"] += 1
        self._reporter.message(
            f"a sample's words took {took_s:.2f} s, longer than the {1 / self._rate_hz:g} s that it lasts: the beam is "
            f"narrowed to {self._gist.width}, and words may differ from those offline"
        )
