"""The engine: one stream in, decisions out; what is lost is counted, and what cannot be trusted is not decided."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import BundleError, InputError, RecordingError, StreamLostError, StreamNotFoundError
from ..checks import check_came_back, check_window, few, match_channels
from ..clock import Clock, SystemClock
from ..decision import LiveDecision, Output, Status
from ..gaps.timeline import Gap, SampleRange, Timeline
from ..health import Change, Health, MarkerState, State
from ..settings import LiveSettings
from ..sources.source import Chunk, EndOfStream, Marker, MarkersChange, Source, StreamInfo
from .deciding import decide, is_due
from .pipeline import Arrival, Pipeline, ReadyWindow
from .ring import Ring

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder

SEARCH_S = 1.0
"""How long one attempt to find the stream lasts: so often the engine can be stopped."""
BEHIND_S = 0.5
"""Where so much comes at once, there may be more: the backlog policies have to see all of it."""
SAME_MARKER_S = 0.01
"""Two markers of the same label that are closer (and less than a sample apart) are one that came twice."""
MOST_PULLS = 64
"""In one turn: also of a source that never runs dry, something has to be decided now and then."""
MARKERS_KEPT = 4096
AHEAD_S = 60.0
"""A marker stamped by so much later than the newest sample is told of: by another clock, it would wait for ever."""
KEPT_S, LEAST_KEPT = 30.0, 128
"""Raw samples kept unless told otherwise: half a minute of a scanner is too little for a new decoder's baseline."""


class Recorder(Protocol):
    """Keeps the raw stream while it is decoded; raises OSError where it cannot."""

    def open(self, info: StreamInfo) -> None: ...
    def write(self, chunk: Chunk) -> None: ...
    def marker(self, marker: Marker) -> None: ...
    def close(self) -> None: ...


class _Told(NamedTuple):
    """A marker that was taken, and where it lies, in samples of the stream."""

    event: int
    label: str
    sample: float
    duration_s: float


class Engine:
    """Run a decoder on a live stream.

    Parameters
    ----------
    decoder : CompiledDecoder
    source : Source
    settings : LiveSettings, optional
    outputs : sequence of Output
        Each gets every decision and every change of state.
    recorder : Recorder, optional
        Gets every chunk as it came.
    clock : Clock, optional
        Tests inject their own.

    Raises
    ------
    InputError
        The window of the settings does not make of its samples what the decoder takes.

    Attributes
    ----------
    state : State
    markers : MarkerState or None
        How the stream of markers is doing, where it is one of its own. Its end ends nothing.
    losses : dict of str to int
        All that did not go as it should, by name.
    active, shadow, previous : Pipeline or None
        The decoder whose decisions are published; one that runs along, to be looked at before it takes over; the one
        that was active before.
    """

    def __init__(
        self,
        decoder: CompiledDecoder,
        source: Source,
        settings: LiveSettings | None = None,
        *,
        outputs: Sequence[Output] = (),
        recorder: Recorder | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or LiveSettings()
        if self.settings.window is not None:
            check_window(decoder, self.settings.window)
        self.shadow: Pipeline | None = None
        self.previous: Pipeline | None = None
        self.ended = False
        self._clock = clock or SystemClock()
        self._decoder = decoder
        self._source = source
        self._outputs = tuple(outputs)
        self._heard_by = list(outputs)
        self._recorder = recorder
        stale_s = self.settings.stale_s or max(2.0, 3.0 / decoder.rate_hz)
        lost_s = max(self.settings.lost_s, 2 * stale_s)
        self._health = Health(self._clock, stale_s, lost_s, self.settings.settle_s)
        self._is_searching = False
        self._counts: Counter[str] = Counter()
        self._waiting: list[ReadyWindow] = []
        self._waiting_in_shadow: list[ReadyWindow] = []
        self._n_windows = 0
        self._n_events = 0
        self._early: list[Marker] = []
        self._to_put_by: tuple[Chunk, Sequence[SampleRange | Gap]] | None = None
        self._markers: deque[_Told] = deque(maxlen=MARKERS_KEPT)

    @property
    def state(self) -> State:
        return self._health.state

    @property
    def markers(self) -> MarkerState | None:
        """How the stream of markers is doing; None where the source has none of its own."""
        return self._health.markers

    @property
    def losses(self) -> dict[str, int]:
        placed = self._timeline.losses.as_dict() if hasattr(self, "_timeline") else {}
        return {**placed, **self._counts}

    def open(self) -> StreamInfo:
        """Find the stream, check it against the decoder, and open the outputs.

        Raises
        ------
        StreamNotFoundError
            There is no such stream within `timeout_s`, or there are several.
        StreamMismatchError
            The stream is not what the decoder was fitted on.
        """
        decoder, settings = self._decoder, self.settings
        self.tell("looking for the stream")
        self.info = info = self._searched()
        self._timeline = Timeline(info.rate_hz)
        kept = max(KEPT_S * info.rate_hz, LEAST_KEPT) if settings.buffer_s is None else settings.buffer_s * info.rate_hz
        self._n_kept = max(1, round(kept))
        self._ring = Ring(info.n_channels, self._n_kept)
        self.active = self._pipeline(decoder)
        now_s = self._clock.now()
        self._arrival = Arrival(now_s, now_s, 0)
        self._clock_off_s = 0.0
        self._output(lambda output: output.open(info, decoder))
        self._record(lambda recorder: recorder.open(info))
        self._note(self._health.found())
        if not any(info.units):
            self.tell(f"the stream {info.name!r} tells no units; taken to be the decoder's")
        return info

    def close(self) -> None:
        """Release the stream, end the recording and the outputs, each of them whatever the others do."""
        with ExitStack() as closing:
            for output in reversed(self._outputs):
                closing.callback(output.close)
            closing.callback(self._record, lambda recorder: recorder.close())
            closing.callback(self._source.close)

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:  # Ctrl-C while searching, too
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[LiveDecision]:
        """Yield decisions until the source is used up, which a live stream never is."""
        while not self.ended:
            yield from self.turn(SEARCH_S)

    def turn(self, timeout_s: float = 0.0) -> list[LiveDecision]:
        """Wait at most so long for samples, and return the decisions that they bring.

        Without waiting (0 s) it fits into a loop that draws frames.
        """
        if self.ended:
            return []
        try:
            is_behind = self._take_in(timeout_s)
            n_pulls = 1
            while is_behind and self._waiting and self.settings.backlog != "every" and n_pulls < MOST_PULLS:
                is_behind = self._take_in(0.0)
                n_pulls += 1
            return self._decide()
        finally:
            self._put_by()

    def latest(self, seconds: float) -> NDArray[np.float32]:
        """The newest raw samples (n_samples, n_channels), NaN where none came; at most those that are kept.

        Valid until the next turn.
        """
        return self._ring.latest(min(round(seconds * self.info.rate_hz), self._n_kept))

    def run_along(self, decoder: CompiledDecoder) -> None:
        """Let another decoder run in the shadow of the active one: it decides, but is not published.

        It is first fed the raw samples still kept, so that its steps need not begin from nothing.

        Raises
        ------
        StreamMismatchError
            The stream is not what it was fitted on.
        BundleError
            Its answers are others than the active decoder's; who listens could not follow.
        InputError
            The session's window is not one that it can decide on.
        """
        if decoder.answers != self.active.decoder.answers:
            raise BundleError(
                f"{decoder.path}: expected the active decoder's answers {', '.join(self.active.decoder.answers)}, got "
                f"{', '.join(decoder.answers)}; stop and start with the new bundle instead"
            )
        if self.settings.window is not None:
            check_window(decoder, self.settings.window)
        n_kept = min(self._ring.stop, self._n_kept)
        shadow = self._pipeline(decoder)
        shadow.skip(self._ring.stop - n_kept, self._arrival)  # so that its windows are those of the active one
        for told in self._markers:
            self._announce(shadow, told)
        shadow.push(self._ring.latest(n_kept), self._arrival)  # what it says of the past is of no use
        self.shadow, self._waiting_in_shadow = shadow, []
        self.tell(f"bundle {decoder.digest[:12]} runs in the shadow")

    def promote(self) -> None:
        """Publish the shadow's decisions from the next sample on; the active decoder stays ready for `roll_back`."""
        if self.shadow is None:
            raise InputError("promote: there is no bundle in the shadow; load one first")
        self.active, self.previous, self.shadow = self.shadow, self.active, None
        self._waiting_in_shadow = []
        self.tell(f"bundle {self.active.decoder.digest[:12]} took over")

    def roll_back(self) -> None:
        """Take a promotion back, or what runs in the shadow away."""
        if self.shadow is not None:
            self.shadow, self._waiting_in_shadow = None, []
            self.tell("the bundle in the shadow was taken away")
        elif self.previous is not None:
            self.active, self.previous = self.previous, None
            self.tell(f"rolled back to bundle {self.active.decoder.digest[:12]}")
        else:
            raise InputError("roll back: there is no earlier bundle to go back to")

    def _searched(self) -> StreamInfo:
        since_s = self._clock.now()
        while True:
            try:
                return self._source.open(SEARCH_S)
            except StreamNotFoundError:
                if self.settings.timeout_s is not None and self._clock.now() - since_s >= self.settings.timeout_s:
                    raise

    def _pipeline(self, decoder: CompiledDecoder) -> Pipeline:
        channels = match_channels(self.info, decoder, self.settings.channels)
        return Pipeline(decoder, self.settings.window or decoder.window, channels, self.settings.history_s)

    def _pulled(self, timeout_s: float) -> Chunk | None:
        """The next samples, if any came; losing and finding the stream again on the way."""
        if self.state is State.LOST or self._is_searching:
            self._reopen(timeout_s)
            return None
        try:
            chunk = self._source.pull(timeout_s)
        except EndOfStream:
            self.ended = True
            return None
        except StreamLostError as error:
            self._note(self._health.lost(str(error)))
            return None
        if chunk is None or not len(chunk.samples):
            self._note(self._health.nothing_came())
            return None
        return chunk

    def _take_in(self, timeout_s: float) -> bool:
        """Pull once, and run what came through the decoders; say whether more may lie there."""
        self._put_by()
        chunk = self._pulled(timeout_s)
        # Places first: after a clock reset, markers already count by the new clock.
        pieces = [] if chunk is None else self._timeline.place(chunk.stamps, chunk.received_s)
        for came in self._source.markers():
            if isinstance(came, MarkersChange):
                self._note_markers(came)
            else:
                self._early.append(came)
        if self._timeline.started:
            early, self._early = self._early, []
            for marker in early:
                self._mark(marker)
        if chunk is not None:
            self._take(chunk, pieces)
            return len(chunk.samples) >= max(2.0, BEHIND_S * self.info.rate_hz)
        if self.ended:
            self._finish()
        return False

    def _reopen(self, timeout_s: float) -> None:
        self._note(self._health.searching())
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
        self._counts["restarts"] += 1
        self._note(self._health.found())

    def _take(self, chunk: Chunk, pieces: Sequence[SampleRange | Gap]) -> None:
        """Run samples, and the gaps between them, through the steps of every decoder at work."""
        self._to_put_by = chunk, pieces
        arrival = self._arrival = self._arrived(chunk, pieces)
        n_present = n_missing = 0
        nonfinite_before = self.active.n_nonfinite
        for piece in pieces:
            if isinstance(piece, Gap):
                n_missing += piece.n_missing
                self.tell(f"{piece.reason}: {piece.n_missing} samples missing from sample {piece.first} on")
                self._feed(lambda pipeline, n=piece.n_missing: pipeline.skip(n, arrival))
            else:
                samples = chunk.samples[piece.rows]
                n_present += len(samples)
                self._feed(lambda pipeline, rows=samples: pipeline.push(rows, arrival))
        n_nonfinite = self.active.n_nonfinite - nonfinite_before
        if n_nonfinite:
            self._counts["nonfinite"] += n_nonfinite
            if self.state is not State.GAP:
                self.tell(f"nonfinite: {n_nonfinite} samples hold NaN or infinity, in {few(self.active.nonfinite)}")
        self._note(self._health.arrived(n_present - n_nonfinite, n_missing + n_nonfinite))

    def _put_by(self) -> None:
        """Do with the newest samples what no decision has to wait for, before the next ones take their memory."""
        if self._to_put_by is None:
            return
        (chunk, pieces), self._to_put_by = self._to_put_by, None
        self._record(lambda recorder: recorder.write(chunk))
        for piece in pieces:
            if isinstance(piece, Gap):
                self._ring.append(chunk.samples[:0], piece.first + piece.n_missing)
            else:
                self._ring.append(chunk.samples[piece.rows], piece.first)
        for pipeline in (self.active, self.shadow, self.previous):
            if pipeline is not None:
                pipeline.watch()

    def _arrived(self, chunk: Chunk, pieces: Sequence[SampleRange | Gap]) -> Arrival:
        """Say how old the newest sample is, by its stamp."""
        newest, was_reset = None, False
        for piece in pieces:
            if isinstance(piece, SampleRange):
                newest = piece
            elif piece.reason == "clock reset":
                was_reset = True
        if newest is None:
            return self._arrival._replace(pulled_s=chunk.received_s)
        stamp_s = float(chunk.stamps[newest.rows.stop - 1])
        if was_reset:
            # How old it is, a clock that was set does not tell; taken to be as old as those before.
            age_s = self._arrival.pulled_s - self._arrival.newest_stamp_s
            self._clock_off_s = chunk.received_s - age_s - stamp_s
        stop = newest.first + newest.rows.stop - newest.rows.start
        return Arrival(chunk.received_s, stamp_s + self._clock_off_s, stop)

    def _feed(self, do: Callable[[Pipeline], list[ReadyWindow]]) -> None:
        self._waiting += do(self.active)
        if self.shadow is not None:
            self._waiting_in_shadow += do(self.shadow)
        if self.previous is not None:
            do(self.previous)

    def _note_markers(self, change: MarkersChange) -> None:
        """Tell what became of the stream of markers; samples, recording and decisions go on."""
        if self._health.markers_changed(change.is_there):
            self._counts["marker_stream_lost"] += 1
        self.tell(f"markers {self.markers}: {change.why}")

    def _mark(self, marker: Marker) -> None:
        """Tell the windows of a marker."""
        self._record(lambda recorder: recorder.marker(marker))
        if not isfinite(marker.stamp_s):
            self._refuse(marker.label, "its stamp is not finite")
            return
        sample = self._timeline.index_at(marker.stamp_s)
        apart = min(1.0, SAME_MARKER_S * self.info.rate_hz)
        if any(told.label == marker.label and abs(told.sample - sample) < apart for told in self._markers):
            self._counts["markers_repeated"] += 1
            return
        ahead_s = (sample - self._timeline.stop) / self.info.rate_hz
        if ahead_s > AHEAD_S:
            self.tell(
                f"marker {marker.label!r} is stamped {ahead_s:.0f} s ahead of the newest sample, and its window waits "
                "for that; is the program that sends it on LSL's clock?"
            )
        told = _Told(self._n_events, marker.label, sample, marker.duration_s or 0.0)
        self._n_events += 1
        self._markers.append(told)
        self._feed(lambda pipeline: self._announce(pipeline, told))

    def _announce(self, pipeline: Pipeline, told: _Told) -> list[ReadyWindow]:
        try:
            pipeline.announce(told.event, told.sample, told.duration_s)
        except (InputError, RecordingError) as error:
            if pipeline is self.active:  # one that runs along may know less of the past
                self._refuse(told.label, str(error))
            return []
        return pipeline.late(self._arrival)

    def _refuse(self, label: str, why: str) -> None:
        self._counts["markers_refused"] += 1
        self.tell(f"marker {label!r} cannot be used: {why}")

    def _finish(self) -> None:
        try:
            self._feed(lambda pipeline: pipeline.finish(self._arrival))
        except RecordingError as error:
            self._counts["windows_cut_off"] += 1
            self.tell(f"the stream ended within a window: {error}")

    def _decide(self) -> list[LiveDecision]:
        """Decide on what waits, publish it, and return what was published."""
        waiting, self._waiting = self._waiting, []
        in_shadow, self._waiting_in_shadow = self._waiting_in_shadow, []
        first_number = self._n_windows
        self._n_windows += len(waiting)
        published = []
        for number, one in enumerate(waiting, first_number):
            if not is_due(one, waiting[-1], self.settings, self._clock.now()):
                self._counts["windows_skipped"] += 1
                continue
            decision = self._decided(one, self.active, number)
            self._counts["abstained"] += decision.abstained is not None
            self._counts["late"] += decision.late
            if decision.late and self.settings.on_late == "withhold":
                self._counts["withheld"] += 1
                continue
            self._publish(decision)
            published.append(decision)
        numbers = {one.row[:3]: number for number, one in enumerate(waiting, first_number)} if in_shadow else {}
        for one in in_shadow:
            assert self.shadow is not None
            if is_due(one, in_shadow[-1], self.settings, self._clock.now()):
                self._publish(self._decided(one, self.shadow, numbers.get(one.row[:3], self._n_windows - 1)))
        return published

    def _decided(self, one: ReadyWindow, pipeline: Pipeline, number: int) -> LiveDecision:
        event = one.row.event
        label = (
            next((told.label for told in reversed(self._markers) if told.event == event), None) if event >= 0 else None
        )
        return decide(
            one,
            pipeline.decoder,
            self.settings,
            self._timeline,
            self._clock,
            number=number,
            label=label,
            shadow=pipeline is not self.active,
        )

    def _publish(self, decision: LiveDecision) -> None:
        self._output(lambda output: output.decision(decision))

    def _note(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._send(Status(change.state, change.at_s, change.why, self.losses, self.markers))

    def tell(self, what: str) -> None:
        """Send a status of one's own to all outputs."""
        self._send(Status(self.state, self._clock.now(), what, self.losses, self.markers))

    def _send(self, status: Status) -> None:
        self._output(lambda output: output.status(status))

    def _output(self, do: Callable[[Output], None]) -> None:
        """Hand something to all outputs; one that cannot take it, say on a full disk, is left out from then on."""
        failed = []
        for output in self._heard_by:
            try:
                do(output)
            except BrokenPipeError:  # whoever read along has gone, and wants no more
                raise
            except OSError as error:
                failed.append((output, error))
        for output, error in failed:
            self._heard_by.remove(output)
            self._counts["outputs_stopped"] += 1
            self.tell(f"{type(output).__name__} stopped: {error}")

    def _record(self, do: Callable[[Recorder], None]) -> None:
        """Keep the raw stream; where that fails, say so and go on deciding without."""
        if self._recorder is None:
            return
        try:
            do(self._recorder)
        except OSError as error:
            self._recorder = None
            self._counts["recording_stopped"] += 1
            self.tell(f"the raw stream is not recorded any more: {error}")
