"""What a region's signal is after each sample of a live stream: the record that outputs receive."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LiveFeedback:
    """By how many per cent a region's mean signal differs from its baseline.

    Attributes
    ----------
    percent : float or None
        None where it is not known.
    signal, baseline : float or None
        The region's mean in this sample, and what it is compared with.
    why : str or None
        Why it is not known.
    start_s, stop_s : float
        The sample, in seconds since the first of the stream.
    stop_stamp_s : float
        Its end on the clock of the stream's stamps.
    """

    percent: float | None
    signal: float | None
    baseline: float | None
    why: str | None
    start_s: float
    stop_s: float
    stop_stamp_s: float

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"type": "feedback", **asdict(self)}
