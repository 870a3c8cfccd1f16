"""A source that plays a script, without a network: faults of a live stream, always at the same moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError, ShapeError, StreamLostError, StreamNotFoundError
from ..clock import Clock
from .source import Chunk, EndOfStream, Marker, MarkersChange, StreamInfo


class Samples(NamedTuple):
    """Script: samples arrive. ``rows`` (n_samples, n_channels), ``stamps`` (n_samples,) in seconds."""

    rows: ArrayLike
    stamps: ArrayLike


@dataclass(frozen=True)
class Disappears:
    """Script: the stream goes away; later samples are lost."""

    why: str = "the outlet was closed"


@dataclass(frozen=True)
class Appears:
    """Script: a stream appears; the same as before, or another (with another source_id, other channels, ...)."""

    info: StreamInfo | None = None


@dataclass(frozen=True)
class Silence:
    """Script: nothing happens until now. Only needed at the end, because the script ends with its last entry."""


class At(NamedTuple):
    """An entry of a script: the time on the clock, and the event.

    An exception, e.g. ``At(3.0, KeyboardInterrupt())``, is raised by the pull or search at that time.
    """

    time_s: float
    what: Samples | Marker | MarkersChange | Disappears | Appears | Silence | BaseException


def chunked(
    rows: ArrayLike, rate_hz: float, chunk_samples: int = 1, start_s: float = 0.0, delay_s: float = 0.0
) -> list[At]:
    """Return the script of a clean stream: every chunk of ``chunk_samples`` arrives when its last sample is due.

    ``rows`` are (n_samples, n_channels), the first of them stamped ``start_s``; chunks arrive ``delay_s`` after their
    last stamp.
    """
    rows = np.asarray(rows, dtype=np.float32)
    stamps = start_s + np.arange(len(rows)) / rate_hz
    script = []
    for first in range(0, len(rows), chunk_samples):
        part = slice(first, first + chunk_samples)
        script.append(At(float(stamps[part][-1]) + delay_s, Samples(rows[part], stamps[part])))
    return script


class ScriptedSource:
    """Plays a script, in place of a live source in tests.

    A pull returns all due samples as one chunk, as a real inlet does. If none are due, it waits on the clock for the
    next entry; with a `VirtualClock` that takes no time.

    Parameters
    ----------
    info : StreamInfo
        The stream. It exists from the start, unless the script begins with its appearance.
    script : sequence of At
        Ordered by time.
    clock : Clock

    Raises
    ------
    InputError
        The script is not ordered by time.
    ShapeError
        The samples of an entry do not have one column per channel of the stream, or one stamp each.

    Examples
    --------
    >>> from hotwire.realtime.clock import VirtualClock
    >>> info = StreamInfo("fake", "EEG", "f1", ("Cz",), ("uV",), 1.0)
    >>> source = ScriptedSource(info, [*chunked([[1.0], [2.0]], rate_hz=1.0), At(1.5, Disappears())], VirtualClock())
    >>> source.open(timeout_s=1.0).name
    'fake'
    >>> [source.pull(timeout_s=0.5) is None for _ in range(3)]
    [False, True, False]
    """

    def __init__(self, info: StreamInfo, script: Sequence[At], clock: Clock) -> None:
        self._info = self._now_there = info
        self._clock = clock
        self._script = deque(_checked(info, script))
        changes = (entry.what for entry in self._script if isinstance(entry.what, Disappears | Appears))
        self._there = not isinstance(next(changes, None), Appears)
        self._opened_before = False
        self._open = False
        self._markers: list[Marker | MarkersChange] = []

    def open(self, timeout_s: float) -> StreamInfo:
        """Find the stream; see `Source`. EndOfStream if it is gone and the script has ended."""
        deadline_s = self._clock.now() + timeout_s
        while not self._fits():
            if not self._script and self._opened_before:
                raise EndOfStream("the script is used up")
            if not self._script or self._script[0].time_s > deadline_s:
                self._sleep_until(deadline_s)
                found = self._now_there.summary() if self._there else "none"
                raise StreamNotFoundError(
                    f"stream: expected {self._info.summary()} within {timeout_s:g} s, found: {found}"
                )
            self._play_next()
        self._open = self._opened_before = True
        self._info = self._now_there
        return self._info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        if not self._open:
            raise StreamLostError("stream: it is not open; open the source first")
        deadline_s = self._clock.now() + timeout_s
        came: list[Samples] = []
        while not (came and self._script and self._script[0].time_s > self._clock.now()):
            if not self._script:
                break
            if came and not isinstance(self._script[0].what, Samples | Marker | MarkersChange):
                break  # the next pull reports what happened to the stream
            if self._script[0].time_s > deadline_s:
                self._sleep_until(deadline_s)
                return None
            if (samples := self._play_next()) is not None:
                came.append(samples)
        if not came:
            raise EndOfStream("the script is used up")
        rows = np.concatenate([np.asarray(one.rows, np.float32) for one in came])
        stamps = np.concatenate([np.asarray(one.stamps, np.float64) for one in came])
        return Chunk(rows, stamps, self._clock.now())

    def markers(self) -> list[Marker | MarkersChange]:
        """Return the new markers and changes of their stream; see `Source`."""
        markers, self._markers = self._markers, []
        return markers

    def close(self) -> None:
        """Disconnect."""
        self._open = False

    def _fits(self) -> bool:
        """Whether the present stream may be taken: the first time any, later only the same."""
        same = bool(self._info.source_id) and self._now_there.source_id == self._info.source_id
        return self._there and (not self._opened_before or same)

    def _play_next(self) -> Samples | None:
        """Play the next entry; returns its samples if connected."""
        time_s, what = self._script.popleft()
        self._sleep_until(time_s)
        if isinstance(what, Samples):
            return what if self._open else None
        if isinstance(what, Marker):
            self._markers.append(what._replace(received_s=self._clock.now()))
        elif isinstance(what, MarkersChange):
            self._markers.append(what)
        elif isinstance(what, Appears):
            self._there, self._now_there = True, what.info or self._info
        elif isinstance(what, Disappears):
            self._there = False
            if self._open:
                self._open = False
                raise StreamLostError(f"stream {self._info.name}: {what.why}")
        elif isinstance(what, BaseException):
            raise what
        return None

    def _sleep_until(self, time_s: float) -> None:
        self._clock.sleep(time_s - self._clock.now())


def _checked(info: StreamInfo, script: Iterable[At]) -> list[At]:
    """Return the script; raise if it cannot be played."""
    script = list(script)
    for i, (time_s, what) in enumerate(script):
        if i and time_s < script[i - 1].time_s:
            raise InputError(
                f"script: expected entries in the order of time, got entry {i} at {time_s:g} s after one at "
                f"{script[i - 1].time_s:g} s; sort it by time_s"
            )
        if isinstance(what, Appears):
            info = what.info or info
        if isinstance(what, Samples):
            n = len(np.asarray(what.stamps))
            if np.shape(what.rows) != (n, info.n_channels) or not n:
                raise ShapeError(
                    f"script: entry {i} at {time_s:g} s: expected rows ({n}, {info.n_channels}) for {n} stamps, at "
                    f"least one, and {info.n_channels} channels, got shape {np.shape(what.rows)}"
                )
    return script
