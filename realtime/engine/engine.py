"""The engine: one stream in, decisions out. Losses are counted, and windows that cannot be trusted get no decision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import BundleError
from ..checks import check_window
from ..clock import Clock
from ..decision import LiveDecision, Output
from ..settings import LiveSettings
from ..sources.source import Source, StreamInfo
from .deciding import Decider
from .live_engine import LiveEngine
from .markers import MarkerAt
from .open_stream import OpenStream
from .pipeline import Pipeline
from .reporting import Recorder

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder

BACKLOG_S = 0.5
"""After a pull of this length more may wait. The backlog policies need all of it."""
MAX_PULLS = 64
"""In one turn, so that decisions are made even if the source always has more."""


class Engine(LiveEngine[LiveDecision, OpenStream]):
    """Run a decoder on a live stream.

    Parameters
    ----------
    decoder : CompiledDecoder
    source : Source
    settings : LiveSettings, optional
    outputs : sequence of Output
        Each receives every decision and every change of state.
    recorder : Recorder, optional
        Receives every chunk unchanged.
    clock : Clock, optional
        Replaced in tests.

    Raises
    ------
    InputError
        The settings' window does not give what the decoder takes.

    Attributes
    ----------
    state : State
    markers : MarkerState or None
        The state of the marker stream, if it is a separate one. The engine continues without it.
    losses : dict of str to int
        Counts of all losses and failures, by name.
    info : StreamInfo
        Like all below, raises StreamError before `open`.
    active, shadow, previous : Pipeline or None
        The decoder whose decisions are published; one that runs in the shadow, to be checked before it takes over; the
        previously active one.
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
        super().__init__(decoder, source, settings, outputs, recorder, clock)
        if self.settings.window is not None:
            check_window(decoder, self.settings.window)
        self._begins_with = decoder
        self._decider = Decider(self.settings, self._clock, self._reporter)

    @property
    def active(self) -> Pipeline:
        return self._stream.decoders.active

    @property
    def shadow(self) -> Pipeline | None:
        return self._stream.decoders.shadow

    @property
    def previous(self) -> Pipeline | None:
        return self._stream.decoders.previous

    def _taking(self, info: StreamInfo) -> OpenStream:
        return OpenStream(info, self._begins_with, self.settings, self._reporter, self._clock)

    def _turn(self, timeout_s: float) -> list[LiveDecision]:
        if self.ended:
            return []
        stream = self._stream
        try:
            is_behind = self._take_in(timeout_s)
            n_pulls = 1
            while is_behind and stream.decoders.has_ready and self.settings.backlog != "every" and n_pulls < MAX_PULLS:
                is_behind = self._take_in(0.0)
                n_pulls += 1
            return self._decider.decide(stream)
        finally:
            stream.store()
            stream.decoders.flush()
            self._decider.take_from_shadow(stream)

    def close(self) -> None:
        """Release the stream, the recording, the outputs and the decoders in the background, even if one fails."""
        with ExitStack() as closing:
            closing.callback(super().close)
            if self._opened is not None:
                self._stream.decoders.close()
                self._decider.take_from_shadow(self._stream)

    def latest(self, seconds: float) -> NDArray[np.float32]:
        """The newest raw samples (n_samples, n_channels), at most the settings' ``buffer_s``; missing ones are NaN.

        Valid until the next turn.
        """
        return self._stream.latest(seconds)

    @property
    def position(self) -> int:
        """One past the number of the newest raw sample; missing ones count."""
        return self._stream.position

    @property
    def faults(self) -> dict[int, str]:
        """Which of the active decoder's channels are now ``"flat"``, ``"saturated"`` or ``"not finite"``."""
        return self.active.faults

    def markers_after(self, event: int) -> list[MarkerAt]:
        """The newest markers whose number is above `event`, in order."""
        return self._stream.markers.after(event)

    def run_along(self, decoder: CompiledDecoder) -> None:
        """Run another decoder in the shadow of the active one: it decides, but is not published.

        It runs in a thread of its own, so the active one does not wait for it. It first receives the raw samples still
        in memory, for its steps to settle. Windows that it is too slow for are skipped and counted
        (``shadow_skipped``); where it fails, it is taken away, and the reason is said (``shadow_failed``).

        Raises
        ------
        StreamMismatchError
            The stream is not what it was fitted on.
        BundleError
            Its classes differ from the active decoder's, which receivers could not handle.
        InputError
            It cannot decide on the session's window.
        """
        answers = self.active.decoder.answers
        if decoder.answers != answers:
            raise BundleError(
                f"{decoder.path}: expected the active decoder's answers {', '.join(answers)}, got "
                f"{', '.join(decoder.answers)}; stop and start with the new bundle instead"
            )
        if self.settings.window is not None:
            check_window(decoder, self.settings.window)
        self._stream.add_shadow(decoder)
        self.report(f"bundle {decoder.digest[:12]} runs in the shadow")

    def promote(self) -> None:
        """Publish the shadow's decisions from the next sample on; the active decoder stays ready for `roll_back`.

        InputError if there is none, or it is still at work on an earlier sample after 2 s.
        """
        self._took_over(self._stream.decoders.promote())

    def roll_back(self) -> None:
        """Remove the shadow, or if there is none, undo the last promotion."""
        self._took_over(self._stream.decoders.roll_back())

    def _took_over(self, message: str) -> None:
        self._reporter.bundle = self.active.decoder.digest
        self.report(message)

    def _take_in(self, timeout_s: float) -> bool:
        """Pull once and run the decoders on the samples. Return whether more may wait to be pulled."""
        stream, connection = self._open()
        stream.store()  # the pull may overwrite the samples before
        chunk = connection.pull(timeout_s)
        # Positions first: after a clock reset, markers already count by the new clock.
        pieces = [] if chunk is None else stream.timeline.place(chunk.stamps, chunk.received_s)
        stream.take_markers(self._source.markers())
        if chunk is not None:
            stream.take(chunk, pieces)
            return len(chunk.samples) >= max(2.0, BACKLOG_S * stream.info.rate_hz)
        if connection.ended:
            stream.finish()
        return False
