"""Which chunks of an XDF file are whole: one that is not makes pyxdf fail, or take what is no sample for one.

XDF 1.0 (https://github.com/sccn/xdf/wiki/Specifications) is a row of chunks: how many bytes its length takes, its
length, a tag, content. Behind damage, reading goes on at the next chunk of a stream that is known and whose content
comes out even, which no other bytes do by chance.
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
"""What a boundary chunk holds."""
HEAD = re.compile(b"(?=(?:\\x01.|\\x04.{4}|\\x08.{8})[\\x01-\\x06]\\0)", re.DOTALL)
"""How a chunk can begin: the number of bytes of its length, these, its tag."""
BYTES_OF = {"double64": 8, "float32": 4, "int64": 8, "int32": 4, "int16": 2, "int8": 1}


class Damage(NamedTuple):
    """A stretch of the file that cannot be read.

    Attributes
    ----------
    at, n_bytes : int
    at_end : bool
        Whether nothing that can be read follows it.
    stream, n_samples : int or None
        The number of the stream whose samples it held, and of these; None where that cannot be known.
    """

    at: int
    n_bytes: int
    at_end: bool
    stream: int | None
    n_samples: int | None


class _Form(NamedTuple):
    """Of a stream's samples."""

    n_channels: int
    n_bytes: int
    """Of a channel; zero for texts."""


class _Chunk(NamedTuple):
    tag: int
    begin: int
    """Of the content behind the tag."""
    stop: int


def sound_pieces(path: Path) -> tuple[list[tuple[int, int]], list[Damage]]:
    """Return the stretches of a file that are made of whole chunks, from where to where, and those that are not.

    Raises
    ------
    RecordingError
        It is no XDF file.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"XDF:":
            raise RecordingError(f"{path}: is no XDF file; one begins with 'XDF:'")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _walk(content)


def _walk(content: mmap.mmap) -> tuple[list[tuple[int, int]], list[Damage]]:
    pieces, damages = [], []
    forms: dict[int, _Form] = {}
    begin = at = last = 4
    while at < len(content):
        chunk = _chunk(content, at)
        if chunk is not None and chunk.stop <= len(content) and _is_sound(content, chunk, forms):
            last, at = at, chunk.stop
            continue
        resume = _resume(content, last, forms)
        if resume < at:
            # The chunk before only seemed whole: bytes that it lacks were made up by the next one's.
            at, chunk = last, _chunk(content, last)
        if begin < at:
            pieces.append((begin, at))
        stream, n_samples = _samples_told(content, chunk)
        damages.append(Damage(at, resume - at, resume == len(content), stream, n_samples))
        begin = at = last = resume
    if begin < at:
        pieces.append((begin, at))
    return [(0, 4), *pieces], damages


def _chunk(content: mmap.mmap, at: int) -> _Chunk | None:
    """Return the chunk that begins here, which may go on behind the end; None where none can."""
    n_bytes = content[at]
    head = content[at + 1 : at + 3 + n_bytes]
    if n_bytes not in (1, 4, 8) or len(head) < n_bytes + 2:
        return None
    length, tag = int.from_bytes(head[:n_bytes], "little"), int.from_bytes(head[n_bytes:], "little")
    if length < 2 or not FILE_HEADER <= tag <= STREAM_FOOTER:
        return None
    return _Chunk(tag, at + 3 + n_bytes, at + 1 + n_bytes + length)


def _resume(content: mmap.mmap, behind: int, forms: dict[int, _Form]) -> int:
    """Return where the next whole chunk begins."""
    for found in HEAD.finditer(content, behind + 1):
        chunk = _chunk(content, found.start())
        if chunk is not None and chunk.stop <= len(content) and _is_sound(content, chunk, forms):
            return found.start()
    return len(content)


def _samples_told(content: mmap.mmap, chunk: _Chunk | None) -> tuple[int | None, int | None]:
    """Return the stream of a damaged chunk and how many samples it says to hold."""
    if chunk is None or chunk.tag != SAMPLES:
        return None, None
    head = content[chunk.begin : chunk.begin + 13]
    if len(head) < 5 or head[4] not in (1, 4, 8) or len(head) < 5 + head[4]:
        return None, None
    n_samples = int.from_bytes(head[5 : 5 + head[4]], "little")
    # More samples than the chunk has bytes: the number is damaged, too.
    return int.from_bytes(head[:4], "little"), n_samples if n_samples <= chunk.stop - chunk.begin else None


def _is_sound(content: mmap.mmap, chunk: _Chunk, forms: dict[int, _Form]) -> bool:
    """Whether a chunk is what its tag says, as far as its form tells; take note of the streams that it describes."""
    stream = int.from_bytes(content[chunk.begin : chunk.begin + 4], "little")
    if chunk.tag == BOUNDARY:
        return content[chunk.begin : chunk.stop] == SIGNATURE
    if chunk.tag in (SAMPLES, CLOCK_OFFSET, STREAM_FOOTER) and stream not in forms:
        return False
    begin = chunk.begin if chunk.tag == FILE_HEADER else chunk.begin + 4
    if chunk.tag == CLOCK_OFFSET:
        return chunk.stop - begin == 16
    if chunk.tag == SAMPLES:
        return _are_samples(content[begin : chunk.stop], forms[stream])
    if content[begin : begin + 1] != b"<":
        return False
    try:
        told = ElementTree.fromstring(content[begin : chunk.stop].decode("utf-8", "replace"))
    except ElementTree.ParseError:
        return False
    if chunk.tag == STREAM_HEADER:
        n_channels, form = told.findtext("channel_count", ""), told.findtext("channel_format", "")
        if not n_channels.isdecimal() or (form != "string" and form not in BYTES_OF):
            return False
        forms[stream] = _Form(int(n_channels), BYTES_OF.get(form, 0))
    return True


def _are_samples(inside: bytes, form: _Form) -> bool:
    """Whether the content of a chunk of samples comes out even, with a stamp or none before each sample."""
    if not inside or inside[0] not in (1, 4, 8) or len(inside) < 1 + inside[0]:
        return False
    n_samples, at = int.from_bytes(inside[1 : 1 + inside[0]], "little"), 1 + inside[0]
    if form.n_bytes:
        size = form.n_channels * form.n_bytes
        marks = np.frombuffer(inside, np.uint8, offset=at)
        if len(marks) == n_samples * (9 + size) and (marks[:: 9 + size] == 8).all():
            return True  # every sample has a stamp, as is usual
    for _ in range(n_samples):
        if at >= len(inside) or inside[at] not in (0, 8):
            return False
        at += 1 + inside[at]
        if form.n_bytes:
            at += form.n_channels * form.n_bytes
            continue
        for _ in range(form.n_channels):
            n_bytes = inside[at] if at < len(inside) else 0
            if n_bytes not in (1, 4, 8):
                return False
            at += 1 + n_bytes + int.from_bytes(inside[at + 1 : at + 1 + n_bytes], "little")
    return at == len(inside)
