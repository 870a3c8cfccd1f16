"""Which line through the stamps holds where: a clock that is set, or a stream that restarts, begins another."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .grid import Line

AHEAD_S = 60.0
"""A stamp ahead of the newest sample by no more belongs to the present segment."""
BEHIND_S = 1.0
"""The same, of a segment that is over."""


class _Past(NamedTuple):
    first: int
    first_stamp_s: float
    last_stamp_s: float
    line: Line


class Segments:
    """The stretches of a stream on one line each, of which the last is still growing."""

    def __init__(self) -> None:
        self._past: deque[_Past] = deque(maxlen=8)
        self._first = 0
        self._first_stamp_s = 0.0

    def begin(self, first: int, stamp_s: float, last_stamp_s: float = 0.0, line: Line | None = None) -> None:
        """Begin a segment with sample ``first``; ``last_stamp_s`` and ``line`` are those of the one before, if any."""
        if line is not None:
            self._past.append(_Past(self._first, self._first_stamp_s, last_stamp_s, line))
        self._first, self._first_stamp_s = first, stamp_s

    def line_with(self, stamp_s: float, line: Line) -> Line:
        """Return the line of the segment that a stamp belongs to; ``line`` is the present one."""
        if not self._first_stamp_s <= stamp_s <= line.stamp_s + AHEAD_S:
            for past in reversed(self._past):
                if past.first_stamp_s <= stamp_s <= past.last_stamp_s + BEHIND_S:
                    return past.line
        return line

    def line_at(self, index: float, line: Line) -> Line:
        """Return the line of the segment that a sample belongs to; ``line`` is the present one."""
        if index < self._first:
            for past in reversed(self._past):
                if index >= past.first:
                    return past.line
        return line
