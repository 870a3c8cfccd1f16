"""The markers of a stream, each at its sample, numbered, without repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from ..sources.source import Marker

SAME_MARKER_S = 0.01
"""Two markers with the same label, closer than this and less than a sample apart, are one marker sent twice."""
MAX_MARKERS = 4096
"""The most markers that are stored, and that wait for the first sample."""


class MarkerAt(NamedTuple):
    """A marker and its position in samples of the stream, which may be fractional."""

    event: int
    label: str
    sample: float
    duration_s: float


class Markers:
    """The newest markers of a stream, in the order in which they were received."""

    def __init__(self, rate_hz: float) -> None:
        self._apart = min(1.0, SAME_MARKER_S * rate_hz)
        self._n_events = 0
        self._newest: deque[MarkerAt] = deque(maxlen=MAX_MARKERS)

    def __iter__(self) -> Iterator[MarkerAt]:
        return iter(self._newest)

    def has(self, label: str, sample: float) -> bool:
        """Whether this marker is stored already."""
        return any(one.label == label and abs(one.sample - sample) < self._apart for one in self._newest)

    def add(self, marker: Marker, sample: float) -> MarkerAt:
        added = MarkerAt(self._n_events, marker.label, sample, marker.duration_s or 0.0)
        self._n_events += 1
        self._newest.append(added)
        return added

    def after(self, event: int) -> list[MarkerAt]:
        """Those with a number above `event`, in order."""
        return list(takewhile(lambda one: one.event > event, reversed(self._newest)))[::-1]

    def label_of(self, event: int) -> str | None:
        """The label of a marker by its number; None for a window without an event, or a marker no longer stored."""
        return next((one.label for one in reversed(self._newest) if one.event == event), None) if event >= 0 else None
