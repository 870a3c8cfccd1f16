"""A stream whose every sample is known, played to an engine in virtual time, and what has to come of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotwire.decoder import Events, Recording
from hotwire.decoder.bundle.compiled import RowDecision
from hotwire.decoder.steps import RunningBaseline, run_steps
from hotwire.decoder.windows import BlockAverage
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.decision import LiveDecision
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
from hotwire.realtime.sources.source import Marker

from .small import Kept, SignDecoder

RATE_HZ = 50.0
N_FEATURES = 4
N = 1000
ROWS = np.random.default_rng(3).uniform(-1, 1, (N, N_FEATURES)).astype(np.float32)
"""Twenty seconds; sample k is stamped k / RATE_HZ."""
ONSETS = range(0, N - 50, 50)
"""A marker at the first sample of every second, for a window of one second."""


def decoder(**settings: Any) -> SignDecoder:
    """One that remembers what came before, so that a sample in the wrong place changes all that follow."""
    defaults: dict[str, Any] = {"steps": [RunningBaseline()], "window": BlockAverage(stop_s=1.0)}
    return SignDecoder(N_FEATURES, RATE_HZ, **(defaults | settings))


def chunk(first: int, stop: int, *, off_s: float = 0.0, late_s: float = 0.0, rows: NDArray[np.float32] = ROWS) -> At:
    """Samples ``[first, stop)``, which come when the next one is due."""
    index = np.arange(first, stop)
    return At(stop / RATE_HZ + late_s, Samples(rows[index], index / RATE_HZ + off_s))


def chunks(
    first: int = 0, stop: int = N, *, off_s: float = 0.0, late_s: float = 0.0, rows: NDArray[np.float32] = ROWS
) -> list[At]:
    """Samples ``[first, stop)``, five at a time."""
    return [chunk(at, min(at + 5, stop), off_s=off_s, late_s=late_s, rows=rows) for at in range(first, stop, 5)]


def marker(sample: float, at: float | None = None, *, off_s: float = 0.0, label: str = "go") -> At:
    """A marker for a sample, which comes when that sample is taken, or with another."""
    stamp_s = sample / RATE_HZ
    return At(stamp_s if at is None else at / RATE_HZ, Marker(label, stamp_s + off_s, None, 0.0))


def markers(onsets: Iterable[int] = ONSETS, off_s: float = 0.0) -> list[At]:
    return [marker(onset, off_s=off_s) for onset in onsets]


@dataclass
class Ran:
    """What came of it: what the outputs got, what was returned, and what was counted."""

    engine: Engine
    kept: Kept
    decisions: list[LiveDecision]

    @property
    def states(self) -> list[str]:
        return self.kept.states

    @property
    def losses(self) -> dict[str, int]:
        """Those that are not zero."""
        return {name: n for name, n in self.engine.losses.items() if n}


def scene(
    script: Sequence[At], fitted: SignDecoder | None = None, clock: VirtualClock | None = None, **settings: Any
) -> tuple[Engine, Kept]:
    """An engine in front of a script, which need not be in order."""
    fitted = fitted or decoder()
    clock = clock or VirtualClock()
    kept = Kept()
    source = ScriptedSource(fitted.info(), sorted(script, key=lambda entry: entry.time_s), clock)
    return Engine(fitted, source, LiveSettings(**settings), outputs=[kept], clock=clock), kept  # type: ignore[arg-type]


def run(script: Sequence[At], fitted: SignDecoder | None = None, **settings: Any) -> Ran:
    """Play a script to its end."""
    engine, kept = scene(script, fitted, **settings)
    with engine:
        decisions = list(engine)
    assert kept.closed == 1
    assert kept.decisions == decisions
    return Ran(engine, kept, decisions)


def said(fitted: SignDecoder, rows: NDArray[np.float32], came: NDArray[np.bool_], first: int, stop: int) -> RowDecision:
    """The offline answer on a window: the steps over those samples that came, as a recording of their own."""
    events = Events(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0, str))
    n = int(came.sum())
    recording = Recording(rows[came], fitted.rate_hz, fitted.feature_names, np.zeros(n, int), events, fitted.unit)
    stepped = np.full(rows.shape, np.nan, np.float32)
    stepped[came] = run_steps(fitted.steps, recording).data
    window = stepped[first:stop][came[first:stop]]
    return fitted.decide(window.mean(axis=0, dtype=np.float64).astype(np.float32))


def all_but(*lost: tuple[int, int], n: int = N) -> NDArray[np.bool_]:
    """Which samples came, where ``[first, stop)`` did not."""
    came = np.ones(n, np.bool_)
    for first, stop in lost:
        came[first:stop] = False
    return came


def check_decisions(
    ran: Ran,
    came: NDArray[np.bool_] | None = None,
    *,
    rows: NDArray[np.float32] = ROWS,
    onsets: Iterable[int] = ONSETS,
    untrusted: Iterable[int] = (),
    fitted: SignDecoder | None = None,
) -> None:
    """Every window comes up once; where three quarters of it came, it is decided as offline, and else not at all."""
    came = all_but() if came is None else came
    fitted = fitted or decoder()
    untrusted = set(untrusted)
    by_first = {round(one.start_s * RATE_HZ): one for one in ran.decisions}
    assert len(by_first) == len(ran.decisions)
    assert sorted(by_first) == list(onsets)
    for first, one in by_first.items():
        stop = round(one.stop_s * RATE_HZ)
        assert stop == first + 50
        share = came[first:stop].mean()
        assert one.present == share
        if share < 0.75 or first in untrusted:
            assert one.abstained
            assert (one.answer, one.probabilities) == (None, {})
        else:
            expected = said(fitted, rows, came, first, stop)
            assert one.abstained is None
            assert one.answer == expected.answer
            assert list(one.probabilities.values()) == expected.probabilities.tolist()
