"""Sends decisions and states to the engine's outputs, and raw samples to its recorder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Protocol

from ..clock import Clock
from ..decision import LiveDecision, Output, Status
from ..gaps.timeline import Losses
from ..health import Change, Health
from ..sources.source import Chunk, Marker, StreamInfo


class Recorder(Protocol):
    """Writes the raw stream, its markers and decisions to disk; raises OSError if it cannot."""

    def open(self, info: StreamInfo) -> None: ...
    def write(self, chunk: Chunk) -> None: ...
    def marker(self, marker: Marker) -> None: ...
    def decision(self, decision: LiveDecision) -> None: ...
    def close(self) -> None: ...


class Reporter:
    """Outputs and recorder of an engine. One that fails, e.g. on a full disk, is counted and no longer used.

    ``counts`` has all failures by name, except those that the timeline counts (``samples``).
    """

    def __init__(self, health: Health, clock: Clock, outputs: Sequence[Output], recorder: Recorder | None) -> None:
        self.health = health
        self.counts: Counter[str] = Counter()
        self.samples: Losses | None = None
        self._clock = clock
        self._outputs = tuple(outputs)
        self._working = list(outputs)
        self._recorder = recorder

    @property
    def losses(self) -> dict[str, int]:
        return {**({} if self.samples is None else self.samples.as_dict()), **self.counts}

    def changes(self, changes: Iterable[Change]) -> None:
        """Send the changes of state."""
        for change in changes:
            self._send(Status(change.state, change.at_s, change.why, self.losses, self.health.markers))

    def message(self, text: str) -> None:
        """Send a status with this message; the state stays."""
        self._send(Status(self.health.state, self._clock.now(), text, self.losses, self.health.markers))

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
            self.counts["outputs_stopped"] += 1
            self.message(f"{type(output).__name__} stopped: {error}")

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

    def _send(self, status: Status) -> None:
        self.output(lambda output: output.status(status))
