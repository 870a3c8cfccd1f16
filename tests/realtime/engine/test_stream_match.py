"""A stream of another rate, other units and other channels decides as a recording that was brought to the decoder's."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.steps import Resample, run_steps
from hotwire.decoder.windows import windows
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
from hotwire.realtime.sources.source import Marker, StreamInfo

from ..scenes import RATE_HZ, decoder
from ..small import Kept

STREAM_HZ, N_SAMPLES = 125.0, 2500
ROWS = np.random.default_rng(5).uniform(-1e-6, 1e-6, (N_SAMPLES, 6)).astype(np.float32)
ONSETS_S = np.arange(1.0, 18.0, 2.0)
TAKEN = [4, 0, 2, 5]


@pytest.mark.parametrize("chunk", [7, 50])
def test_it_decides_as_offline(chunk):
    fitted, kept = decoder(), Kept()
    info = StreamInfo("amp", "EEG", "a", tuple("ABCDEF"), ("V",) * 6, STREAM_HZ)
    script = [
        At(stop / STREAM_HZ, Samples(ROWS[first:stop], np.arange(first, stop) / STREAM_HZ))
        for first in range(0, N_SAMPLES, chunk)
        for stop in [min(first + chunk, N_SAMPLES)]
    ]
    marks = [At(onset + 0.2, Marker("go", onset, None, 0.0)) for onset in ONSETS_S.tolist()]
    clock = VirtualClock()
    source = ScriptedSource(info, sorted([*script, *marks], key=lambda at: at.time_s), clock)
    named = {name: "ABCDEF"[index] for name, index in zip(fitted.feature_names, TAKEN, strict=True)}
    settings = LiveSettings(channels=named, units="convert", rate="resample")
    with Engine(fitted, source, settings, outputs=[kept], clock=clock) as engine:  # type: ignore[arg-type]
        list(engine)
    in_microvolts = (ROWS[:, TAKEN] * 1e6).astype(np.float32)
    n = len(ONSETS_S)
    events = Events(np.ones(n, int), ONSETS_S, np.zeros(n), np.full(n, "go"))
    offline = Recording(in_microvolts, STREAM_HZ, fitted.feature_names, np.ones(N_SAMPLES, int), events)
    stepped = run_steps([Resample(RATE_HZ), *fitted.steps], offline)
    expected = [fitted.decide(x).probabilities for x in windows(fitted.window, stepped).X]
    assert len(kept.decisions) == len(ONSETS_S)
    for one, probabilities, onset in zip(kept.decisions, expected, ONSETS_S.tolist(), strict=True):
        np.testing.assert_array_equal(list(one.probabilities.values()), probabilities)
        assert one.start_s == pytest.approx(onset)
        assert one.start_stamp_s == pytest.approx(onset, abs=1e-6)
        assert 0 <= one.latency.age_s < 2 * chunk / STREAM_HZ
