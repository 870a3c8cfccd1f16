"""Listening for a moment to every LSL stream on the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from ...errors import StreamError
from .lsl_link import EVERYONE_ANSWERS_S
from .lsl_source import described
from .source import StreamInfo

SEARCH_S = 2 * EVERYONE_ANSWERS_S
CONNECT_S = 5.0
PULL_S = 0.05
MOST_STREAMS = 64


@dataclass(frozen=True)
class HeardStream:
    """What was heard of one stream.

    Attributes
    ----------
    name, type, source_id, host : str
    n_channels : int
    rate_hz : float
        The nominal rate; 0 for markers and other irregular streams.
    info : StreamInfo or None
        Its whole description, if it is one of samples.
    samples : array (n_samples, n_channels), float64
        Empty for text.
    stamps : array (n_samples,)
        In seconds on this machine's clock, as sent.
    received_s : array (n_samples,)
        When each came, on this machine's clock.
    clock_offset_s : float or None
        What this machine's clock is ahead of the sender's; None if the sender does not answer.
    problem : str
        Why it could not be heard; ``""`` if it could.
    """

    name: str
    type: str
    source_id: str
    host: str
    n_channels: int
    rate_hz: float
    info: StreamInfo | None = None
    samples: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    stamps: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    received_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    clock_offset_s: float | None = None
    problem: str = ""

    @property
    def is_samples(self) -> bool:
        """Whether it has a rate of its own; markers have none."""
        return self.rate_hz > 0


def listen(seconds: float, progress: Callable[[str], object] = lambda _: None) -> list[HeardStream]:
    """Search for all streams, and listen to all at once for so many seconds; sorted by name and source_id."""
    progress("looking for streams")
    resolver = pylsl.ContinuousResolver()
    time.sleep(SEARCH_S)
    found = sorted(resolver.results(), key=lambda info: (info.name(), info.source_id()))[:MOST_STREAMS]
    if not found:
        return []
    progress(f"listening to {len(found)} streams for {seconds:g} s")
    with ThreadPoolExecutor(len(found)) as pool:
        return list(pool.map(lambda info: _heard(info, seconds), found))


def _heard(info: pylsl.StreamInfo, seconds: float) -> HeardStream:
    known = (info.name(), info.type(), info.source_id(), info.hostname(), info.channel_count(), info.nominal_srate())
    is_text = info.channel_format() == pylsl.cf_string
    inlet = pylsl.StreamInlet(info, max_buflen=max(60, ceil(seconds)), recover=False)
    try:
        inlet.open_stream(CONNECT_S)
        whole = inlet.info(CONNECT_S)
    except (LslTimeoutError, LostError):
        return HeardStream(*known, problem="it is announced, but does not answer")
    try:
        whole_info = described(whole) if info.nominal_srate() > 0 and not is_text else None
    except StreamError as error:
        return HeardStream(*known, problem=str(error))
    try:
        offset_s = inlet.time_correction(CONNECT_S)
    except (LslTimeoutError, LostError):
        offset_s = None
    rows, stamps, received = [], [], []
    until_s, problem = time.monotonic() + seconds, ""
    inlet.flush()  # what waited while the clocks were compared came at no time of its own
    while time.monotonic() < until_s:
        try:
            values, times = inlet.pull_chunk(timeout=PULL_S)
        except LostError:
            problem = "it went away while it was listened to"
            break
        rows += [] if is_text or values is None else list(values)
        stamps += times
        received += [pylsl.local_clock()] * len(times)
    samples = np.array(rows, np.float64).reshape(len(rows), info.channel_count())
    on_our_clock = np.array(stamps) + (offset_s or 0.0)
    return HeardStream(*known, whole_info, samples, on_our_clock, np.array(received), offset_s, problem)
