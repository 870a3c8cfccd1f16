"""What every engine does around its turns: it opens its stream, goes on until the source ends, and releases all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Generic, Self, TypeVar

from ...errors import StreamNotFoundError
from ..clock import Clock, SystemClock
from ..decision import Output
from ..health import Health, MarkerState, State
from ..live_decoder import LiveDecoder
from ..settings import LiveSettings
from ..sources.finding import ATTEMPT_S, find_stream
from ..sources.source import Source, StreamInfo
from .reporting import Recorder, Reporter

STILL_S = 10.0
"""How often a search that goes on says what it finds instead."""
Said = TypeVar("Said")
"""What a turn returns: decisions, or texts."""


class LiveEngine(ABC, Generic[Said]):
    """An engine that runs a decoder on one source, and reports to outputs and a recorder."""

    def __init__(
        self,
        decoder: LiveDecoder,
        source: Source,
        settings: LiveSettings | None,
        outputs: Sequence[Output],
        recorder: Recorder | None,
        clock: Clock | None,
    ) -> None:
        self.settings = settings or LiveSettings()
        self._source, self._clock = source, clock or SystemClock()
        stale_s = self.settings.stale_s or max(2.0, 3.0 / decoder.rate_hz)
        lost_s = max(self.settings.lost_s, 2 * stale_s)
        health = Health(self._clock, stale_s, lost_s, self.settings.settle_s)
        self._reporter = Reporter(decoder.digest, health, self._clock, outputs, recorder)

    @property
    def state(self) -> State:
        return self._reporter.health.state

    @property
    def markers(self) -> MarkerState | None:
        return self._reporter.health.markers

    @property
    def losses(self) -> dict[str, int]:
        """Counts of all losses and failures, by name."""
        return self._reporter.losses

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether a recording is over; a live stream never ends."""

    @abstractmethod
    def open(self) -> StreamInfo:
        """Find the stream, check it against the decoder, and open the outputs."""

    def turn(self, timeout_s: float = 0.0) -> list[Said]:
        """Wait at most this long for samples, and return what they lead to.

        With 0 s it does not wait, e.g. in a loop that draws frames.
        """
        said = self._turn(timeout_s)
        self._reporter.beat()
        return said

    @abstractmethod
    def _turn(self, timeout_s: float) -> list[Said]: ...

    def _find_stream(self) -> StreamInfo:
        """Search for the stream; raises as `find_stream` does."""
        self._reporter.message("looking for the stream")
        said_s = self._clock.now()

        def still_searching(error: StreamNotFoundError) -> None:
            nonlocal said_s
            self._reporter.beat()
            if self._clock.now() - said_s >= STILL_S:
                said_s = self._clock.now()
                self._reporter.message(f"still looking for the stream: {error}")

        return find_stream(self._source, self._clock, self.settings.timeout_s, still_searching)

    def close(self) -> None:
        """Release the stream, the recording and the outputs, even if one of them fails."""
        with ExitStack() as closing:
            closing.callback(self._reporter.close)
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

    def __iter__(self) -> Iterator[Said]:
        """Yield what is said until the source ends."""
        while not self.ended:
            yield from self.turn(ATTEMPT_S)
