"""What every engine does around its turns: it opens its stream, goes on until the source ends, and releases all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StreamError, StreamNotFoundError
from ..clock import Clock, SystemClock
from ..decision import Output
from ..gaps.timeline import Timeline
from ..health import Health, MarkerState, State
from ..live_decoder import LiveDecoder
from ..settings import LiveSettings
from ..sources.finding import ATTEMPT_S, find_stream
from ..sources.source import Source, StreamInfo
from .connection import Connection
from .markers import MarkerAt
from .reporting import Recorder, Reporter

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder

NOT_EXCHANGED = "a decoder of gist is not exchanged while it runs; stop, and start with the other bundle"
STILL_S = 10.0
"""How often a search that goes on says what it finds instead."""
Said = TypeVar("Said")
"""What a turn returns: decisions, or texts."""


class Timed(Protocol):
    """What takes an open stream's samples."""

    @property
    def timeline(self) -> Timeline: ...


Taker = TypeVar("Taker", bound=Timed)


class LiveEngine(ABC, Generic[Said, Taker]):
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
        self._decoder = decoder
        self._source, self._clock = source, clock or SystemClock()
        stale_s = self.settings.stale_s or max(2.0, 3.0 / decoder.rate_hz)
        lost_s = max(self.settings.lost_s, 2 * stale_s)
        health = Health(self._clock, stale_s, lost_s, self.settings.settle_s)
        self._reporter = Reporter(decoder.digest, health, self._clock, outputs, recorder)
        self._opened: tuple[Taker, Connection] | None = None

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

    def report(self, message: str) -> None:
        """Send a message to all outputs, as a status."""
        self._reporter.message(message)

    @property
    def info(self) -> StreamInfo:
        """The stream; StreamError before `open`."""
        return self._open()[1].info

    def run_along(self, decoder: CompiledDecoder) -> None:
        """Run another decoder in the shadow; InputError where this one is not exchanged while it runs."""
        raise InputError(NOT_EXCHANGED)

    def promote(self) -> None:
        """Let the decoder in the shadow take over; InputError as `run_along`."""
        raise InputError(NOT_EXCHANGED)

    def roll_back(self) -> None:
        """Undo that; InputError as `run_along`."""
        raise InputError(NOT_EXCHANGED)

    @property
    @abstractmethod
    def position(self) -> int:
        """One past the number of the newest raw sample; missing ones count."""

    @abstractmethod
    def latest(self, seconds: float) -> NDArray[np.float32]:
        """The newest raw samples (n_samples, n_channels), at most the settings' ``buffer_s``; missing ones are NaN.

        Valid until the next turn.
        """

    @property
    @abstractmethod
    def faults(self) -> dict[int, str]:
        """Which of the decoder's channels are now ``"flat"``, ``"saturated"`` or ``"not finite"``."""

    @abstractmethod
    def markers_after(self, event: int) -> list[MarkerAt]:
        """The newest markers whose number is above `event`, in order."""

    def why_stopped(self, output: Output) -> str | None:
        """Why an output, such as a file on a full disk, is no longer used; None if it is."""
        return self._reporter.why_stopped(output)

    @property
    def ended(self) -> bool:
        """Whether a recording is over; a live stream never ends."""
        return self._opened is not None and self._opened[1].ended

    def open(self) -> StreamInfo:
        """Find the stream, check it against the decoder, and open the outputs.

        Raises
        ------
        StreamNotFoundError
            There is no such stream within the settings' ``timeout_s``, or there are several.
        StreamMismatchError
            The stream is not what the decoder was fitted on.
        """
        reporter = self._reporter
        info = self._find_stream()
        taker = self._taking(info)
        reporter.samples = taker.timeline.losses
        reporter.output(lambda output: output.open(info, self._decoder))
        reporter.record(lambda recorder: recorder.open(info))
        self._opened = taker, Connection(self._source, info, taker.timeline, reporter)
        if not any(info.units):
            reporter.message(f"the stream {info.name!r} tells no units; taken to be the decoder's")
        return info

    @abstractmethod
    def _taking(self, info: StreamInfo) -> Taker:
        """What takes the samples of this stream; raises StreamMismatchError where the decoder cannot."""

    @property
    def _stream(self) -> Taker:
        return self._open()[0]

    def _open(self) -> tuple[Taker, Connection]:
        if self._opened is None:
            raise StreamError("engine: expected an open one, got one before open(); use it in a with statement")
        return self._opened

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
