"""What a live decoder says: decisions and states, as records that every output takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..decoder.bundle.compiled import CompiledDecoder
    from .health import MarkerState, State
    from .sources.source import StreamInfo


@dataclass(frozen=True)
class Latency:
    """Where the time of a decision went, in seconds.

    ``age_s``: from the newest sample's stamp until it was pulled: what the amplifier and the stream took; of a replay
    that runs faster than its own rate it means nothing and may be negative. ``queue_s``: from then until its turn came.
    ``compute_s``: what adapter, network and readout took.
    """

    age_s: float
    queue_s: float
    compute_s: float

    @property
    def total_s(self) -> float:
        return self.age_s + self.queue_s + self.compute_s


@dataclass(frozen=True)
class LiveDecision:
    """What a decoder says of one window of a live stream.

    Attributes
    ----------
    number : int
        Counts the windows of the stream that came up for a decision, from 0; those withheld or skipped count, too.
    answer : str or None
        The most probable answer; None where the decoder abstained.
    probabilities : dict of str to float
        Of all answers; empty where it abstained.
    text : str or None
        The network's free answer, where the readout asks for one.
    label : str or None
        The marker that the window belongs to; None for a sliding window.
    event : int
        The marker's number, from 0; -1 for a sliding window.
    start_s, stop_s : float
        The samples it rests on, ``[start_s, stop_s)`` in seconds since the first sample of the stream.
    start_stamp_s, stop_stamp_s : float
        The same on the clock of the stream's stamps.
    present : float
        The share of the window's samples that came.
    abstained : str or None
        Why there is no answer.
    late : bool
        It came later than the deadline.
    shadow : bool
        It comes from a bundle that runs along and is not published.
    bundle : str
        SHA-256 of the bundle.
    latency : Latency
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

    @property
    def said(self) -> str:
        """The free answer, else the most probable one, else nothing."""
        return self.text or self.answer or ""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"type": "decision", **asdict(self)}


@dataclass(frozen=True)
class Status:
    """A change of state, or something that happened to the stream, with all losses so far.

    Attributes
    ----------
    state : State
        The state now.
    at_s : float
        On the local clock.
    why : str
        In words.
    losses : dict of str to int
        Everything counted since the start: samples that never came, came twice or too late, windows skipped, ...
    markers : MarkerState or None
        How the stream of markers is doing; None where there is none of its own.
    """

    state: State
    at_s: float
    why: str
    losses: dict[str, int] = field(default_factory=dict)
    markers: MarkerState | None = None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        markers = None if self.markers is None else str(self.markers)
        return {"type": "status", **asdict(self), "state": str(self.state), "markers": markers}


class Output(Protocol):
    """Where decisions and states go: a file, LSL outlets, a screen. A subclass need not have what it does nothing
    in."""

    def open(self, info: StreamInfo, decoder: CompiledDecoder) -> None:
        """Begin; called once, when the stream was found and fits, before anything else."""

    def decision(self, decision: LiveDecision) -> None:
        """Take a decision; those in shadow come, too."""

    def status(self, status: Status) -> None:
        """Take a change of state; may come before `open`, while the stream is searched for."""

    def close(self) -> None:
        """End; nothing comes any more."""
