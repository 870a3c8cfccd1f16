"""A source that your program feeds, e.g. from the callback of an amplifier's own library."""

from __future__ import annotations

from collections import deque
from threading import Condition

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError, StreamLostError
from ..clock import Clock, SystemClock
from .arrival_stamps import ArrivalStamps
from .source import Chunk, EndOfStream, Marker, StreamInfo

FURTHEST_S = 60.0
"""A stamp further than this from the local clock is from another clock."""


class PushSource:
    """Samples and markers that a program pushes, from any thread.

    Parameters
    ----------
    info : StreamInfo
        The stream: its channels, units and rate are compared with the decoder's, as those of an LSL stream are.
    buffer_s : float
        Samples that wait longer than this for the engine are lost, the oldest first, which shows as a gap.
    clock : Clock, optional
        Replaced in tests.

    Examples
    --------
    >>> info = StreamInfo("my amplifier", "EEG", "serial-7", ("Cz", "Pz"), ("uV", "uV"), 250.0)
    >>> source = PushSource(info)
    >>> _ = source.open(timeout_s=1.0)
    >>> source.push([[1.0, 2.0], [3.0, 4.0]])  # in the library's callback
    >>> source.mark("flash")
    >>> source.end()
    >>> source.pull(timeout_s=1.0).samples.shape
    (2, 2)
    """

    def __init__(self, info: StreamInfo, buffer_s: float = 60.0, clock: Clock | None = None) -> None:
        if not buffer_s > 0:
            raise InputError(f"buffer_s: expected seconds above 0, got {buffer_s}")
        self.info = info
        self._clock = clock or SystemClock()
        self._most = max(1, round(buffer_s * info.rate_hz))
        self._changed = Condition()
        self._waiting: deque[tuple[NDArray[np.float32], NDArray[np.float64] | None]] = deque()
        self._n_waiting = 0
        self._markers: list[Marker] = []
        self._open = self._ended = False
        self._last_s = -np.inf
        self._arrivals = ArrivalStamps(info.rate_hz)

    def push(self, samples: ArrayLike, stamps: ArrayLike | None = None) -> None:
        """Take the next samples.

        Parameters
        ----------
        samples : array (n_samples, n_channels)
            NaN where a channel has no value.
        stamps : array (n_samples,), optional
            In seconds on the clock ``pylsl.local_clock()``. Default: samples are counted at the stream's rate, see
            `ArrivalStamps`. Samples that the amplifier lost are then noticed only some seconds later.

        Raises
        ------
        ShapeError
            The samples have other channels than the stream, or not a stamp each.
        InputError
            The stamps go back, are not finite, or are from another clock.
        """
        rows = np.array(samples, np.float32, ndmin=2)
        now_s = self._clock.now()
        if rows.ndim != 2 or rows.shape[1] != self.info.n_channels:
            raise ShapeError(f"samples: expected (n_samples, {self.info.n_channels}), got shape {np.shape(samples)}")
        times = None if stamps is None else np.array(stamps, np.float64, ndmin=1)
        if times is not None:
            self._check(times, len(rows), now_s)
        with self._changed:
            if not self._open or not len(rows):
                return  # as with a stream that nobody is connected to
            if times is None:
                self._arrivals.note(len(rows), now_s)
            else:
                self._last_s = float(times[-1])
            self._waiting.append((rows, times))
            self._n_waiting += len(rows)
            while self._n_waiting > self._most and len(self._waiting) > 1:
                self._n_waiting -= len(self._taken()[0])
            self._changed.notify()

    def mark(self, label: str, stamp_s: float | None = None, duration_s: float | None = None) -> None:
        """Take an event, of now or of a time on the clock ``pylsl.local_clock()``."""
        now_s = self._clock.now()
        if stamp_s is not None:
            self._check_clock("stamp_s", stamp_s, now_s)
        with self._changed:
            self._markers.append(Marker(str(label), now_s if stamp_s is None else stamp_s, duration_s, now_s))

    def end(self) -> None:
        """There will be no more samples: the engine ends once it has taken all."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def open(self, timeout_s: float) -> StreamInfo:
        """Begin to take samples; see `Source`. Never waits."""
        with self._changed:
            self._open = True
        return self.info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        with self._changed:
            if not self._open:
                raise StreamLostError("stream: it is not open; open the source first")
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            unsettled_s = self._arrivals.settled_s - self._clock.now()
            if unsettled_s > 0 and not self._ended:
                self._changed.wait_for(lambda: self._ended, min(unsettled_s, timeout_s))
                return None
            came = [self._taken() for _ in range(len(self._waiting))]
            self._n_waiting = 0
            if not came and self._ended:
                raise EndOfStream("the program said that the stream ends")
        if not came:
            return None
        rows, times = (np.concatenate(parts) for parts in zip(*came, strict=True))
        return Chunk(rows, times, self._clock.now())

    def markers(self) -> list[Marker]:
        """Return the markers since the last call; see `Source`."""
        with self._changed:
            markers, self._markers = self._markers, []
        return markers

    def close(self) -> None:
        """Take no more samples."""
        with self._changed:
            self._open = False

    def _taken(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Take the oldest samples that wait, with their stamps."""
        rows, times = self._waiting.popleft()
        return rows, self._arrivals.stamps(len(rows)) if times is None else times

    def _check(self, times: NDArray[np.float64], n: int, now_s: float) -> None:
        if times.shape != (n,):
            raise ShapeError(f"stamps: expected one for each of {n} samples, got shape {times.shape}")
        if not np.isfinite(times).all():
            raise InputError("stamps: expected finite seconds, got NaN or infinity; leave them out if there are none")
        before = np.concatenate([[self._last_s], times])
        back = np.flatnonzero(np.diff(before) <= 0)
        if back.size:
            i = int(back[0])
            raise InputError(
                f"stamps: expected each later than the one before, got {times[i]:.6f} s after {before[i]:.6f} s "
                f"(sample {i} of this push)"
            )
        if n:
            self._check_clock("stamps", float(times[-1]), now_s)

    @staticmethod
    def _check_clock(what: str, stamp_s: float, now_s: float) -> None:
        if not abs(stamp_s - now_s) <= FURTHEST_S:
            raise InputError(
                f"{what}: expected seconds on the clock pylsl.local_clock(), which is at {now_s:.1f} s, got "
                f"{stamp_s:.1f}; is it time.time()? Then add pylsl.local_clock() - time.time() to it"
            )
