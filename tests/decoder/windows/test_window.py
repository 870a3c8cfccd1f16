from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_arrays
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.steps import Lag, run_steps
from hotwire.decoder.windows import BlockAverage, EventWindow, RunningAverage, WindowRow, windows
from hotwire.errors import InputError, RecordingError

RATE_HZ = 0.4


def recording(onset_s: list[float], duration_s: list[float], n: int = 40, run: list | None = None) -> Recording:
    X = np.random.default_rng(0).normal(size=(n, 3))
    label = np.array([f"label {i}" for i in range(len(onset_s))])
    events = Events(np.array(run or [1] * len(onset_s)), np.array(onset_s), np.array(duration_s), label, label)
    return read_arrays(X, RATE_HZ, run=[1] * (n // 2) + [2] * (n - n // 2) if run else 1, events=events)


def test_block_average() -> None:
    r = recording([15.0, 40.0], [22.5, 10.0])
    trials = windows(BlockAverage(), r)
    np.testing.assert_allclose(trials.X[0], r.data[6:15].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(trials.X[1], r.data[16:20].mean(axis=0), atol=1e-6)
    assert trials.label.tolist() == ["label 0", "label 1"]
    assert trials.event.tolist() == [0, 1]
    assert trials.stimulus is not None
    assert trials.stimulus.tolist() == trials.label.tolist()
    np.testing.assert_allclose(trials.start_s, [15.0, 40.0])
    np.testing.assert_allclose(trials.stop_s, [37.5, 50.0])
    assert len(trials.left_out) == 0


def test_a_window_relative_to_the_onset() -> None:
    r = recording([15.0], [0.0])
    trials = windows(BlockAverage(start_s=-5.0, stop_s=5.0), r)
    np.testing.assert_allclose(trials.X[0], r.data[4:8].mean(axis=0), atol=1e-6)


def test_running_average() -> None:
    r = recording([15.0], [22.5])
    trials = windows(RunningAverage(max_samples=4), r)
    assert len(trials) == 9
    for row, newest in enumerate(range(6, 15)):
        expected = r.data[max(6, newest - 3) : newest + 1].mean(axis=0)
        np.testing.assert_allclose(trials.X[row], expected, atol=1e-6)
        assert trials.stop_s[row] == pytest.approx((newest + 1) * 2.5)


def test_runs_do_not_mix() -> None:
    r = recording([0.0, 0.0], [10.0, 10.0], run=[2, 1])
    trials = windows(BlockAverage(), r)
    assert trials.run.tolist() == [1, 2]
    assert trials.event.tolist() == [1, 0]
    np.testing.assert_allclose(trials.X, [r.data[0:4].mean(axis=0), r.data[20:24].mean(axis=0)], atol=1e-6)


def test_windows_that_the_run_does_not_hold() -> None:
    r = recording([2.5, 90.0, 40.0], [10.0, 20.0, 5.0])
    with pytest.raises(
        RecordingError, match=r"run 1: event 1: its window is samples 36 to 43, but the run ends after 40"
    ):
        windows(BlockAverage(), r)
    trials = windows(BlockAverage(incomplete="drop"), r)
    assert trials.event.tolist() == [0, 2]
    assert trials.left_out.tolist() == [1]
    trials = windows(BlockAverage(incomplete="partial"), r)
    assert trials.event.tolist() == [0, 2, 1]
    np.testing.assert_allclose(trials.X[2], r.data[36:40].mean(axis=0), atol=1e-6)
    with pytest.raises(RecordingError, match=r"event 0: its window \[-2.5, 12.5\) s begins before the run"):
        windows(BlockAverage(start_s=-5.0), r)
    assert windows(BlockAverage(start_s=-5.0, incomplete="drop"), r).left_out.tolist() == [0, 1]
    with pytest.raises(RecordingError, match="the run ends after 40"):
        windows(RunningAverage(), r)
    assert np.sum(windows(RunningAverage(incomplete="partial"), r).event == 1) == 4


def test_an_event_that_a_lag_pushed_out_of_the_run_is_reported() -> None:
    r = run_steps([Lag(lag_s=5.0)], recording([97.5, 20.0], [2.5, 5.0]))
    with pytest.raises(RecordingError, match="samples 39 to 39, but the run ends after 38"):
        windows(BlockAverage(), r)
    for policy in ("drop", "partial"):
        trials = windows(BlockAverage(incomplete=policy), r)
        assert (trials.event.tolist(), trials.left_out.tolist()) == ([1], [0])


def test_wrong_settings_and_empty_windows() -> None:
    with pytest.raises(InputError, match=r"no sample lies in its window \[15, 15\) s"):
        windows(BlockAverage(), recording([15.0], [0.0]))
    with pytest.raises(InputError, match="stop_s"):
        BlockAverage(start_s=2.0, stop_s=2.0)
    with pytest.raises(InputError, match="one of error, drop, partial"):
        BlockAverage(incomplete="ignore")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one of error, partial, got 'drop'"):
        RunningAverage(incomplete="drop")
    with pytest.raises(InputError, match="max_samples"):
        RunningAverage(max_samples=0)
    assert windows(BlockAverage(), recording([], [])).X.shape == (0, 3)


def as_bytes(rows: Iterable[WindowRow]) -> list[tuple]:
    return [(row.event, row.first, row.stop, row.x.tobytes()) for row in rows]


@settings(max_examples=150)
@given(data=st.data())
def test_chunks_and_the_time_of_announcing_change_nothing(data: st.DataObject) -> None:
    n = 50
    X = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    window: EventWindow = data.draw(
        st.sampled_from(
            [
                BlockAverage(incomplete="partial"),
                BlockAverage(stop_s=12.0, incomplete="drop"),
                BlockAverage(start_s=-5.0, stop_s=7.5, incomplete="partial"),
                RunningAverage(max_samples=3, incomplete="partial"),
            ]
        )
    )
    times = st.tuples(st.floats(0, 120), st.floats(2.5, 40))
    events = data.draw(st.lists(times, max_size=6))
    whole = window.open(2, RATE_HZ)
    for i, (onset_s, duration_s) in enumerate(events):
        whole.announce(i, onset_s, duration_s)
    expected = whole.push(X) + whole.finish()

    cuts = sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=20))})
    state = window.open(2, RATE_HZ, history_s=200.0)
    waiting = list(enumerate(events))
    rows = []
    for first, stop in pairwise(cuts):
        for one in list(waiting):
            i, (onset_s, duration_s) = one
            last = onset_s + (duration_s if window.stop_s is None else window.stop_s)
            late = data.draw(st.booleans()) and isinstance(window, BlockAverage)
            due = last if late else onset_s + window.start_s
            if due * RATE_HZ <= stop + 1:
                state.announce(i, onset_s, duration_s)
                waiting.remove(one)
        rows += state.push(X[first:stop])
    for i, (onset_s, duration_s) in waiting:
        state.announce(i, onset_s, duration_s)
    rows += state.finish()
    assert sorted(as_bytes(rows)) == sorted(as_bytes(expected))
    assert sorted(state.left_out) == sorted(whole.left_out)


def test_rows_come_as_soon_as_they_can() -> None:
    X = np.random.default_rng(0).normal(size=(10, 2))
    block, running = BlockAverage().open(2, 1.0), RunningAverage().open(2, 1.0)
    for state in (block, running):
        state.announce(0, 2.0, 3.0)
    came = [(len(block.push(X[i : i + 1])), len(running.push(X[i : i + 1]))) for i in range(6)]
    assert came == [(0, 0), (0, 0), (0, 1), (0, 1), (1, 1), (0, 0)]


def test_an_event_announced_later_than_the_history_reaches() -> None:
    X = np.zeros((100, 2))
    state = BlockAverage().open(2, 1.0, history_s=10.0)
    state.push(X)
    state.announce(0, 90.0, 20.0)
    with pytest.raises(RecordingError, match="begins at sample 89, but only samples from 90 on"):
        state.announce(1, 89.0, 20.0)
