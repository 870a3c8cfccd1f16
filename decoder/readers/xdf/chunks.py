"""How far an XDF file is whole: after that, pyxdf fails or reads other bytes as samples.

XDF 1.0 (https://github.com/sccn/xdf/wiki/Specifications) is a row of chunks: how many bytes its length takes, its
length, a tag, content. A file whose writing was interrupted ends in a torn chunk, which is left out. A file with sound
chunks after a broken one is damaged: nobody knows what is missing, and it is refused.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from ....errors import RecordingError

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
SIGNATURE = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
"""The content of a boundary chunk."""
HEAD = re.compile(b"(?=(?:\\x01.|\\x04.{4}|\\x08.{8})[\\x01-\\x06]\\0)", re.DOTALL)
"""How a chunk can begin: the number of bytes of its length, these, its tag."""
BYTES_OF = {"double64": 8, "float32": 4, "int64": 8, "int32": 4, "int16": 2, "int8": 1}


class _Chunk(NamedTuple):
    """The bytes of the content after the tag are ``[begin, stop)``."""

    tag: int
    begin: int
    stop: int


_Forms = dict[int, tuple[int, int]]
"""The number of channels of each stream, and of bytes of a channel; zero for texts."""


def whole_part(path: Path) -> tuple[int, int]:
    """Return how many bytes of a file are whole chunks, and how many the torn chunk after them has."""
    with open(path, "rb") as file:
        if file.read(4) != b"XDF:":
            raise RecordingError(f"{path}: is no XDF file; one begins with 'XDF:'")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            forms: _Forms = {}
            at = last = 4
            while (chunk := _sound_chunk(content, at, forms)) is not None:
                last, at = at, chunk.stop
            # From the last chunk on: if bytes are missing in it, it includes the first bytes of the next one.
            sound = _next_sound(content, last, forms) if at < len(content) else None
            n_bytes = len(content)
    if sound is not None:
        raise RecordingError(
            f"{path}: is damaged before byte {sound}, from which on it can be read again; take another copy of the file"
        )
    return at, n_bytes - at


def _next_sound(content: mmap.mmap, behind: int, forms: _Forms) -> int | None:
    """Return where the next sound chunk begins."""
    starts = (found.start() for found in HEAD.finditer(content, behind + 1))
    return next((start for start in starts if _sound_chunk(content, start, forms) is not None), None)


def _sound_chunk(content: mmap.mmap, at: int, forms: _Forms) -> _Chunk | None:
    """Return the chunk that begins here, if it is whole and its content fits its tag."""
    n_bytes = content[at] if at < len(content) else 0
    head = content[at + 1 : at + 3 + n_bytes]
    if n_bytes not in (1, 4, 8) or len(head) < n_bytes + 2:
        return None
    length, tag = int.from_bytes(head[:n_bytes], "little"), int.from_bytes(head[n_bytes:], "little")
    chunk = _Chunk(tag, at + 3 + n_bytes, at + 1 + n_bytes + length)
    if length < 2 or not FILE_HEADER <= tag <= STREAM_FOOTER or chunk.stop > len(content):
        return None
    return chunk if _is_sound(content, chunk, forms) else None


def _is_sound(content: mmap.mmap, chunk: _Chunk, forms: _Forms) -> bool:
    """Return whether the content's form fits the chunk's tag; add the streams that it describes to `forms`."""
    stream = int.from_bytes(content[chunk.begin : chunk.begin + 4], "little")
    if chunk.tag == BOUNDARY:
        return content[chunk.begin : chunk.stop] == SIGNATURE
    if chunk.tag in (SAMPLES, CLOCK_OFFSET, STREAM_FOOTER) and stream not in forms:
        return False
    begin = chunk.begin if chunk.tag == FILE_HEADER else chunk.begin + 4
    if chunk.tag == CLOCK_OFFSET:
        return chunk.stop - begin == 16
    if chunk.tag == SAMPLES:
        return _are_samples(content[begin : chunk.stop], *forms[stream])
    if content[begin : begin + 1] != b"<":
        return False
    try:
        described = ElementTree.fromstring(content[begin : chunk.stop].decode("utf-8", "replace"))
    except ElementTree.ParseError:
        return False
    if chunk.tag == STREAM_HEADER:
        n_channels, form = described.findtext("channel_count", ""), described.findtext("channel_format", "")
        if not n_channels.isdecimal() or (form != "string" and form not in BYTES_OF):
            return False
        forms[stream] = int(n_channels), BYTES_OF.get(form, 0)
    return True


def _are_samples(inside: bytes, n_channels: int, n_bytes: int) -> bool:
    """Return whether the content divides exactly into samples, each with or without a stamp before it."""
    if not inside or inside[0] not in (1, 4, 8) or len(inside) < 1 + inside[0]:
        return False
    n_samples, at = int.from_bytes(inside[1 : 1 + inside[0]], "little"), 1 + inside[0]
    size = n_channels * n_bytes
    if n_bytes:
        marks = np.frombuffer(inside, np.uint8, offset=at)
        if len(marks) == n_samples * (9 + size) and (marks[:: 9 + size] == 8).all():
            return True  # every sample has a stamp, as is usual
    for _ in range(n_samples):
        if at >= len(inside) or inside[at] not in (0, 8):
            return False
        at += 1 + inside[at] + size
        for _ in range(0 if n_bytes else n_channels):
            n_length = inside[at] if at < len(inside) else 0
            if n_length not in (1, 4, 8):
                return False
            at += 1 + n_length + int.from_bytes(inside[at + 1 : at + 1 + n_length], "little")
    return at == len(inside)
