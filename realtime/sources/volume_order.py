"""Volumes in the order of their numbers, with stamps a repetition time apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_APART = 1000
"""The numbers of two volumes of a series."""


class NumberedVolume(NamedTuple):
    """The voxels of a volume, and when it was there; the head's motion (6,) and a region's mean, where known."""

    number: int
    values: NDArray[np.float32]
    since_s: float
    motion: NDArray[np.float64] | None = None
    region: float | None = None


class VolumeOrder:
    """Holds back a volume that comes before its predecessor, for at most ``late_s``.

    Volumes are stamped ``tr_s`` apart by their numbers, so that a missing one leaves a gap; of those that are there at
    first, which a session that begins late finds, the newest has its time of arrival. One that comes too late, or
    again, is passed on with its own stamp.

    >>> order = VolumeOrder(tr_s=2.0, late_s=2.0)
    >>> for number, since_s in ((3, 10.0), (5, 14.0), (4, 14.1)):
    ...     order.add(NumberedVolume(number, np.zeros(1, np.float32), since_s))
    >>> [(volume.number, order.stamp_of(volume.number)) for volume in order.due(14.2)]
    [(3, 10.0), (4, 12.0), (5, 14.0)]
    """

    def __init__(self, tr_s: float, late_s: float, first: int | None = None) -> None:
        self._tr_s, self._late_s = tr_s, late_s
        self._next = first
        self._origin_s: float | None = None
        self._waiting: dict[int, list[NumberedVolume]] = {}

    @property
    def waits(self) -> bool:
        """Whether a volume waits."""
        return bool(self._waiting)

    def add(self, volume: NumberedVolume) -> None:
        """Take a volume."""
        self._waiting.setdefault(volume.number, []).append(volume)

    def end(self) -> None:
        """Wait for no volume any more."""
        self._late_s = 0.0

    def due(self, now_s: float) -> list[NumberedVolume]:
        """Return the volumes that are next."""
        due: list[NumberedVolume] = []
        while self._waiting:
            number = min(self._waiting)
            if self._next is None:
                self._next = number
            oldest_s = min(volume.since_s for volumes in self._waiting.values() for volume in volumes)
            if number > self._next and now_s - oldest_s < self._late_s:
                break
            if self._origin_s is None:
                waiting = [one for volumes in self._waiting.values() for one in volumes]
                self._origin_s = min(one.since_s - one.number * self._tr_s for one in waiting)
            due += self._waiting.pop(number)
            self._next = max(self._next, number + 1)
        return due

    def stamp_of(self, number: int) -> float:
        """Return the stamp of a volume, once one was due."""
        assert self._origin_s is not None
        return self._origin_s + number * self._tr_s
