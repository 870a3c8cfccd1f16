"""What the engine's thread hands over to the monitor's: as little work as possible, nothing is waited for."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..decision import LiveDecision, Output, Status
from ..engine.markers import MarkerAt
from ..live_decoder import LiveDecoder
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..sources.source import StreamInfo

if TYPE_CHECKING:
    from ..engine.live_engine import LiveEngine

MOST_CHANNELS = 32
"""The most channels whose signals are shown."""
POLL_S = 0.2
FAULTS_S = 1.0
"""How often signals and the channels' quality are taken."""
MOST_WAITING = 20_000
"""Items that the monitor's thread has not taken; the oldest are dropped."""
TRACES_S, LEAST_TRACES = 10.0, 120
"""The stretch of the signals that is shown; of slow streams, at least so many samples."""


class Opened(NamedTuple):
    """The stream and its decoder."""

    info: StreamInfo
    decoder: LiveDecoder


class Signals(NamedTuple):
    """New samples (n_samples, n_chosen) of the chosen channels, from number `first` on; missing ones are NaN."""

    first: int
    channels: tuple[int, ...]
    samples: NDArray[np.float32]


class Faults(NamedTuple):
    """What is wrong with the decoder's channels now, by their position."""

    of: dict[int, str]


class Heartbeat(NamedTuple):
    """The last status once more."""

    status: Status


Item = Opened | Signals | Faults | Heartbeat | LiveDecision | LiveText | LiveFeedback | Status | MarkerAt


def span_of(rate_hz: float) -> float:
    """The stretch of a stream's signals that is shown, in seconds.

    >>> span_of(2000.0), span_of(0.4)
    (10.0, 300.0)
    """
    return max(TRACES_S, LEAST_TRACES / rate_hz)


class Feed(Output):
    """Collects what an engine says, each item with the seconds since the session began, for another thread.

    ``channels`` are those of the stream whose signals are taken.
    """

    def __init__(self) -> None:
        self.channels: tuple[int, ...] = ()
        self._items: deque[tuple[float, Item]] = deque(maxlen=MOST_WAITING)
        self._began_s = time.monotonic()
        self._polled_s = self._checked_s = -np.inf
        self._stop = self._event = -1
        self._n_channels = 0

    def now(self) -> float:
        """Seconds since the session began."""
        return time.monotonic() - self._began_s

    def choose(self, channels: Any) -> None:
        """Take the signals of these channels of the stream, counted from 0, from now on. Called in another thread.

        Raises
        ------
        InputError
            They are not 1 to 32 different channels of the stream.
        """
        n = self._n_channels
        are_numbers = isinstance(channels, list) and all(type(one) is int and 0 <= one < n for one in channels)
        if not are_numbers or not 1 <= len(set(channels)) == len(channels) <= MOST_CHANNELS:
            raise InputError(
                f"channels: expected 1 to {MOST_CHANNELS} different numbers of the stream's {n} channels, counted from "
                f"0, such as [0, 1], got {channels!r}"
            )
        self.channels = tuple(channels)

    def take(self) -> list[tuple[float, Item]]:
        """Return and remove what came since the last call. Called in another thread."""
        return [self._items.popleft() for _ in range(len(self._items))]

    def poll(self, engine: LiveEngine[Any, Any]) -> None:
        """Take new samples of the chosen channels, and markers, if it is time. Call it between the engine's turns."""
        now_s = self.now()
        if now_s < self._polled_s + POLL_S:
            return
        self._polled_s = now_s
        stop, rate_hz, channels = engine.position, engine.info.rate_hz, self.channels
        n_new = min(stop - max(self._stop, 0), round(span_of(rate_hz) * rate_hz))
        self._stop = stop
        if n_new and channels:
            rows = engine.latest(n_new / rate_hz).take(channels, axis=1)  # a copy of these columns only
            self._add(Signals(stop - len(rows), channels, rows))
        for marker in engine.markers_after(self._event):
            self._event = marker.event
            self._add(marker)
        if now_s >= self._checked_s + FAULTS_S:
            self._checked_s = now_s
            self._add(Faults(engine.faults))

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        self._n_channels = info.n_channels
        self.channels = tuple(range(min(info.n_channels, MOST_CHANNELS // 2)))
        self._add(Opened(info, decoder))

    def decision(self, decision: LiveDecision) -> None:
        self._add(decision)

    def text(self, text: LiveText) -> None:
        self._add(text)

    def feedback(self, feedback: LiveFeedback) -> None:
        self._add(feedback)

    def status(self, status: Status) -> None:
        self._add(status)

    def heartbeat(self, status: Status) -> None:
        self._add(Heartbeat(status))

    def _add(self, item: Item) -> None:
        self._items.append((self.now(), item))
