"""An engine in the background: nobody waits for it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from pylsl import local_clock

from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import StreamNotFoundError
from hotwire.realtime.background import BackgroundEngine
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.push_source import PushSource
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource, Silence

from .small import SignDecoder

DECIDES_S = 0.2


class Slow(SignDecoder):
    """Thinks longer than a frame takes, outside the interpreter as a network does."""

    def decide(self, x: Any) -> Any:
        time.sleep(DECIDES_S)
        return super().decide(x)


def test_a_loop_that_draws_frames_never_waits_and_misses_no_decision():
    decoder: Any = Slow(rate_hz=100.0, window=SlidingAverage(0.1, 0.1))
    source = PushSource(decoder.info(source_id="a"))
    engine = Engine(decoder, source, LiveSettings(backlog="every"))
    taken, waits = [], []
    with BackgroundEngine(engine) as background:
        assert background.latest() is None
        begun_s = local_clock()
        for number in range(10):
            rows = np.random.default_rng(number).uniform(0.1, 1.0, (10, 2))
            source.push(rows if number % 2 else -rows, begun_s + np.arange(10 * number, 10 * number + 10) / 100)
            before = time.perf_counter()
            taken += background.decisions()
            newest = background.latest()
            waits.append(time.perf_counter() - before)
            assert newest is None or newest.number >= len(taken) - 1
        source.end()
        while not background.ended:
            time.sleep(0.01)
        taken += background.decisions()
        assert background.decisions() == []
        assert background.latest() is taken[-1]
    assert [one.number for one in taken] == list(range(10))
    assert [one.answer for one in taken] == ["down", "up"] * 5
    assert np.median(waits) < DECIDES_S / 10


def test_what_goes_wrong_in_the_background_is_raised_where_the_program_looks():
    decoder: Any = SignDecoder()
    clock = VirtualClock()
    rows = np.zeros((5, 2), np.float32)
    script = [At(0.5, Samples(rows, np.arange(5) / 10)), At(1.0, ZeroDivisionError("of a source")), At(2.0, Silence())]
    engine = Engine(decoder, ScriptedSource(decoder.info(), script, clock), clock=clock)
    with BackgroundEngine(engine) as background:
        while not background.ended:
            time.sleep(0.01)
        with pytest.raises(ZeroDivisionError, match="of a source"):
            background.latest()


def test_a_stream_that_is_not_there_is_said_at_once():
    decoder: Any = SignDecoder()
    clock = VirtualClock()
    source = ScriptedSource(decoder.info(), [At(1.0, Silence())], clock)
    source._there = False
    with pytest.raises(StreamNotFoundError), BackgroundEngine(Engine(decoder, source, clock=clock)):
        pass
