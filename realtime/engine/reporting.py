"""Sends decisions and states to the engine's outputs, and raw samples to its recorder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol

from ..clock import Clock
from ..decision import LiveDecision, Output, Status
from ..gaps.timeline import Losses
from ..health import Change, Health, State
from ..sources.source import Chunk, Marker, MarkersChange, Refusal, StreamInfo


class Recorder(Protocol):
    """Writes the raw stream, its markers and decisions to disk; raises OSError if it cannot."""

    def open(self, info: StreamInfo) -> None: ...
    def write(self, chunk: Chunk) -> None: ...
    def marker(self, marker: Marker) -> None: ...
    def decision(self, decision: LiveDecision) -> None: ...
    def close(self) -> None: ...


HEARTBEAT_S = 1.0
"""How often the last status is repeated."""


class Reporter:
    """Outputs and recorder of an engine. One that fails, e.g. on a full disk, is counted and no longer used.

    ``counts`` has all failures by name, except those that the timeline counts (``samples``). ``bundle`` is that of
    the decoder that is published.
    """

    def __init__(
        self, bundle: str, health: Health, clock: Clock, outputs: Sequence[Output], recorder: Recorder | None
    ) -> None:
        self.bundle = bundle
        self.health = health
        self.counts: Counter[str] = Counter()
        self.samples: Losses | None = None
        self._clock = clock
        self._outputs = tuple(outputs)
        self._working = list(outputs)
        self._recorder = recorder
        self._stopped: dict[Output, str] = {}
        self._last: Status | None = None
        self._last_sent_s = 0.0

    @property
    def losses(self) -> dict[str, int]:
        return {**({} if self.samples is None else self.samples.as_dict()), **self.counts}

    def changes(self, changes: Iterable[Change]) -> None:
        """Send the changes of state."""
        for change in changes:
            self._send(change.state, change.at_s, change.why)

    def message(self, text: str) -> None:
        """Send a status with this message; the state stays."""
        self._send(self.health.state, self._clock.now(), text)

    def beat(self) -> None:
        """Repeat the last status if it was sent a second ago, for receivers that joined since."""
        now_s, last = self._clock.now(), self._last
        if last is None or now_s < self._last_sent_s + HEARTBEAT_S:
            return
        self._last_sent_s = now_s
        repeated = replace(
            last, losses=self.losses, markers=self.health.markers, repeated_after_s=max(now_s - last.at_s, 0.0)
        )
        self.output(lambda output: output.heartbeat(repeated))

    def event(self, event: MarkersChange | Refusal) -> None:
        """Count and say what a source reports besides samples and markers."""
        if isinstance(event, Refusal):
            if event.counted_as:
                self.counts[event.counted_as] += 1
            if event.why:
                self.message(event.why)
            return
        if self.health.markers_changed(event.is_there):
            self.counts["marker_stream_lost"] += 1
        self.message(f"markers {self.health.markers}: {event.why}")

    def output(self, send: Callable[[Output], None]) -> None:
        """Send to all outputs that still work."""
        failed = []
        for output in self._working:
            try:
                send(output)
            except BrokenPipeError:  # the reader has gone
                raise
            except OSError as error:
                failed.append((output, error))
        for output, error in failed:
            self._working.remove(output)
            self._stopped[output] = str(error)
            self.counts["outputs_stopped"] += 1
            self.message(f"{type(output).__name__} stopped: {error}")

    def why_stopped(self, output: Output) -> str | None:
        """Why an output is no longer used; None if it is."""
        return self._stopped.get(output)

    def record(self, write: Callable[[Recorder], None]) -> None:
        """Write to the recorder. If it fails, decisions continue without it."""
        if self._recorder is None:
            return
        try:
            write(self._recorder)
        except OSError as error:
            self._recorder = None
            self.counts["recording_stopped"] += 1
            self.message(f"the raw stream is not recorded any more: {error}")

    def close(self) -> None:
        """End the recording and all outputs, even if one of them fails."""
        with ExitStack() as closing:
            for output in reversed(self._outputs):
                closing.callback(output.close)
            closing.callback(self.record, lambda recorder: recorder.close())

    def _send(self, state: State, at_s: float, why: str) -> None:
        number = 0 if self._last is None else self._last.number + 1
        status = Status(state, at_s, why, self.losses, self.health.markers, number, self.bundle)
        self._last, self._last_sent_s = status, self._clock.now()
        self.output(lambda output: output.status(status))
