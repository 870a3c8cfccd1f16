"""A live source in blocks with breaks, whose markers are cues given by this program."""

from __future__ import annotations

import json
from math import inf
from socket import gethostname

import pylsl

from ...errors import StreamLostError, StreamNotFoundError
from .lsl_names import PublishedName
from .source import Chunk, Marker, Source, StreamInfo

DRAINED_S = 5.0
"""The most that is dropped after a break: a stream faster than the pulls would never be empty."""


class CueOutlet:
    """Sends cues as the LSL marker stream ``name``; StreamError if another program on this machine does so."""

    def __init__(self, name: str) -> None:
        source_id = f"hotwire:{gethostname()}:{name}"
        PublishedName(name, source_id, "end it, or give this one another name (hotwire calibrate --markers NAME)")
        described = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, source_id)
        described.set_channel_labels(["cue"])
        self._outlet = pylsl.StreamOutlet(described)

    def send(self, label: str, duration_s: float) -> Marker:
        """Send a cue that begins now, as ``{"label": ..., "duration_s": ...}``, and return it as a marker."""
        stamp_s = pylsl.local_clock()
        self._outlet.push_sample([json.dumps({"label": label, "duration_s": duration_s})], stamp_s)
        return Marker(label, stamp_s, duration_s, stamp_s)


def read_cue(text: str) -> tuple[str, float]:
    """Return the label and the duration of a sent cue.

    >>> read_cue('{"label": "left", "duration_s": 4.0}')
    ('left', 4.0)
    """
    cue = json.loads(text)
    return cue["label"], cue["duration_s"]


class CuedSource:
    """A stream that stays connected from block to block, with cues as its markers.

    ``newest_stamp_s`` is the newest sample's stamp.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._info: StreamInfo | None = None
        self._is_between = False
        self._cues: list[Marker] = []
        self.newest_stamp_s = -inf

    def open(self, timeout_s: float) -> StreamInfo:
        """Connect; at a later block, only drop the samples of the break."""
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
        """Add a cue to the next markers."""
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
        """Drop waiting samples, so that the block begins with the newest one."""
        until_s = pylsl.local_clock() + DRAINED_S
        while pylsl.local_clock() < until_s and self.pull(0.0) is not None:
            pass
