"""A recording as a source, at its own rate or as fast as possible, in even or random chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ..clock import Clock
from .source import Chunk, EndOfStream, Marker, StreamInfo

if TYPE_CHECKING:
    from ...decoder.recordings.recording import Recording

CHUNK_S = 0.02
"""The length of a chunk, unless cuts are random."""


class RecordingSource:
    """Plays one run of a recording in this process, with its events as markers.

    Sample ``i`` is stamped exactly ``i / rate_hz`` after opening, and arrives with the last sample of its chunk. With a
    `VirtualClock` this takes no time.

    Parameters
    ----------
    recording : Recording
    clock : Clock
    run : int or str, optional
        Not needed if there is only one.
    speed : float
        How many times faster than recorded; ``math.inf`` for all at once. The stamps do not change.
    seed : int, optional
        Of random chunk lengths: from 0 (a pull without samples) to a random maximum between a sample and the whole run.
        Without a seed, chunks are even.
    marker_delay_s : tuple of float
        The smallest and largest delay between a marker's stamp and its arrival, in seconds, random for each marker;
        negative for earlier. Markers may change their order.

    Raises
    ------
    InputError
        The speed is not positive, the delays are not in order, or the recording has several runs and none was named.
    UnknownNameError
        There is no such run.
    """

    def __init__(
        self,
        recording: Recording,
        clock: Clock,
        run: int | str | None = None,
        *,
        speed: float = 1.0,
        seed: int | None = None,
        marker_delay_s: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        if not speed > 0:
            raise InputError(f"speed: expected a positive number, got {speed}")
        if not marker_delay_s[0] <= marker_delay_s[1]:
            raise InputError(f"marker_delay_s: expected the least first, then the most, got {marker_delay_s}")
        if run is None and len(recording.runs) != 1:
            raise InputError(f"run: expected one of {', '.join(map(str, recording.runs))}, as there are several")
        run = recording.runs[0] if run is None else run
        rng = np.random.default_rng(seed)
        self._clock = clock
        self._speed = speed
        self._samples = recording.data[recording.samples_of(run)]
        self._events = recording.events.take(recording.events.run == run)
        self._delay_s = rng.uniform(*marker_delay_s, size=len(self._events))
        unit = recording.unit
        self.info = StreamInfo(
            name=f"{recording.source}, run {run}",
            type="recording",
            source_id=f"{recording.source}, run {run}",
            channel_names=recording.feature_names,
            units=(unit,) * recording.n_features if isinstance(unit, str) else unit,
            rate_hz=recording.rate_hz,
        )
        n_samples = len(self._samples)
        longest = max(1, round(CHUNK_S * recording.rate_hz))
        self._cuts = [0, *(even_cuts(n_samples, longest) if seed is None else random_cuts(n_samples, rng))]

    def open(self, timeout_s: float) -> StreamInfo:
        """Begin to play from the start; never waits."""
        self._origin_s = self._clock.now()
        self._chunk = 0
        due_s = self._origin_s + (self._events.onset_s + self._delay_s) / self._speed
        self._markers = sorted(zip(due_s.tolist(), range(len(due_s)), strict=True), reverse=True)
        return self.info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for the next chunk; see `Source`. EndOfStream after all samples and markers."""
        if self._chunk == len(self._cuts) - 1:
            return self._await_markers(timeout_s)
        rate_hz = self.info.rate_hz
        first, stop = self._cuts[self._chunk : self._chunk + 2]
        wait_s = self._origin_s + max(0, stop - 1) / rate_hz / self._speed - self._clock.now()
        self._clock.sleep(min(wait_s, timeout_s))
        if wait_s > timeout_s:
            return None
        self._chunk += 1
        if stop == first:
            return None
        return Chunk(self._samples[first:stop], self._origin_s + np.arange(first, stop) / rate_hz, self._clock.now())

    def markers(self) -> list[Marker]:
        now_s = self._clock.now()
        events, due = self._events, []
        while self._markers and self._markers[-1][0] <= now_s:
            _, i = self._markers.pop()
            stamp_s = self._origin_s + float(events.onset_s[i])
            due.append(Marker(str(events.label[i]), stamp_s, float(events.duration_s[i]), now_s))
        return due

    def close(self) -> None:
        """Nothing to close."""

    def _await_markers(self, timeout_s: float) -> None:
        wait_s = self._markers[0][0] - self._clock.now() if self._markers else 0.0
        if wait_s <= 0:
            raise EndOfStream
        self._clock.sleep(min(wait_s, timeout_s))


def even_cuts(n_samples: int, length: int) -> list[int]:
    """Return the ends of chunks of one length."""
    return [*range(length, n_samples, length), n_samples]


def random_cuts(n_samples: int, rng: np.random.Generator) -> list[int]:
    """Return the ends of chunks of random lengths, from zero to a maximum that is random, too.

    >>> random_cuts(10, np.random.default_rng(4))
    [8, 10]
    """
    longest = round(n_samples ** rng.uniform())
    cuts, end = [], 0
    while end < n_samples:
        end = min(n_samples, end + int(rng.integers(0, longest, endpoint=True)))
        cuts.append(end)
    return cuts
