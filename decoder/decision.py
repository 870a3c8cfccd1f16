"""A decoder's decision on a trial, and whether a decoder can decide on a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import NDArray

from .windows import Trials


@dataclass(frozen=True)
class Decision:
    """What a decoder decides on one trial.

    Attributes
    ----------
    answer : str
        The most probable class.
    probabilities : dict of str to float
        Of all classes.
    text : str or None
        The network's free answer, if the readout gives one.
    run : int or str
    start_s, stop_s : float
        The samples that were used, in seconds since the first sample of the run.
    event : int
        Index of the event in the recording; -1 for a window that belongs to none.
    """

    answer: str
    probabilities: dict[str, float]
    text: str | None
    run: int | str
    start_s: float
    stop_s: float
    event: int


def decision_on(trials: Trials, i: int, classes: Sequence[str], probabilities: NDArray, text: str | None) -> Decision:
    """The decision on trial `i`: the most probable class, and the run and times of the trial."""
    return Decision(
        answer=classes[int(probabilities.argmax())],
        probabilities=dict(zip(classes, probabilities.tolist(), strict=True)),
        text=text,
        run=trials.run[i].item(),
        start_s=float(trials.start_s[i]),
        stop_s=float(trials.stop_s[i]),
        event=int(trials.event[i]),
    )
