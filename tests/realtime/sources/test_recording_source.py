from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder import Events, Recording
from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.clock import SystemClock, VirtualClock
from hotwire.realtime.sources.recording_source import RecordingSource, random_cuts
from hotwire.realtime.sources.source import Chunk, EndOfStream, Marker

N_SAMPLES = 57
RATE_HZ = 100.0


def make_recording() -> Recording:
    return Recording(
        data=np.random.default_rng(0).normal(size=(2 * N_SAMPLES, 3)).astype(np.float32),
        rate_hz=RATE_HZ,
        feature_names=("a", "b", "c"),
        run=np.repeat(["one", "two"], N_SAMPLES),
        events=Events(
            np.array(["two", "one", "two", "two"]),
            np.array([0.1, 0.2, 0.3, 0.555]),
            np.array([0.0, 1.0, 2.0, 0.25]),
            np.array(["x", "y", "z", "x"]),
        ),
        unit=("V", "V", "T"),
    )


RECORDING = make_recording()


def played(source: RecordingSource, timeout_s: float = 0.05) -> tuple[list[Chunk], list[Marker], int]:
    """Return chunks and markers, and how many pulls brought nothing."""
    source.open(0.0)
    chunks, markers, n_empty = [], [], 0
    while True:
        try:
            chunk = source.pull(timeout_s)
        except EndOfStream:
            return chunks, markers + source.markers(), n_empty
        markers += source.markers()
        n_empty += chunk is None
        chunks += [] if chunk is None else [chunk]


def test_the_stream_is_the_recording() -> None:
    source = RecordingSource(RECORDING, VirtualClock(1e5), "two")
    info = source.open(1.0)
    assert (info.channel_names, info.units, info.rate_hz) == (("a", "b", "c"), ("V", "V", "T"), 100.0)
    assert "two" in info.source_id
    chunks, markers, _ = played(source)
    np.testing.assert_array_equal(np.concatenate([c.samples for c in chunks]), RECORDING.data[N_SAMPLES:])
    np.testing.assert_array_equal(np.concatenate([c.stamps for c in chunks]), 1e5 + np.arange(N_SAMPLES) / 100)
    assert [len(c.samples) for c in chunks] == [2] * 28 + [1]
    assert [(m.label, m.stamp_s, m.duration_s) for m in markers] == [
        ("x", 1e5 + 0.1, 0.0),
        ("z", 1e5 + 0.3, 2.0),
        ("x", 1e5 + 0.555, 0.25),
    ]


def test_nothing_comes_before_its_time() -> None:
    chunks, markers, _ = played(RecordingSource(RECORDING, VirtualClock(5.0), "two"), timeout_s=0.003)
    for chunk in chunks:
        assert chunk.received_s == pytest.approx(chunk.stamps[-1], abs=1e-9)
    for marker in markers:
        assert 0 <= marker.received_s - marker.stamp_s <= 0.003 + 1e-9


@pytest.mark.parametrize(("speed", "duration_s"), [(2.0, 0.28), (math.inf, 0.0)])
def test_faster_is_sooner_with_the_same_stamps(speed: float, duration_s: float) -> None:
    clock = VirtualClock(1.0)
    chunks, markers, _ = played(RecordingSource(RECORDING, clock, "two", speed=speed))
    np.testing.assert_array_equal(np.concatenate([c.stamps for c in chunks]), 1 + np.arange(N_SAMPLES) / 100)
    assert chunks[-1].received_s == pytest.approx(1 + duration_s)
    assert len(markers) == 3


@given(st.integers(0, 10_000), st.floats(-0.2, 0.0), st.floats(0.0, 0.3), st.sampled_from([0.0, 0.001, 0.05, 10.0]))
def test_cut_anew_it_stays_the_same(seed: int, early_s: float, late_s: float, timeout_s: float) -> None:
    clock = VirtualClock(7.0)
    delay_s = (early_s, late_s)
    source = RecordingSource(RECORDING, clock, "two", seed=seed, marker_delay_s=delay_s)
    chunks, markers, _ = played(source, timeout_s) if timeout_s else played_late(source, clock)
    np.testing.assert_array_equal(np.concatenate([c.samples for c in chunks]), RECORDING.data[N_SAMPLES:])
    np.testing.assert_array_equal(np.concatenate([c.stamps for c in chunks]), 7 + np.arange(N_SAMPLES) / 100)
    stamps = np.array([m.stamp_s for m in markers])
    np.testing.assert_allclose(sorted(stamps), [7.1, 7.3, 7.555])
    if timeout_s:
        assert all(m.received_s >= max(7.0, m.stamp_s + early_s) - 1e-9 for m in markers)


def played_late(source: RecordingSource, clock: VirtualClock) -> tuple[list[Chunk], list[Marker], int]:
    """Let all of it be due before the first pull."""
    source.open(0.0)
    clock.advance(100.0)
    chunks = []
    while True:
        try:
            chunk = source.pull(0.0)
        except EndOfStream:
            return chunks, source.markers(), 0
        chunks += [] if chunk is None else [chunk]


def test_a_seed_cuts_always_alike_and_another_differently() -> None:
    def sizes(seed: int) -> list[int]:
        return [len(c.samples) for c in played(RecordingSource(RECORDING, VirtualClock(), "two", seed=seed))[0]]

    assert sizes(3) == sizes(3)
    assert len({tuple(sizes(seed)) for seed in range(20)}) > 10


def test_cuts_are_of_all_sizes() -> None:
    sizes = [np.diff([0, *random_cuts(100, np.random.default_rng(seed))]) for seed in range(100)]
    assert all(cuts.sum() == 100 for cuts in sizes)
    assert {0, 1, 2, 10} <= {int(size) for cuts in sizes for size in cuts}
    assert min(len(cuts) for cuts in sizes) <= 3
    assert max(len(cuts) for cuts in sizes) >= 100


def test_markers_overtake_one_another() -> None:
    orders = set()
    for seed in range(20):
        source = RecordingSource(RECORDING, VirtualClock(), "two", seed=seed, marker_delay_s=(-0.3, 0.3))
        orders.add(tuple(round(m.stamp_s, 3) for m in played(source, 0.001)[1]))
    assert len(orders) > 2


def test_it_plays_in_real_time() -> None:
    clock = SystemClock()
    source = RecordingSource(RECORDING, clock, "two", speed=10.0)
    before = clock.now()
    chunks, _, _ = played(source)
    assert clock.now() - before >= 0.056
    assert all(chunk.received_s >= before + i * 0.002 for i, chunk in enumerate(chunks))


def test_what_it_does_not_take() -> None:
    with pytest.raises(InputError, match="run: expected one of one, two"):
        RecordingSource(RECORDING, VirtualClock())
    with pytest.raises(UnknownNameError, match="unknown run 'three'"):
        RecordingSource(RECORDING, VirtualClock(), "three")
    with pytest.raises(InputError, match="speed: expected a positive number"):
        RecordingSource(RECORDING, VirtualClock(), "two", speed=0.0)
    with pytest.raises(InputError, match="marker_delay_s: expected the least first"):
        RecordingSource(RECORDING, VirtualClock(), "two", marker_delay_s=(1.0, 0.0))
