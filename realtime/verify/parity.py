"""Decisions on a recording, offline and live, as records that are equal only if every bit is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...decoder.bundle.compiled import CompiledDecoder, RowDecision
from ...decoder.recordings.recording import Recording
from ...models.files import sha256_of
from ..clock import Clock
from ..decision import LiveDecision
from ..engine.engine import Engine
from ..settings import LiveSettings
from ..sources.source import Source

NEVER_S = 1e9
TURN_S = 1.0
AS_OFFLINE = LiveSettings(max_bad=1.0)
"""Offline, every channel is trusted."""


class DecisionRecord(NamedTuple):
    """The decision on one window.

    It uses the samples ``[first, stop)`` of the run. ``answer`` and ``text`` are None if the decoder abstained or gives
    no text. ``features`` and ``probabilities`` are the SHA-256 of their bytes, float32 and float64, ``""`` if it
    abstained; ``abstained`` is the reason, or None.
    """

    run: str
    label: str
    first: int
    stop: int
    answer: str | None
    text: str | None
    features: str
    probabilities: str
    abstained: str | None = None

    @property
    def sha256(self) -> str:
        """The digest of the whole record."""
        return sha256_of(repr(tuple(self)))


class NotingDecoder(CompiledDecoder):
    """A decoder that records in ``noted`` the SHA-256 of each decided row of features."""

    def __init__(self, *args: Any) -> None:
        self.noted: list[str] = []
        super().__init__(*args)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> NotingDecoder:
        decoder = super().load(path)
        assert isinstance(decoder, NotingDecoder)
        return decoder

    def decide(self, x: ArrayLike) -> RowDecision:
        self.noted.append(sha256_of(np.asarray(x, np.float32).tobytes()))
        return super().decide(x)


def decided_offline(decoder: NotingDecoder, recording: Recording) -> list[DecisionRecord]:
    """Decide on all windows of a recording of one run."""
    decoder.noted.clear()
    decisions = decoder.predict(recording)
    rate_hz = recording.rate_hz
    return [
        DecisionRecord(
            run=str(one.run),
            label=str(recording.events.label[one.event]) if one.event >= 0 else "",
            first=round(one.start_s * rate_hz),
            stop=round(one.stop_s * rate_hz),
            answer=one.answer,
            text=one.text,
            features=features,
            probabilities=digest_of(one.probabilities),
        )
        for one, features in zip(decisions, decoder.noted, strict=True)
    ]


def decided_live(
    decoder: NotingDecoder,
    source: Source,
    clock: Clock,
    run: str,
    history_s: float,
    carry_on: Callable[[], object] = lambda: None,
    policy: LiveSettings = AS_OFFLINE,
) -> tuple[list[DecisionRecord], dict[str, int]]:
    """Decide on a source that ends, and return the decisions and all losses.

    Samples wait ``history_s`` for late markers. ``carry_on`` is called between turns, and may raise to stop. Of
    ``policy``, ``min_present`` and ``max_bad`` say when to abstain; by default never where no sample is missing.
    """
    decoder.noted.clear()
    # No time limit for the next sample; and the same windows are decided as offline.
    settings = replace(policy, backlog="every", stale_s=NEVER_S, lost_s=NEVER_S, timeout_s=60.0, history_s=history_s)
    decisions: list[LiveDecision] = []
    with Engine(decoder, source, settings, clock=clock) as engine:
        while not engine.ended:
            carry_on()
            decisions += engine.turn(TURN_S)
    noted = iter(decoder.noted)
    return [_of_live(one, run, decoder.rate_hz, noted) for one in decisions], engine.losses


def differences(expected: Sequence[DecisionRecord], got: Sequence[DecisionRecord]) -> list[dict[str, Any]]:
    """Compare decisions in any order, and describe each that is only on one side.

    >>> one = DecisionRecord("1", "face", 0, 6, "face", None, "ab", "cd")
    >>> differences([one], [one])
    []
    >>> differences([one], [one._replace(answer="cat")])[0]["differs"]
    ['answer']
    """
    missing, extra = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    others: dict[tuple, list[DecisionRecord]] = {}
    for one in extra.elements():
        others.setdefault(one[:4], []).append(one)
    result = []
    for one in missing.elements():
        same_window = others.get(one[:4])
        result.append(_difference(one, same_window.pop() if same_window else None))
    result += [_difference(None, one) for of_window in others.values() for one in of_window]
    return result


def recording_digest(recording: Recording) -> str:
    """SHA-256 over samples, rate, names, units, runs and events."""
    events = recording.events
    described = (
        recording.data.shape,
        recording.rate_hz,
        recording.feature_names,
        recording.unit,
        recording.run_lengths(),
        events.run.tolist(),
        events.onset_s.tolist(),
        events.duration_s.tolist(),
        events.label.tolist(),
    )
    return sha256_of(recording.data.tobytes(), repr(described))


def _of_live(one: LiveDecision, run: str, rate_hz: float, noted: Any) -> DecisionRecord:
    return DecisionRecord(
        run=run,
        label=one.label or "",
        first=round(one.start_s * rate_hz),
        stop=round(one.stop_s * rate_hz),
        answer=one.answer,
        text=one.text,
        features="" if one.abstained else next(noted),
        probabilities="" if one.abstained else digest_of(one.probabilities),
        abstained=one.abstained,
    )


def digest_of(probabilities: dict[str, float]) -> str:
    """SHA-256 of the classes' names and the bytes of their probabilities."""
    return sha256_of(repr(list(probabilities)), np.array(list(probabilities.values())).tobytes())


def _difference(offline: DecisionRecord | None, live: DecisionRecord | None) -> dict[str, Any]:
    there = offline or live
    assert there is not None
    names = DecisionRecord._fields
    return {
        **{name: getattr(there, name) for name in names[:4]},
        "offline": None if offline is None else offline.sha256,
        "live": None if live is None else live.sha256,
        "differs": [n for n in names if getattr(offline, n, None) != getattr(live, n, None)]
        if offline and live
        else ["only offline" if offline else "only live"],
    }
