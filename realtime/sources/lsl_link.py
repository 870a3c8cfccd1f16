"""A link to one LSL stream: search, connection, and conversion to this machine's clock."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from math import ceil

import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from ...errors import StreamLostError, StreamNotFoundError

EVERYONE_ANSWERS_S = 0.75
"""LSL searches by multicast at once, and known addresses half a second later. Only after both can it be known whether a
name exists twice.
"""

LOOK_S = 0.02
CLOCK_S = 1.0
SAME_CLOCK_S = 0.05
"""The largest clock difference between two processes of a busy machine. Two machines differ more: their clocks count
from their start.
"""

MIN_QUEUED = 8192


class Link:
    """One stream. Searching and connecting may take several calls.

    ``what`` is its role in messages: ``"stream"`` or ``"marker stream"``. ``wanted`` has the given ones of ``name``,
    ``type`` and ``source_id``. ``refusal`` returns why a stream is not suitable, or ``""``. Samples wait ``buffer_s``
    to be pulled before the oldest are dropped. With ``needs_source_id``, a lost stream without a source_id is not
    searched for again. ``sees_match`` is whether the last search saw a matching stream, even an unsuitable one.
    """

    def __init__(
        self,
        what: str,
        wanted: dict[str, str],
        refusal: Callable[[pylsl.StreamInfo], str],
        buffer_s: float,
        needs_source_id: bool = True,
    ) -> None:
        self.what = what
        self.wanted = wanted
        self.connected = False
        self.sees_match = False
        self._needs_source_id = needs_source_id
        self._seen_since: float | None = None
        self._refusal = refusal
        self._buffer_s = buffer_s
        self._resolver: pylsl.ContinuousResolver | None = None
        self._trying = ""
        self._searching_since = 0.0
        self._inlet: pylsl.StreamInlet | None = None
        self._correction_s = 0.0
        self._corrected_at = 0.0
        self._same_clock = False
        self._info: pylsl.StreamInfo | None = None
        self._broken: set[str] = set()

    def __str__(self) -> str:
        return f"the LSL {self.what} with " + " and ".join(f"{key} {value!r}" for key, value in self.wanted.items())

    @property
    def inlet(self) -> pylsl.StreamInlet:
        """The inlet to pull from; raises StreamLostError if it is not connected."""
        if self._inlet is None or not self.connected:
            raise StreamLostError(f"{self} is not connected; open the source")
        return self._inlet

    def connect(self, until: float) -> pylsl.StreamInfo:
        """Search, connect and compare clocks until `time.monotonic` reaches ``until``; a later call continues from
        there.

        Returns the whole description. Raises StreamNotFoundError if no stream or several streams were found;
        StreamLostError if the stream is gone and has no source_id to find it again.
        """
        if self.connected and self._info is not None:
            return self._info
        while True:
            if self._inlet is None:
                found = self._search(until)
                self._trying = found.uid()
                self._inlet = self._subscribe(found)
            inlet = self._inlet
            try:
                # Subscribe first: samples are queued while the clocks are compared, which takes 0.6 s.
                inlet.open_stream(_left(until))
                info = inlet.info(_left(until))
                self._correction_s = inlet.time_correction(_left(until))
            except LslTimeoutError:
                raise StreamNotFoundError(
                    f"{self} was found but does not answer yet. Its program may hang, or a firewall may block LSL's "
                    "ports (TCP and UDP 16572 to 16604)"
                ) from None
            except LostError:
                self._broken.add(self._trying)
                self._inlet = None
                time.sleep(LOOK_S)
                continue
            break
        # Processes of one machine share LSL's clock. A measured difference between them is only noise.
        self._same_clock = info.hostname() == socket.gethostname() and abs(self._correction_s) < SAME_CLOCK_S
        if self._same_clock:
            self._correction_s = 0.0
        self._corrected_at = time.monotonic()
        self._info = info
        self._resolver = None
        self._broken.clear()
        self.connected = True
        return info

    def correction_s(self) -> float:
        """Return what to add to the stream's stamps for this machine's clock; 0 for a stream of this machine.

        LSL measures the difference between two clocks every two seconds. It is returned as measured, not smoothed.
        """
        now = time.monotonic()
        if not self._same_clock and now - self._corrected_at > CLOCK_S:
            self._corrected_at = now
            with suppress(LslTimeoutError):  # the other machine does not answer now: use the last value
                self._correction_s = self.inlet.time_correction(0.0)
        return self._correction_s

    def drop(self) -> None:
        """Drop the connection; the same stream can be connected again."""
        self._inlet = None
        self.connected = False

    def lost(self) -> StreamLostError:
        """Drop the connection, and return the error to raise."""
        if self._info is not None:
            self._broken.add(self._info.uid())
        self.drop()
        return StreamLostError(f"{self} is gone: its outlet was closed, or the connection broke")

    def close(self) -> None:
        """Drop the connection. A later search takes any matching stream."""
        self.drop()
        self._resolver = self._info = self._seen_since = None

    def _search(self, until: float) -> pylsl.StreamInfo:
        """Return the one stream that matches."""
        wanted = dict(self.wanted)
        if self._info is not None and (self._info.source_id() or self._needs_source_id):
            if not self._info.source_id():
                raise StreamLostError(
                    f"{self} is gone and has no source_id, so that no stream can be known to be the same one; start "
                    "again, and have its program set a source_id"
                )
            wanted["source_id"] = self._info.source_id()
        resolver = self._resolving()
        while True:
            found = resolver.results()
            matching = _matching(found, wanted)
            self.sees_match = bool(matching)
            usable = [info for info in matching if not self._refusal(info)]
            # A closing outlet may still answer, and LSL caches answers for seconds: a stream whose connection broke
            # counts only if there is no other, such as its successor.
            usable = [info for info in usable if info.uid() not in self._broken] or usable
            waited_s = time.monotonic() - self._searching_since
            if len(usable) == 1 and ("source_id" in wanted or waited_s >= EVERYONE_ANSWERS_S):
                return usable[0]
            if len(usable) > 1:
                raise StreamNotFoundError(
                    f"expected one {self}, found {len(usable)}: {_listed(usable)}. Stop all but one, or give the "
                    "source_id, too"
                )
            if time.monotonic() >= until:
                raise StreamNotFoundError(self._not_found(wanted, matching, found, waited_s))
            time.sleep(max(0.0, min(LOOK_S, until - time.monotonic())))

    def seen_for_s(self) -> float:
        """Return for how long a matching stream has been on the network, 0 if none, without connecting."""
        seen = bool(_matching(self._resolving().results(), self.wanted))
        if not seen or self._seen_since is None:
            self._seen_since = time.monotonic() if seen else None
        return 0.0 if self._seen_since is None else time.monotonic() - self._seen_since

    def _resolving(self) -> pylsl.ContinuousResolver:
        if self._resolver is None:
            self._searching_since = time.monotonic()
            self._resolver = pylsl.ContinuousResolver()
        return self._resolver

    def _not_found(
        self,
        wanted: dict[str, str],
        matching: list[pylsl.StreamInfo],
        found: list[pylsl.StreamInfo],
        waited_s: float,
    ) -> str:
        what = " and ".join(f"{key} {value!r}" for key, value in wanted.items())
        if matching:
            refused = "; ".join(f"{_listed([info])} {self._refusal(info)}" for info in matching)
            return f"{self.what}: {what} matches, but cannot be used: {refused}"
        seen = _listed(found) or "no stream at all"
        return (
            f"no {self.what} with {what} after {waited_s:.1f} s. On the network: {seen}. "
            "Start it, correct what is asked for, or see that both machines are in one network and no firewall blocks "
            "UDP 16571 and ports 16572 to 16604"
        )

    def _subscribe(self, info: pylsl.StreamInfo) -> pylsl.StreamInlet:
        # max_buflen counts seconds of the nominal rate, but hundreds of samples of an irregular one. Slow streams have
        # room for some thousand samples, because a replay may be much faster than their rate.
        rate_hz = info.nominal_srate()
        buffer = max(self._buffer_s, MIN_QUEUED / rate_hz) if rate_hz else MIN_QUEUED / 100
        # recover=False: LSL would reconnect silently, and the loss would not be noticed.
        return pylsl.StreamInlet(info, max_buflen=ceil(buffer), recover=False, as_numpy=True)


def _matching(found: list[pylsl.StreamInfo], wanted: dict[str, str]) -> list[pylsl.StreamInfo]:
    return [info for info in found if all(getattr(info, key)() == value for key, value in wanted.items())]


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _listed(infos: list[pylsl.StreamInfo]) -> str:
    return "; ".join(
        f"{info.name()!r} (type {info.type()!r}, source_id {info.source_id()!r}, {info.channel_count()} channels, "
        f"{f'{info.nominal_srate():g} Hz' if info.nominal_srate() else 'irregular'}, on {info.hostname()})"
        for info in sorted(infos, key=lambda info: (info.name(), info.source_id()))
    )
