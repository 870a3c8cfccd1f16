"""A live source whose markers are cues that this program gives itself, in blocks with breaks between them."""

from __future__ import annotations

import json
from math import inf

import pylsl

from ...errors import StreamLostError, StreamNotFoundError
from .source import Chunk, Marker, Source, StreamInfo

DRAINED_S = 5.0
"""So much piles up at most while nobody pulls: a stream that comes faster than it is pulled would never be empty."""


class CueOutlet:
    """Cues as the stream of markers ``name`` over LSL, for whoever listens or records."""

    def __init__(self, name: str) -> None:
        described = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, f"hotwire:{name}")
        described.set_channel_labels(["cue"])
        self._outlet = pylsl.StreamOutlet(described)

    def send(self, label: str, duration_s: float) -> Marker:
        """Send a cue that begins now, as ``{"label": ..., "duration_s": ...}``, and return it."""
        stamp_s = pylsl.local_clock()
        self._outlet.push_sample([json.dumps({"label": label, "duration_s": duration_s})], stamp_s)
        return Marker(label, stamp_s, duration_s, stamp_s)


def read_cue(text: str) -> tuple[str, float]:
    """Return the label of a cue that was sent, and how long it lasts.

    >>> read_cue('{"label": "left", "duration_s": 4.0}')
    ('left', 4.0)
    """
    cue = json.loads(text)
    return cue["label"], cue["duration_s"]


class CuedSource:
    """A stream of samples that stays connected from block to block, with the cues given as its markers.

    ``newest_stamp_s`` is that of the newest sample that came.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._info: StreamInfo | None = None
        self._is_between = False
        self._cues: list[Marker] = []
        self.newest_stamp_s = -inf

    def open(self, timeout_s: float) -> StreamInfo:
        """Connect; at the beginning of a block, where it is connected already, only forget what came in the break."""
        if self._info is None or not self._is_between:
            self._info = self._source.open(timeout_s)
        info, self._is_between = self._info, False
        try:
            self._forget()
        except StreamLostError as error:
            raise StreamNotFoundError(f"{error}, in the break") from error
        return info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        try:
            chunk = self._source.pull(timeout_s)
        except StreamLostError:
            self._info = None
            raise
        if chunk is not None and len(chunk.stamps):
            self.newest_stamp_s = float(chunk.stamps[-1])
        return chunk

    def cue(self, marker: Marker) -> None:
        """Let a cue be one of the markers that come next."""
        self._cues.append(marker)

    def markers(self) -> list[Marker]:
        """Return the cues given since the last call."""
        came, self._cues = self._cues, []
        return came

    def close(self) -> None:
        """End a block; the stream stays connected for the next one."""
        self._is_between = True

    def end(self) -> None:
        """Disconnect."""
        self._info = None
        self._source.close()

    def _forget(self) -> None:
        """Take what has piled up, so that the block begins with the newest sample."""
        until_s = pylsl.local_clock() + DRAINED_S
        while pylsl.local_clock() < until_s and self.pull(0.0) is not None:
            pass
