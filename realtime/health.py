"""How the stream is doing: one state at a time, and every change with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ..errors import InputError
from .clock import Clock


class State(StrEnum):
    """How a stream is doing."""

    SEARCHING = "SEARCHING"
    """The stream is being looked for."""
    LIVE = "LIVE"
    """Samples come as they should."""
    GAP = "GAP"
    """Samples are missing, and none has come since."""
    STALE = "STALE"
    """The stream is connected, but nothing has come for a while."""
    RECOVERED = "RECOVERED"
    """Samples come again after a gap, silence or loss; soon LIVE."""
    LOST = "LOST"
    """The stream is gone."""


class MarkerState(StrEnum):
    """How the stream of markers is doing: a link of its own, apart from that of the samples."""

    SEARCHING = "SEARCHING"
    """It has not been there yet, and is looked for."""
    LIVE = "LIVE"
    """It is there; a marker may come at any time."""
    LOST = "LOST"
    """It is gone, and is looked for. No event can be decided on meanwhile."""


class Change(NamedTuple):
    """A change of state: what it is now, what it was, when on the local clock, and why, in words."""

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
    """The state of a stream, from what happens to it. Each method returns the changes it brought, in order.

    Without a sample for ``stale_s`` the stream is STALE, for ``lost_s`` it is LOST; after a RECOVERED, samples must
    come ``settle_s`` without a gap, to be LIVE. ``markers`` is the state of the stream of markers, None where there is
    none of its own; it changes no state of the samples.

    Notes
    -----
    ::

        SEARCHING ──► LIVE ──► GAP ──► RECOVERED ──► LIVE       first samples; missing; present again; settled
        LIVE, GAP, RECOVERED, SEARCHING (when connected) ──► STALE ──► RECOVERED      silence; samples again
        any of them (when connected) ──► LOST ──► SEARCHING ──► RECOVERED            gone; looked for; samples again
        RECOVERED, STALE ──► GAP                                 missing again; what comes is not usable

    No state is skipped: silence that lasted beyond both times at once is first STALE and then LOST, and a gap with
    samples after it in the same chunk is first GAP and then RECOVERED.

    Examples
    --------
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
        """The stream is looked for, at first or again."""
        changes = self.lost("the stream was given up")
        if self.state is State.LOST:
            changes.append(self._go(State.SEARCHING, "looking for the stream"))
        return changes

    def connected(self) -> list[Change]:
        """The stream was found and connected; the state stays SEARCHING until a sample comes."""
        changes = self.searching()
        self._connected = True
        self._heard_s = self._clock.now()
        return changes

    def arrived(self, n_present: int, n_missing: int) -> list[Change]:
        """Samples came and can be used, or are missing before or between them.

        A chunk of nothing but repeated samples counts as silence.
        """
        if not (n_present or n_missing):
            return self.silent()
        changes = [] if self._connected else self.connected()
        self._heard_s = now_s = self._clock.now()
        if n_present and self.state is State.SEARCHING and not self._was_live:
            changes.append(self._go(State.LIVE, "the first samples came"))
            self._was_live = True
        if n_missing and (self.state in (State.LIVE, State.RECOVERED) or (self.state is State.STALE and not n_present)):
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
        """A pull gave nothing."""
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
        """The source says that the stream is gone."""
        if not self._connected:
            return []
        self._connected = False
        return [self._go(State.LOST, why)]

    def markers_changed(self, is_there: bool) -> bool:
        """The stream of markers was found, or is gone; return whether it is lost by that."""
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
