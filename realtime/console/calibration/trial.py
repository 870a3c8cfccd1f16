"""One trial of a calibration."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """One cue and its result.

    Number and block count from 1. ``lost`` is the reason if it was not used. ``said`` is the decided label, if there
    was a decoder already, and ``probabilities`` are those of all labels. ``right`` is 1 for a correct decision, and 1/k
    for a tie of k labels.
    """

    number: int
    block: int
    label: str
    onset_stamp_s: float
    lost: str | None = None
    said: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    right: float | None = None
