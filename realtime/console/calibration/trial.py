"""One cue of a calibration, and what it led to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """One cue, and what became of it.

    Attributes
    ----------
    number, block : int
        From 1.
    label : str
    onset_stamp_s : float
        On the local clock.
    lost : str or None
        Why it was not learned from.
    said : str or None
        The label that was decided on before it was learned from, where there was something to decide by.
    probabilities : dict of str to float
        Of the labels; empty where nothing was decided.
    right : float or None
        A tie of k answers counts 1/k.
    """

    number: int
    block: int
    label: str
    onset_stamp_s: float
    lost: str | None = None
    said: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    right: float | None = None
