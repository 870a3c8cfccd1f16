"""Cues: how often, in which order; and the small parts that a calibration is made of."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.readers import read_xdf
from hotwire.decoder.steps import Lag, Reference
from hotwire.decoder.windows import BlockAverage
from hotwire.errors import InputError, RecordingError, StreamLostError, StreamNotFoundError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.console.calibration.collector import Collector
from hotwire.realtime.console.calibration.cues import (
    MAX_IN_A_ROW,
    MIN_BLOCKS,
    MIN_TRIALS,
    TRIALS_PER_BLOCK,
    Timing,
    schedule,
)
from hotwire.realtime.console.calibration.signal_check import signal_faults
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.outputs.block_recorder import BlockRecorder
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.cued_source import CuedSource, read_cue
from hotwire.realtime.sources.scripted import Appears, At, Disappears, Samples, ScriptedSource, Silence, chunked
from hotwire.realtime.sources.simulated_participant import MU_HZ, RATE_HZ, Eeg
from hotwire.realtime.sources.source import Chunk, Marker, StreamInfo

INFO = StreamInfo("amp", "EEG", "amp-1", ("C3", "Cz"), ("uV", "uV"), 100.0)


@given(st.integers(2, 6), st.integers(MIN_TRIALS, 40), st.integers(0, 1000))
def test_cues_are_balanced_and_no_row_is_long(n_labels: int, n_per_class: int, seed: int) -> None:
    labels = [f"word {i}" for i in range(n_labels)]
    blocks = schedule(labels, n_per_class, seed=seed)
    assert len(blocks) >= MIN_BLOCKS
    for block in blocks:
        counts = Counter(block)
        assert set(counts) == set(labels)
        assert len(set(counts.values())) == 1
        assert 1 <= counts[labels[0]] <= TRIALS_PER_BLOCK
    cues = [label for block in blocks for label in block]
    assert Counter(cues) == dict.fromkeys(labels, n_per_class)
    assert max(len(list(row)) for _, row in groupby(cues)) <= MAX_IN_A_ROW
    assert blocks == schedule(labels, n_per_class, seed=seed)


def test_every_order_comes_up() -> None:
    """With 20 cues, 100 seeds give 100 orders, and each place has each label equally often."""
    orders = [[cue for block in schedule(["left", "right"], 10, seed=seed) for cue in block] for seed in range(400)]
    assert len({tuple(order) for order in orders[:100]}) > 95
    share = (np.array(orders) == "left").mean(axis=0)
    assert share.min() > 0.4
    assert share.max() < 0.6


@pytest.mark.parametrize(
    ("labels", "n", "message"),
    [
        (["left"], 10, "two or more"),
        (["left", "left"], 10, "each once"),
        ([], 10, "got none"),
        (["left", "right"], 3, "at least 4, got 3"),
    ],
)
def test_what_makes_no_schedule(labels: list[str], n: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        schedule(labels, n)


@pytest.mark.parametrize("name", ["cue_s", "rest_s", "ready_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_times_are_above_0(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name}: expected seconds above 0"):
        Timing(**{name: value})


def script(*more: At) -> list[At]:
    return sorted([*chunked(np.arange(60.0).reshape(30, 2), rate_hz=100.0), *more])


def test_a_source_stays_connected_and_forgets_the_break() -> None:
    clock = VirtualClock()
    source = CuedSource(ScriptedSource(INFO, script(), clock))
    source.open(1.0)
    first = source.pull(0.05)
    assert first is not None
    assert source.newest_stamp_s == first.stamps[-1]
    source.close()
    clock.sleep(0.1)
    source.cue(Marker("left", 0.1, 0.3, 0.1))
    assert source.open(1.0) is INFO
    assert source.newest_stamp_s >= 0.1  # what piled up was taken
    assert [marker.label for marker in source.markers()] == ["left"]
    assert source.markers() == []
    after = source.pull(0.05)
    assert after is not None
    assert after.stamps[0] > 0.1
    source.end()
    with pytest.raises(StreamLostError):
        source.pull(0.0)


def test_a_source_lost_in_the_break_is_searched_for() -> None:
    clock = VirtualClock()
    rows = np.ones((1, 2), np.float32)
    lost = [At(0.2, Disappears()), At(0.5, Appears()), At(0.6, Samples(rows, np.array([0.6]))), At(1.0, Silence())]
    source = CuedSource(ScriptedSource(INFO, [*chunked(np.zeros((10, 2)), 100.0), *lost], clock))
    source.open(1.0)
    source.close()
    clock.sleep(0.3)
    with pytest.raises(StreamNotFoundError, match="in the break"):
        source.open(0.1)
    assert source.open(1.0) is INFO
    chunk = source.pull(1.0)
    assert chunk is not None
    assert chunk.stamps.tolist() == [0.6]


def test_cues_can_be_read() -> None:
    assert read_cue('{"label": "left", "duration_s": 0.5}') == ("left", 0.5)


def test_blocks_become_runs_and_only_whole_trials_events(tmp_path: Path) -> None:
    recorder = BlockRecorder(tmp_path / "raw.xdf")
    rng = np.random.default_rng(0)
    for start_s in (100.0, 105.0):
        recorder.open(INFO)
        stamps = start_s + np.arange(200) / 100.0
        recorder.write(Chunk(rng.normal(size=(200, 2)).astype(np.float32), stamps, stamps[-1]))
        for label, at_s in (("left", 0.5), ("right", 1.0)):
            marker = Marker(label, start_s + at_s, 0.3, start_s + at_s)
            recorder.marker(marker)
            if label == "left":
                recorder.write_marker(marker)
        recorder.close()
    recorder.end()
    recording = read_xdf(tmp_path / "raw.xdf")
    assert recording.run_lengths() == {1: 200, 2: 200}
    assert recording.events.label.tolist() == ["left", "left"]
    np.testing.assert_allclose(recording.events.onset_s, 0.5)
    np.testing.assert_allclose(recording.events.duration_s, 0.3)


def test_a_full_disk_ends_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = BlockRecorder(tmp_path / "raw.xdf")
    recorder.open(INFO)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hotwire.realtime.outputs.xdf.append_whole", full)
    with pytest.raises(RecordingError, match=r"No space left on device.*can be read"):
        recorder.write(Chunk(np.zeros((1, 2), np.float32), np.zeros(1), 0.0))


def test_a_collector_keeps_windows_as_they_were_cut() -> None:
    clock = VirtualClock()
    data = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    collector = Collector(INFO, ("Cz",), data[:, 1:], (), BlockAverage())
    source = CuedSource(ScriptedSource(INFO, chunked(data, 100.0, chunk_samples=7), clock))
    source.cue(Marker("left", 0.2, 0.3, 0.2))
    settings = LiveSettings(channels="by name", min_present=1.0)
    engine_decoder: object = collector
    with Engine(engine_decoder, source, settings, clock=clock) as engine:  # type: ignore[arg-type]
        decisions = list(engine)
    assert [one.label for one in decisions] == ["left"]
    np.testing.assert_allclose(collector.rows, [data[20:50, 1:].mean(axis=0)], rtol=1e-6)
    assert Collector(INFO, ("Cz",), data[:, 1:], (Lag(lag_samples=3),), BlockAverage()).delay_s == 0.03
    with pytest.raises(InputError, match=r"steps\[0\] \(Reference\): unknown channel 'Oz'"):
        Collector(INFO, ("Cz",), data[:, 1:], (Reference(["Oz"]),), BlockAverage())


def test_faults_of_a_signal() -> None:
    wave = np.random.default_rng(0).normal(size=(200, 4))
    wave[:, 1] = 3.0
    wave[:, 2] = np.clip(wave[:, 2], -np.inf, 1.0)
    wave[5, 3] = np.nan
    assert signal_faults(wave, "abcd") == {"b": "flat", "c": "saturated", "d": "not finite"}
    assert signal_faults(wave[:, :1], "a") == {}


def test_the_simulated_rhythm_falls_on_the_other_side() -> None:
    eeg = Eeg(["left", "right"], seed=1)
    assert eeg.channels == ("C3", "C4", "Cz")

    def mu(label: str | None) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(eeg.samples(4000, label), axis=0)) ** 2
        hz = np.fft.rfftfreq(4000, 1 / RATE_HZ)
        return spectrum[np.abs(hz - MU_HZ) < 2].mean(axis=0)

    rest, left, right = mu(None), mu("left"), mu("right")
    np.testing.assert_allclose(left / rest, [1, 1 / 16, 1], rtol=0.5)
    np.testing.assert_allclose(right / rest, [1 / 16, 1, 1], rtol=0.5)
    assert len(Eeg(list("abcde")).channels) == 5
    one, other = Eeg(["a", "b"], 3), Eeg(["a", "b"], 3)
    np.testing.assert_array_equal(
        one.samples(50, "a"), np.concatenate([other.samples(20, "a"), other.samples(30, "a")])
    )
