"""The names of what is published over LSL: on one machine each is used once."""

from __future__ import annotations

import time
from socket import gethostname

import pylsl

from ...errors import StreamError
from .lsl_link import EVERYONE_ANSWERS_S, LOOK_S


class PublishedName:
    """A stream that is to be published, and those on the network that have its name already.

    Looks for 0.75 s: a receiver that asks for a name must not get the decisions of two sessions, one after the other.

    Parameters
    ----------
    stream : str
        The stream's name.
    source_id : str
        With the machine in it, so that the same on another machine is another.
    cure : str
        What to do where it is taken.

    Attributes
    ----------
    elsewhere : tuple of str
        Other machines that publish a stream of this name. Receivers that ask for the name alone see both.

    Raises
    ------
    StreamError
        Another session on this machine publishes it.
    """

    def __init__(self, stream: str, source_id: str, cure: str) -> None:
        self._stream, self._source_id, self._cure = stream, source_id, cure
        self._resolver = pylsl.ContinuousResolver()
        until_s = time.monotonic() + EVERYONE_ANSWERS_S
        while time.monotonic() < until_s:
            self.check()
            time.sleep(LOOK_S)
        self.elsewhere = tuple(sorted({one.hostname() for one in self._others()} - {gethostname()}))

    def check(self, own: pylsl.StreamOutlet | None = None) -> None:
        """Look again, also for a session that began at the same time: the older outlet of the two stays."""
        mine = None if own is None else own.get_info()
        for other in self._others():
            is_older = mine is None or (other.created_at(), other.uid()) < (mine.created_at(), mine.uid())
            if other.source_id() == self._source_id and is_older:
                raise StreamError(
                    f"name: another session on this machine publishes {self._stream!r} already, for "
                    f"{pylsl.local_clock() - other.created_at():.0f} s. Receivers could not tell the two apart: "
                    f"{self._cure}"
                )

    def _others(self) -> list[pylsl.StreamInfo]:
        return [one for one in self._resolver.results() if one.name() == self._stream]
