"""Samples that a program pushes: checked, counted, and decided as those of any other source."""

from __future__ import annotations

import time
from threading import Thread
from typing import Any

import numpy as np
import pytest
from pylsl import local_clock

from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import InputError, ShapeError, StreamLostError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.sources.push_source import PushSource
from hotwire.realtime.sources.source import EndOfStream, StreamInfo

from ..small import SignDecoder

INFO = StreamInfo("amp", "EEG", "a", ("Cz", "Pz"), ("uV", "uV"), 10.0)
ROWS = np.arange(10.0).reshape(5, 2)


def opened(**settings: Any) -> tuple[PushSource, VirtualClock]:
    clock = VirtualClock(1000.0)
    source = PushSource(INFO, clock=clock, **settings)
    source.open(1.0)
    return source, clock


def test_without_stamps_samples_are_counted_from_the_promptest():
    source, clock = opened()
    source.push(ROWS)
    assert source.pull(0.0) is None  # more of a burst may follow
    clock.advance(0.1)
    source.push(ROWS[0])
    clock.advance(0.5)
    chunk = source.pull(1.0)
    assert chunk is not None
    np.testing.assert_array_equal(chunk.samples, [*ROWS, ROWS[0]])
    np.testing.assert_allclose(chunk.stamps, 999.6 + np.arange(6) / 10)
    assert source.pull(0.0) is None


@pytest.mark.parametrize("burst", [1, 8])
def test_without_stamps_bursts_and_late_calls_are_no_gaps_and_lost_samples_are(burst):
    decoder: Any = SignDecoder(rate_hz=100.0, window=SlidingAverage(0.5, 0.5))
    clock = VirtualClock(50.0)
    rng = np.random.default_rng(1)
    source = PushSource(decoder.info(rate_hz=100.0), clock=clock)
    engine = Engine(decoder, source, clock=clock)
    with engine:
        due_s, late_s = clock.now(), 0.0
        for number in range(400):
            due_s += 0.05 * 1.0001  # five samples of a clock that drifts
            if number % burst == 0:
                late_s = rng.uniform(0, 0.03)
            clock.sleep(due_s + (burst - 1 - number % burst) * 0.05 + late_s - clock.now())
            if not 200 <= number < 220:  # a second is lost
                source.push(rng.uniform(-1, 1, (5, 2)))
            if number % burst == burst - 1:
                engine.turn(0.0)
        lost = engine.losses
    assert lost["lost"] == pytest.approx(100, abs=2)
    assert lost["duplicated"] <= 2  # where the first burst was late
    assert not any(n for name, n in lost.items() if name not in ("lost", "duplicated", "abstained"))


def test_what_is_pushed_may_be_overwritten_afterwards():
    source, _ = opened()
    memory = ROWS.astype(np.float32)
    source.push(memory)
    memory[:] = 0
    source.end()
    chunk = source.pull(1.0)
    assert chunk is not None
    np.testing.assert_array_equal(chunk.samples, ROWS)


@pytest.mark.parametrize(
    ("rows", "stamps", "error", "said"),
    [
        (np.zeros((3, 4)), None, ShapeError, r"expected \(n_samples, 2\), got shape \(3, 4\)"),
        (ROWS, [1000.0, 1000.1], ShapeError, "one for each of 5 samples"),
        (ROWS[:2], [1000.1, 1000.0], InputError, "1000.000000 s after 1000.100000 s"),
        (ROWS[:1], [999.0], InputError, "after 999.500000 s"),
        (ROWS[:1], [np.nan], InputError, "finite"),
        (ROWS[:1], [1.8e9], InputError, r"is it time.time\(\)"),
    ],
)
def test_samples_that_cannot_be_are_refused(rows, stamps, error, said):
    source, _ = opened()
    source.push(ROWS[:1], [999.5])
    with pytest.raises(error, match=said):
        source.push(rows, stamps)
    chunk = source.pull(0.0)
    assert chunk is not None
    assert len(chunk.samples) == 1


def test_markers_of_another_clock_are_refused():
    source, _ = opened()
    source.mark("left", 999.0, 2.0)
    source.mark("right")
    with pytest.raises(InputError, match="stamp_s"):
        source.mark("late", 1.8e9)
    assert [one[:3] for one in source.markers()] == [("left", 999.0, 2.0), ("right", 1000.0, None)]
    assert source.markers() == []


def test_what_nobody_takes_is_lost_from_the_oldest_on():
    source, _ = opened(buffer_s=1.0)
    for number in range(30):
        source.push(ROWS[:1] + number, [999.0 + number / 10])
    chunk = source.pull(0.0)
    assert chunk is not None
    np.testing.assert_allclose(chunk.stamps, 1001.0 + np.arange(10) / 10)


def test_it_ends_when_all_was_taken_and_takes_nothing_while_closed():
    source, _ = opened()
    source.push(ROWS)
    source.end()
    assert source.pull(1.0) is not None
    with pytest.raises(EndOfStream):
        source.pull(1.0)
    source.close()
    with pytest.raises(StreamLostError):
        source.pull(0.0)


def test_an_engine_decides_on_what_a_thread_pushes_with_gaps_found():
    decoder: Any = SignDecoder(rate_hz=100.0)
    source = PushSource(decoder.info(rate_hz=100.0))

    def device() -> None:
        start_s = local_clock()
        for first in range(0, 300, 10):
            while local_clock() < start_s + first / 100:
                time.sleep(0.001)
            if first == 50:
                source.mark("go", start_s + 0.5)
            if not 200 <= first < 220:
                stamps = start_s + np.arange(first, first + 10) / 100
                source.push(np.random.default_rng(first).uniform(0.1, 1.0, (10, 2)), stamps)
        source.end()

    with Engine(decoder, source) as engine:
        Thread(target=device, daemon=True).start()
        decisions = list(engine)
    assert [(one.label, one.answer, one.present) for one in decisions] == [("go", "up", 1.0)]
    assert engine.losses["lost"] == 20
