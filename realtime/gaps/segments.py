"""Segments of a stream: a clock that is set, or a stream that restarts, begins a new line through the stamps."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .grid import Line

AHEAD_S = 60.0
"""A stamp that is ahead of the newest sample by less belongs to the current segment."""
BEHIND_S = 1.0
"""The same for a past segment."""


class _Past(NamedTuple):
    first: int
    first_stamp_s: float
    last_stamp_s: float
    line: Line


class Segments:
    """The segments of a stream, each with one line. The last one still grows."""

    def __init__(self) -> None:
        self._past: deque[_Past] = deque(maxlen=8)
        self._first = 0
        self._first_stamp_s = 0.0

    def begin(self, first: int, stamp_s: float, last_stamp_s: float = 0.0, line: Line | None = None) -> None:
        """Begin a segment at sample ``first``. ``last_stamp_s`` and ``line`` are those of the previous one, if any."""
        if line is not None:
            self._past.append(_Past(self._first, self._first_stamp_s, last_stamp_s, line))
        self._first, self._first_stamp_s = first, stamp_s

    def line_with(self, stamp_s: float, line: Line) -> Line:
        """Return the line of the segment of a stamp; ``line`` is the current one."""
        if not self._first_stamp_s <= stamp_s <= line.stamp_s + AHEAD_S:
            for past in reversed(self._past):
                if past.first_stamp_s <= stamp_s <= past.last_stamp_s + BEHIND_S:
                    return past.line
        return line

    def line_at(self, index: float, line: Line) -> Line:
        """Return the line of the segment of a sample; ``line`` is the current one."""
        if index < self._first:
            for past in reversed(self._past):
                if index >= past.first:
                    return past.line
        return line
