"""What an engine hands on: decisions and states to its outputs, raw samples to its recorder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Protocol

from ..clock import Clock
from ..decision import Output, Status
from ..gaps.timeline import Losses
from ..health import Change, Health
from ..sources.source import Chunk, Marker, StreamInfo


class Recorder(Protocol):
    """Writes the raw stream to disk while it is decoded; raises OSError where it cannot."""

    def open(self, info: StreamInfo) -> None: ...
    def write(self, chunk: Chunk) -> None: ...
    def marker(self, marker: Marker) -> None: ...
    def close(self) -> None: ...


class Reporter:
    """Outputs and recorder of an engine; one that fails, say on a full disk, is left out from then on and counted.

    ``counts`` is all that did not go as it should, by name, save what the timeline counts of the ``samples``.
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
        """Send each change of state."""
        for change in changes:
            self._send(Status(change.state, change.at_s, change.why, self.losses, self.health.markers))

    def message(self, text: str) -> None:
        """Send a status whose reason is this message; the state stays."""
        self._send(Status(self.health.state, self._clock.now(), text, self.losses, self.health.markers))

    def output(self, send: Callable[[Output], None]) -> None:
        """Hand something to all outputs that still work."""
        failed = []
        for output in self._working:
            try:
                send(output)
            except BrokenPipeError:  # whoever read along has gone, and wants no more
                raise
            except OSError as error:
                failed.append((output, error))
        for output, error in failed:
            self._working.remove(output)
            self.counts["outputs_stopped"] += 1
            self.message(f"{type(output).__name__} stopped: {error}")

    def record(self, write: Callable[[Recorder], None]) -> None:
        """Hand something to the recorder; where it fails, decisions go on without."""
        if self._recorder is None:
            return
        try:
            write(self._recorder)
        except OSError as error:
            self._recorder = None
            self.counts["recording_stopped"] += 1
            self.message(f"the raw stream is not recorded any more: {error}")

    def close(self) -> None:
        """End the recording and all outputs, each of them whatever the others do."""
        with ExitStack() as closing:
            for output in reversed(self._outputs):
                closing.callback(output.close)
            closing.callback(self.record, lambda recorder: recorder.close())

    def _send(self, status: Status) -> None:
        self.output(lambda output: output.status(status))
