"""One cue of a calibration, and what it led to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """One cue, and what it led to.

    Number and block count from 1. ``lost`` says why it was not learned from. ``said`` is the label that was decided on
    before that, where there was something to decide by, and ``probabilities`` those of the labels; ``right`` says
    whether it was, where a tie of k answers counts 1/k.
    """

    number: int
    block: int
    label: str
    onset_stamp_s: float
    lost: str | None = None
    said: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    right: float | None = None
