"""Decisions and states of a live decoder: the records that every output receives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .health import MarkerState, State
    from .live_decoder import LiveDecoder
    from .live_feedback import LiveFeedback
    from .live_text import LiveText
    from .sources.source import StreamInfo


@dataclass(frozen=True)
class Latency:
    """The parts of a decision's latency, in seconds.

    ``age_s``: from the newest sample's stamp until it was pulled (amplifier and stream). It has no meaning, and may be
    negative, in a replay faster than its own rate. ``queue_s``: from then until its turn. ``compute_s``: adapter,
    network and readout.
    """

    age_s: float
    queue_s: float
    compute_s: float

    @property
    def total_s(self) -> float:
        return self.age_s + self.queue_s + self.compute_s


@dataclass(frozen=True)
class LiveDecision:
    """A decision on one window of a live stream.

    Attributes
    ----------
    number : int
        Counts from 0 the windows of the stream that were due for a decision, also those withheld or skipped.
    answer : str or None
        The most probable class; None if the decoder abstained.
    probabilities : dict of str to float
        Of all classes; empty if it abstained.
    text : str or None
        The text that the network generated, if the readout requests it.
    label : str or None
        The window's marker; None for a sliding window.
    event : int
        The marker's number, from 0; -1 for a sliding window.
    start_s, stop_s : float
        The samples used, ``[start_s, stop_s)`` in seconds since the first sample of the stream.
    start_stamp_s, stop_stamp_s : float
        The same on the clock of the stream's stamps.
    present : float
        The share of the window's samples that were received.
    abstained : str or None
        The reason, if there is no decision.
    late : bool
        Whether it is later than the deadline.
    shadow : bool
        Whether it is from a bundle that runs in the shadow and is not published.
    bundle : str
        SHA-256 of the bundle.
    latency : Latency
    motion : dict of str to float, or None
        The head's motion in the window's newest volume, where volumes are aligned to a reference: ``trans_x`` to
        ``trans_z`` in millimetres, ``rot_x`` to ``rot_z`` in radians.
    """

    number: int
    answer: str | None
    probabilities: dict[str, float]
    text: str | None
    label: str | None
    event: int
    start_s: float
    stop_s: float
    start_stamp_s: float
    stop_stamp_s: float
    present: float
    abstained: str | None
    late: bool
    shadow: bool
    bundle: str
    latency: Latency
    motion: dict[str, float] | None = None

    @property
    def said(self) -> str:
        """The free text, else the most probable class, else ``""``."""
        return self.text or self.answer or ""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; without the head's motion where it is not known."""
        fields = asdict(self)
        if self.motion is None:
            del fields["motion"]
        return {"type": "decision", **fields}


@dataclass(frozen=True)
class Status:
    """A change of state, or an event of the stream, with all losses so far.

    Attributes
    ----------
    state : State
        The new state.
    at_s : float
        On the local clock.
    why : str
        The reason, in words.
    losses : dict of str to int
        All counts since the start: samples lost, repeated or late, windows skipped, ...
    markers : MarkerState or None
        The state of the marker stream; None if there is no separate one.
    number : int
        Counts from 0 the statuses of the session.
    bundle : str
        SHA-256 of the bundle that decides; after a promotion that of the new one.
    repeated_after_s : float
        Of a heartbeat: seconds since ``at_s``. 0 for a new status.
    """

    state: State
    at_s: float
    why: str
    losses: dict[str, int] = field(default_factory=dict)
    markers: MarkerState | None = None
    number: int = 0
    bundle: str = ""
    repeated_after_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        markers = None if self.markers is None else str(self.markers)
        return {"type": "status", **asdict(self), "state": str(self.state), "markers": markers}


class Output(Protocol):
    """Where decisions and states go: a file, LSL outlets, a screen. A subclass defines only the methods it needs."""

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        """Begin. Called once, first, when the stream is open and matches the decoder."""

    def decision(self, decision: LiveDecision) -> None:
        """Receive a decision, also one in the shadow."""

    def text(self, text: LiveText) -> None:
        """Receive what a decoder of gist says after a sample."""

    def feedback(self, feedback: LiveFeedback) -> None:
        """Receive what a region's signal is after a sample, where that was asked for."""

    def status(self, status: Status) -> None:
        """Receive a change of state. It may be called before `open`, during the search for the stream."""

    def heartbeat(self, status: Status) -> None:
        """Receive the last status again, with all losses so far: once a second while nothing changes."""

    def close(self) -> None:
        """End. Nothing is called after it."""
