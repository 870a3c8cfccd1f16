"""What the monitor takes of a running engine: samples, markers and quality, each once, with gaps as gaps."""

from __future__ import annotations

import numpy as np

from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.decision import LiveDecision, Status
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.engine.markers import MarkerAt
from hotwire.realtime.monitor import feed
from hotwire.realtime.monitor.feed import Faults, Feed, Opened, Signals
from hotwire.realtime.monitor.frames import MOST_KEPT, Frames
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import ScriptedSource

from ..scenes import ROWS, N, chunks, decoder, markers
from .scene import LIVE, decision


def taken(polled_s: float, monkeypatch, script, rows_of=(0, 2)) -> list:
    """All items of a played stream, polled at most every so many seconds of the stream."""
    fitted, clock, items = decoder(), VirtualClock(), Feed()
    monkeypatch.setattr(feed.time, "monotonic", clock.now)
    monkeypatch.setattr(feed, "POLL_S", polled_s)
    items._began_s = 0.0
    source = ScriptedSource(fitted.info(), sorted(script, key=lambda entry: entry.time_s), clock)
    engine = Engine(fitted, source, LiveSettings(), outputs=[items], clock=clock)  # type: ignore[arg-type]
    with engine:
        items.choose(list(rows_of))
        while not engine.ended:
            engine.turn(0.1)
            items.poll(engine)
        clock.advance(10.0)
        items.poll(engine)
    return [item for _, item in items.take()]


def test_chosen_channels_come_whole_and_once_and_missing_samples_as_nan(monkeypatch):
    expected = ROWS[:, [0, 2]].copy()
    expected[400:460] = np.nan
    for polled_s in (0.0, 0.33, 7.0):
        items = taken(polled_s, monkeypatch, [*chunks(0, 400), *chunks(460), *markers()])
        rows = [item for item in items if isinstance(item, Signals)]
        assert [one.first for one in rows] == np.cumsum([0, *(len(one.samples) for one in rows)])[:-1].tolist()
        np.testing.assert_array_equal(np.concatenate([one.samples for one in rows]), expected)
        assert {one.channels for one in rows} == {(0, 2)}
        found = [item for item in items if isinstance(item, MarkerAt)]
        assert [(one.event, round(one.sample, 6)) for one in found] == [(i, 50 * i) for i in range(N // 50 - 1)]
        assert isinstance(next(item for item in items if not isinstance(item, Status)), Opened)
        assert sum(isinstance(item, LiveDecision) for item in items) == N // 50 - 1


def test_a_flat_channel_is_among_the_faults_while_it_is_flat(monkeypatch):
    rows = ROWS.copy()
    rows[200:600, 1] = 0.25
    faults = [one.of for one in taken(0.0, monkeypatch, chunks(rows=rows)) if isinstance(one, Faults)]
    assert {tuple(one.items()) for one in faults} == {(), ((1, "flat"),)}
    assert faults[0] == faults[-1] == {}


def test_the_past_that_is_kept_has_an_end_and_all_decisions_are_counted():
    frames = Frames(takes_commands=False)
    for number in range(0, 6000, 10):
        frames.message(1.0, [(1.0, decision(number + i)) for i in range(10)])
    assert 0.9 * MOST_KEPT < len(frames.first(2.0)) < 1.1 * MOST_KEPT
    assert '"n":6000}' in frames.first(2.0)
    assert frames.message(3.0, []) is None
    assert frames.message(3.0, [(3.0, LIVE)]) is not None
