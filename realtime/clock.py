"""Clocks: the system's, and one that a test moves on itself."""

from __future__ import annotations

import time
from typing import Protocol

from ..errors import InputError


class Clock(Protocol):
    """A clock in seconds that never goes back, and a way to wait on it. Live, it is LSL's local clock."""

    def now(self) -> float:
        """Return the time in seconds. Only differences have a meaning."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Returns at once for zero or less."""
        ...


class SystemClock:
    """The clock that LSL stamps samples with."""

    def __init__(self) -> None:
        from pylsl import local_clock

        self._now = local_clock

    def now(self) -> float:
        return self._now()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """A clock that moves only when something waits on it. Hours of a stream take no time, and each run is the same.

    Parameters
    ----------
    now_s : float
        The time at the start.

    Examples
    --------
    >>> clock = VirtualClock()
    >>> clock.sleep(3600.0)
    >>> clock.now()
    3600.0
    """

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s

    def now(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        """Move the clock on. Zero or less changes nothing."""
        self._now_s += max(0.0, seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock on, as the time that a slow consumer takes.

        Raises
        ------
        InputError
            The time is negative.
        """
        if not seconds >= 0:
            raise InputError(f"seconds: expected zero or more, as a clock never goes back, got {seconds}")
        self._now_s += seconds
