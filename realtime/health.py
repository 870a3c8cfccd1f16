"""The health of a stream: one state at a time, and a reason for every change."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ..errors import InputError
from .clock import Clock


class State(StrEnum):
    """The state of a stream."""

    SEARCHING = "SEARCHING"
    """The stream is being searched for."""
    LIVE = "LIVE"
    """Samples arrive without a problem."""
    GAP = "GAP"
    """Samples are missing, and none has arrived since."""
    STALE = "STALE"
    """The stream is connected, but no sample has arrived for ``stale_s``."""
    RECOVERED = "RECOVERED"
    """Samples arrive again after a gap, silence or loss; soon LIVE."""
    LOST = "LOST"
    """The stream is gone."""


class MarkerState(StrEnum):
    """The state of the marker stream, which has its own connection."""

    SEARCHING = "SEARCHING"
    """It was not found yet, and is being searched for."""
    LIVE = "LIVE"
    """It is connected."""
    LOST = "LOST"
    """It is gone, and is being searched for. Until then there is no decision on events."""


class Change(NamedTuple):
    """A change of state: the new and the old state, the time on the local clock, and the reason."""

    state: State
    before: State
    at_s: float
    why: str


_BACK = {
    State.SEARCHING: "the stream is back",
    State.GAP: "samples come again after a gap",
    State.STALE: "samples come after silence",
}


class Health:
    """The state of a stream. Each method takes an event and returns the changes of state that follow, in order.

    Without a sample the stream is STALE after ``stale_s`` and LOST after ``lost_s``. RECOVERED becomes LIVE after
    ``settle_s`` without a gap. ``markers`` is the state of the marker stream, None if there is no separate one; it does
    not change the state of the samples::

        SEARCHING ──► LIVE ──► GAP ──► RECOVERED ──► LIVE       first samples; missing; present again; settled
        LIVE, GAP, RECOVERED, SEARCHING (when connected) ──► STALE ──► RECOVERED      silence; samples again
        any of them (when connected) ──► LOST ──► SEARCHING ──► RECOVERED            gone; searched for; samples again
        RECOVERED, STALE, SEARCHING ──► GAP                      missing again; samples not usable

    No state is skipped: a silence longer than both times is first STALE and then LOST, and a gap with samples after it
    in the same chunk is first GAP and then RECOVERED.

    >>> from hotwire.realtime.clock import VirtualClock
    >>> clock = VirtualClock()
    >>> health = Health(clock, stale_s=1.0, lost_s=10.0, settle_s=0.5)
    >>> _ = health.connected()
    >>> for change in health.arrived(100, 0) + health.arrived(50, 50):
    ...     print(change.before, change.state, change.why, sep=": ")
    SEARCHING: LIVE: the first samples came
    LIVE: GAP: 50 samples missing
    GAP: RECOVERED: samples come again after a gap
    """

    def __init__(self, clock: Clock, stale_s: float, lost_s: float, settle_s: float) -> None:
        if not 0 < stale_s < lost_s:
            raise InputError(
                f"stale_s, lost_s: expected 0 < stale_s < lost_s, as a stream is STALE before it is LOST, got "
                f"{stale_s} and {lost_s}"
            )
        if not settle_s >= 0:
            raise InputError(f"settle_s: expected zero or more seconds, got {settle_s}")
        self.state = State.SEARCHING
        self.markers: MarkerState | None = None
        self._clock = clock
        self._stale_s, self._lost_s, self._settle_s = stale_s, lost_s, settle_s
        self._connected = False
        self._was_live = False
        self._heard_s = self._clean_since_s = clock.now()

    def searching(self) -> list[Change]:
        """The search for the stream begins, the first time or again."""
        changes = self.lost("the stream was given up")
        if self.state is State.LOST:
            changes.append(self._go(State.SEARCHING, "looking for the stream"))
        return changes

    def connected(self) -> list[Change]:
        """The stream is connected; the state stays SEARCHING until a sample arrives."""
        changes = self.searching()
        self._connected = True
        self._heard_s = self._clock.now()
        return changes

    def arrived(self, n_present: int, n_missing: int) -> list[Change]:
        """Usable samples arrived, or samples are missing before or between them.

        A chunk of repeated samples only counts as silence.
        """
        if not (n_present or n_missing):
            return self.silent()
        changes = [] if self._connected else self.connected()
        self._heard_s = now_s = self._clock.now()
        if n_present and self.state is State.SEARCHING and not self._was_live:
            changes.append(self._go(State.LIVE, "the first samples came"))
            self._was_live = True
        only_missing = self.state in (State.SEARCHING, State.STALE) and not n_present
        if n_missing and (self.state in (State.LIVE, State.RECOVERED) or only_missing):
            changes.append(self._go(State.GAP, f"{_samples(n_missing)} missing"))
        if n_present and self.state in _BACK:
            why = _BACK[self.state]
            if n_missing and self.state is not State.GAP:
                why += f", {_samples(n_missing)} missing"
            changes.append(self._go(State.RECOVERED, why))
            self._clean_since_s, self._was_live = now_s, True
        if self.state is State.RECOVERED and now_s - self._clean_since_s >= self._settle_s:
            changes.append(self._go(State.LIVE, f"no gap for {now_s - self._clean_since_s:.3g} s"))
        return changes

    def silent(self) -> list[Change]:
        """A pull returned nothing."""
        if not self._connected:
            return []
        silent_s = self._clock.now() - self._heard_s
        why = f"nothing came for {silent_s:.3g} s"
        changes = []
        if silent_s >= self._stale_s and self.state is not State.STALE:
            changes.append(self._go(State.STALE, why))
        if silent_s >= self._lost_s:
            changes += self.lost(why)
        return changes

    def lost(self, why: str = "the stream is gone") -> list[Change]:
        """The source reports that the stream is gone."""
        if not self._connected:
            return []
        self._connected = False
        return [self._go(State.LOST, why)]

    def markers_changed(self, is_there: bool) -> bool:
        """The marker stream was found, or is gone; return whether it is lost now."""
        was = self.markers
        never_was = was in (None, MarkerState.SEARCHING)
        self.markers = MarkerState.LIVE if is_there else MarkerState.SEARCHING if never_was else MarkerState.LOST
        return was is MarkerState.LIVE and not is_there

    def _go(self, state: State, why: str) -> Change:
        change = Change(state, self.state, self._clock.now(), why)
        self.state = state
        return change


def _samples(n: int) -> str:
    return f"{n} sample{'' if n == 1 else 's'}"
