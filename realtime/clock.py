"""Where the time comes from: the system, or a test that turns the hands itself."""

from __future__ import annotations

import time
from typing import Protocol

from ..errors import InputError


class Clock(Protocol):
    """A clock that never goes back, in seconds on LSL's local clock, and a way to wait on it."""

    def now(self) -> float:
        """Return the time in seconds; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
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
    """A clock that only moves when someone waits on it: hours of a stream pass in no time, and always alike.

    Parameters
    ----------
    now_s : float
        Where it stands at first.

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
        """Move on by so much, if it is more than nothing."""
        self._now_s += max(0.0, seconds)

    def advance(self, seconds: float) -> None:
        """Move on, as time that a slow consumer takes would.

        Raises
        ------
        InputError
            The time is negative: the clock never goes back.
        """
        if not seconds >= 0:
            raise InputError(f"seconds: expected zero or more, as a clock never goes back, got {seconds}")
        self._now_s += seconds
