"""Records the raw stream as XDF while it is decoded, with its markers and decisions; pyxdf, MNE and EEGLAB read it.

There is no maintained Python writer, and none that is safe against a kill -9.

XDF 1.0 (https://github.com/sccn/xdf/wiki/Specifications) is a series of chunks: the number of bytes of the length, the
length, a tag, content. A process may be killed inside a chunk. pyxdf reads an incomplete chunk as if its last sample
were complete, or fails. So every chunk is first written with a zero as its first byte, which no reader takes for a
chunk. The real first byte is written last.
"""

from __future__ import annotations

import json
import os
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision
from ..sources.source import Chunk, Marker, StreamInfo
from .appending import append_whole

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
LENGTH_BYTES = 4
CHUNK_HEAD = struct.Struct("<BIH")
"""Zero at first, the length of the rest, the tag."""
SAMPLES_HEAD = struct.Struct(CHUNK_HEAD.format + "IBI")
"""Then the stream, the number of bytes of the sample count, and the sample count."""
BOUNDARY_SIGNATURE = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
CLOCK_EVERY_S = 5.0
"""How often clock offsets (all zero) and a boundary are written, as in LabRecorder."""
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class _XdfStream:
    """One stream of the file and the data for its footer."""

    number: int
    first_stamp_s: float = 0.0
    last_stamp_s: float = 0.0
    n_samples: int = 0
    clock_s: list[float] = field(default_factory=list)

    def count(self, stamps: NDArray[np.float64]) -> None:
        if not self.n_samples:
            self.first_stamp_s = float(stamps[0])
        self.last_stamp_s = float(stamps[-1])
        self.n_samples += len(stamps)


class XdfRecorder:
    """Writes a stream and its markers to an XDF file as they arrive.

    Every sample keeps its stamp: nothing is dejittered, dropped or sorted. Stamps are on the local clock already, so
    the clock offsets are zero. The samples are stream 1, the markers stream 2 (the label, or ``{"label": ...,
    "duration_s": ...}``), and the decisions, from the first one on, stream 3 of the type ``Decisions`` (the JSON object
    that `JsonLines` writes, stamped with the end of its window).

    After `write` returns, its data survive a kill -9 of the process. Only `close` forces them onto the disk, because
    waiting for the disk would delay decisions: a power cut may lose the last half minute.

    Parameters
    ----------
    path : path
        Must not exist.

    Raises
    ------
    InputError
        The file exists already, or the folder does not.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._fd: int | None = None
        self._data, self._markers, self._decisions = _XdfStream(1), _XdfStream(2), _XdfStream(3)
        self._streams = [self._data, self._markers]  # those with a header in the file
        self._info: StreamInfo | None = None
        self._buffer = bytearray()  # new memory for every chunk would take longer than writing it
        if not self.path.parent.is_dir():
            raise InputError(f"{self.path}: there is no folder {self.path.parent}; make it, or record elsewhere")
        if self.path.exists():
            raise _there_already(self.path)

    def open(self, info: StreamInfo) -> None:
        """Create the file and write its headers; InputError if it exists by now."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._fd = os.open(self.path, flags, 0o644)
        except FileExistsError as error:
            raise _there_already(self.path) from error
        self._info, n_channels = info, len(info.channel_names)
        self._row = np.dtype([("eight", "u1"), ("stamp", "<f8"), ("values", "<f4", (n_channels,))])
        os.write(self._fd, b"XDF:")
        self._append(FILE_HEADER, _info({"version": "1.0", "datetime": datetime.now(UTC).isoformat()}))
        self._append(STREAM_HEADER, _number(self._data) + _data_header(info))
        self._append(STREAM_HEADER, _number(self._markers) + _text_header(info, "markers"))

    def write(self, chunk: Chunk) -> None:
        """Append samples (n, n_channels) with their stamps.

        Raises OSError if the disk is full or gone: the file is closed and can be read up to the previous chunk.
        """
        n_samples = len(chunk.samples)
        if not n_samples:
            return
        self._write_time(chunk.received_s)
        n_bytes = SAMPLES_HEAD.size + n_samples * self._row.itemsize
        if len(self._buffer) < n_bytes:
            self._buffer = bytearray(n_bytes)
        length = 2 + n_bytes - CHUNK_HEAD.size
        SAMPLES_HEAD.pack_into(self._buffer, 0, 0, length, SAMPLES, self._data.number, LENGTH_BYTES, n_samples)
        rows = np.frombuffer(self._buffer, self._row, n_samples, SAMPLES_HEAD.size)
        rows["eight"], rows["stamp"], rows["values"] = 8, chunk.stamps, chunk.samples
        self._commit(memoryview(self._buffer)[:n_bytes])
        self._data.count(chunk.stamps)

    def marker(self, marker: Marker) -> None:
        """Append a marker; raises as `write` does."""
        text = marker.label
        if marker.duration_s or text.startswith("{"):
            text = json.dumps({"label": marker.label, "duration_s": marker.duration_s})
        self._write_time(marker.received_s)
        self._write_text(self._markers, text, marker.stamp_s)

    def decision(self, decision: LiveDecision) -> None:
        """Append a decision, unless it is in the shadow; raises as `write` does."""
        if decision.shadow or self._info is None:
            return
        if self._decisions not in self._streams:
            self._append(STREAM_HEADER, _number(self._decisions) + _text_header(self._info, "decisions"))
            self._streams.append(self._decisions)
            self._write_clock(self._decisions, decision.stop_stamp_s)
        self._write_text(self._decisions, json_text(decision.to_dict()), decision.stop_stamp_s)

    def close(self) -> None:
        """Write the footers and force everything onto the disk; does nothing if the file is closed."""
        if self._fd is None:
            return
        for stream in self._streams:
            self._append(STREAM_FOOTER, _number(stream) + _footer(stream))
        fd, self._fd = self._fd, None
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _write_text(self, stream: _XdfStream, text: str, stamp_s: float) -> None:
        value = text.encode("utf-8", "replace")
        sample = struct.pack("<Bd", 8, stamp_s) + _length(len(value)) + value
        self._append(SAMPLES, _number(stream) + _length(1) + sample)
        stream.count(np.array([stamp_s]))

    def _write_time(self, now_s: float) -> None:
        if self._data.clock_s and 0 <= now_s - self._data.clock_s[-1] < CLOCK_EVERY_S:
            return
        self._append(BOUNDARY, BOUNDARY_SIGNATURE)
        for stream in self._streams:
            self._write_clock(stream, now_s)

    def _write_clock(self, stream: _XdfStream, now_s: float) -> None:
        self._append(CLOCK_OFFSET, _number(stream) + struct.pack("<dd", now_s, 0.0))
        stream.clock_s.append(now_s)

    def _append(self, tag: int, content: bytes) -> None:
        self._commit(CHUNK_HEAD.pack(0, 2 + len(content), tag) + content)

    def _commit(self, chunk: bytes | memoryview) -> None:
        """Write a chunk that starts with zero, then its first byte."""
        if self._fd is None:
            raise InputError(f"{self.path}: is not open; a recorder writes between open and close")
        try:
            start = os.lseek(self._fd, 0, os.SEEK_END)
            append_whole(self._fd, chunk)
            os.lseek(self._fd, start, os.SEEK_SET)
            os.write(self._fd, bytes([LENGTH_BYTES]))
        except OSError:
            os.close(self._fd)
            self._fd = None
            raise


def _data_header(info: StreamInfo) -> bytes:
    channels = [
        ("channel", {"label": label, "unit": unit}) for label, unit in zip(info.channel_names, info.units, strict=True)
    ]
    return _info(
        {
            "name": info.name,
            "type": info.type,
            "channel_count": str(len(channels)),
            "nominal_srate": repr(float(info.rate_hz)),
            "channel_format": "float32",
            "source_id": info.source_id,
            "desc": {"channels": channels},
        }
    )


def _text_header(info: StreamInfo, what: str) -> bytes:
    return _info(
        {
            "name": f"{info.name}-{what}",
            "type": what.capitalize(),
            "channel_count": "1",
            "nominal_srate": "0",
            "channel_format": "string",
            "source_id": f"{info.source_id}-{what}",
        }
    )


def _footer(stream: _XdfStream) -> bytes:
    return _info(
        {
            "first_timestamp": repr(stream.first_stamp_s),
            "last_timestamp": repr(stream.last_stamp_s),
            "sample_count": str(stream.n_samples),
            "clock_offsets": [("offset", {"time": repr(time_s), "value": "0"}) for time_s in stream.clock_s],
        }
    )


Parts = dict[str, Any] | list[tuple[str, Any]]
"""The content of an element: text, or elements by name; a list if a name occurs several times."""


def _info(parts: Parts) -> bytes:
    return b'<?xml version="1.0"?>' + ElementTree.tostring(_element("info", parts), encoding="utf-8")


def _element(name: str, content: str | Parts) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, str):
        element.text = NOT_IN_XML.sub("\ufffd", content)
    else:
        element.extend([_element(*part) for part in (content.items() if isinstance(content, dict) else content)])
    return element


def _number(stream: _XdfStream) -> bytes:
    return struct.pack("<I", stream.number)


def _length(n: int) -> bytes:
    return struct.pack("<BI", LENGTH_BYTES, n)


def _there_already(path: Path) -> InputError:
    return InputError(f"{path}: there is such a file already, and a recording is never overwritten; name another")
