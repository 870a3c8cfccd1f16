"""What a decoder says of one trial, and whether a recording is one that it can be asked about."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RecordingError
from .recording import Recording
from .steps import Trials


@dataclass(frozen=True)
class Decision:
    """What a decoder says of one trial.

    Attributes
    ----------
    answer : str
        The most probable answer.
    probabilities : dict of str to float
        Of all answers.
    text : str or None
        The network's free answer, where the readout asks for one.
    run : int or str
    start_s, stop_s : float
        The samples it rests on, in seconds since the first sample of the run.
    event : int
        Which event of the recording; -1 for a window that belongs to none.
    """

    answer: str
    probabilities: dict[str, float]
    text: str | None
    run: int | str
    start_s: float
    stop_s: float
    event: int


def decision_on(trials: Trials, i: int, answer: str, probabilities: dict[str, float], text: str | None) -> Decision:
    """Say where a decision on one of the trials came from."""
    return Decision(
        answer=answer,
        probabilities=probabilities,
        text=text,
        run=trials.run[i].item(),
        start_s=float(trials.start_s[i]),
        stop_s=float(trials.stop_s[i]),
        event=int(trials.event[i]),
    )


def check_agrees(
    recording: Recording, feature_names: tuple[str, ...], unit: str | tuple[str, ...], rate_hz: float
) -> None:
    """Raise RecordingError unless a recording has the features, the unit and the rate that a decoder was fitted on."""
    if recording.feature_names != feature_names:
        ours, theirs = feature_names, recording.feature_names
        differ = next(
            (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
            min(map(len, (ours, theirs))),
        )
        raise RecordingError(
            f"recording: expected the {len(ours)} features that the decoder was fitted on, got {len(theirs)}; the "
            f"first to differ is number {differ}: fitted on {_at(ours, differ)}, got {_at(theirs, differ)}. Use "
            "the same mask or channels, or recording.select(features=...) to put them in order"
        )
    n_features = len(feature_names)
    units = zip(feature_names, _each(unit, n_features), _each(recording.unit, n_features), strict=True)
    for name, our, their in units:
        if our != their:
            raise RecordingError(f"recording: the unit of {name!r} is {their!r}, but the decoder was fitted on {our!r}")
    if round(rate_hz, 6) != round(recording.rate_hz, 6):
        raise RecordingError(f"recording: rate_hz is {recording.rate_hz}, but the decoder was fitted on {rate_hz}")


def _each(unit: str | tuple[str, ...], n_features: int) -> tuple[str, ...]:
    return (unit,) * n_features if isinstance(unit, str) else unit


def _at(names: tuple[str, ...], i: int) -> str:
    return repr(names[i]) if i < len(names) else "none"
