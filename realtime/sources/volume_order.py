"""Volumes in the order of their numbers, with stamps a repetition time apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .source import StreamInfo


def stream_of(
    folder: Path, feature_names: Sequence[str], tr_s: float, late_s: float | None
) -> tuple[StreamInfo, float]:
    """Return the stream of a folder of volumes, and how long to wait for one when a later one is there.

    By default that is ``tr_s``. An InputError is raised where a time is not positive.
    """
    if not tr_s > 0:
        raise InputError(f"tr_s: expected seconds above 0, got {tr_s}")
    if late_s is not None and not late_s >= 0:
        raise InputError(f"late_s: expected seconds, zero or more, got {late_s}")
    info = StreamInfo(
        name=folder.name,
        type="fMRI",
        source_id=str(folder.absolute()),
        channel_names=tuple(feature_names),
        units=("a.u.",) * len(feature_names),
        rate_hz=1.0 / tr_s,
    )
    return info, tr_s if late_s is None else late_s


class NumberedVolume(NamedTuple):
    """The voxels of a volume, and when it was there; the head's motion (6,), where it is known."""

    number: int
    values: NDArray[np.float32]
    since_s: float
    motion: NDArray[np.float64] | None = None


class VolumeOrder:
    """Holds back a volume that comes before its predecessor, for at most ``late_s``.

    The first volume is stamped with its time of arrival and the others ``tr_s`` apart by their numbers, so that a
    missing one leaves a gap. One that comes too late, or again, is passed on with its own stamp.

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
            for volume in self._waiting.pop(number):
                if self._origin_s is None:
                    self._origin_s = volume.since_s - number * self._tr_s
                due.append(volume)
            self._next = max(self._next, number + 1)
        return due

    def stamp_of(self, number: int) -> float:
        """Return the stamp of a volume, once one was due."""
        assert self._origin_s is not None
        return self._origin_s + number * self._tr_s
