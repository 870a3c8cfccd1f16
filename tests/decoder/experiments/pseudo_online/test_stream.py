"""Runs as they would have come: the windows, and when each was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder import DecisionRule, Recording, Settings
from hotwire.decoder.experiments.pseudo_online.stream import (
    StreamWindow,
    check_streams,
    delays_s,
    sliding_window,
    stream_windows,
)
from hotwire.decoder.steps import Detrend, ExponentialBaseline, Lag, Step, open_chain, run_steps
from hotwire.decoder.steps.resample import Resample
from hotwire.decoder.windows import BlockAverage, Epoch, RunningAverage, SlidingAverage, SlidingEpoch, Window, windows
from hotwire.errors import InputError, RecordingError

CHAINS: list[tuple[Step, ...]] = [(), (ExponentialBaseline(5.0), Lag(0.3)), (Resample(10.0), Lag(0.2))]
SLIDING: list[Window] = [SlidingAverage(1.0, 0.4), SlidingEpoch(1.0, 0.4), SlidingEpoch(1.0, 0.2, bin_s=0.2)]


def played(recording: Recording, steps: tuple[Step, ...], window: Window, run: int = 0) -> list[StreamWindow]:
    waiting_s = delays_s(Settings("second", steps, BlockAverage(0.0, 1.0)), recording).waiting
    return list(stream_windows(run_steps(steps, recording), window, run, waiting_s))


@pytest.mark.parametrize("steps", CHAINS, ids=str)
@pytest.mark.parametrize("window", [*SLIDING, BlockAverage(0.0, 1.0), Epoch(-0.2, 1.0)], ids=str)
def test_rows_are_those_of_the_whole_run(
    streams: Callable[..., Recording], steps: tuple[Step, ...], window: Window
) -> None:
    recording = streams(n_runs=2, n_events=3)
    whole = windows(window, run_steps(steps, recording))
    found = [one for run in recording.runs for one in played(recording, steps, window, run)]
    assert np.array([one.row.x for one in found]).tobytes() == whole.X.tobytes()
    assert [one.row.event for one in found] == whole.event.tolist()
    assert [one.start_s for one in found] == whole.start_s.tolist()
    assert [one.stop_s for one in found] == whole.stop_s.tolist()


@pytest.mark.parametrize("steps", CHAINS, ids=str)
def test_a_window_is_there_with_the_sample_that_completes_it(
    streams: Callable[..., Recording], steps: tuple[Step, ...]
) -> None:
    recording = streams(n_runs=1, n_events=2)
    window = SlidingAverage(1.0, 0.4)
    chain = open_chain(steps, recording.feature_names, recording.rate_hz)
    state = window.open(len(chain.names_out), chain.rate_out_hz)
    came_s = []
    for i, sample in enumerate(recording.data):
        came_s += [i / recording.rate_hz for _ in state.push(chain.push(sample[None]))]
    there_s = [one.available_s for one in played(recording, steps, window)]
    assert np.allclose(there_s[: len(came_s)], came_s, atol=1e-9)
    assert len(came_s) >= len(there_s) - 1  # what steps hold back to the end comes with it


def test_delays_are_those_of_the_steps(streams: Callable[..., Recording]) -> None:
    delays = delays_s(Settings("second", (Lag(0.3),), BlockAverage(0.0, 1.0)), streams(n_runs=1))
    assert delays.waiting == pytest.approx(0.3)
    assert delays.until_there == pytest.approx(0.25)
    assert delays.group == 0


def test_a_rejected_window_says_so(streams: Callable[..., Recording]) -> None:
    recording = streams(n_runs=1, n_events=2)
    data = recording.data.copy()
    data[50, 3] = 1e3
    found = played(replace(recording, data=data), (), SlidingEpoch(1.0, 0.5, most=100.0))
    rejected = [one.row.first <= 50 < one.row.stop for one in found]
    assert [one.row.rejected is not None for one in found] == rejected
    assert sum(rejected) == 2


@pytest.mark.parametrize(
    ("window", "like"),
    [
        (BlockAverage(0.5, 3.5), SlidingAverage(3.0, 0.25)),
        (RunningAverage(0.0, 3.0, max_samples=10), SlidingAverage(0.5, 0.25)),
        (
            Epoch(-0.5, 1.0, bin_s=0.1, most=9.0, least=1.0),
            SlidingEpoch(1.5, 0.25, bin_s=0.1, most=9.0, least=1.0),
        ),
        (Epoch(0.5, 1.0, baseline_s=(-0.2, 0.0)), SlidingEpoch(0.5, 0.25, baseline_s=(-0.7, -0.5))),
    ],
)
def test_the_sliding_window_is_as_that_of_events(window: BlockAverage, like: Window) -> None:
    assert sliding_window(window, 0.25, 20.0) == like


def test_refuses_what_cannot_slide() -> None:
    with pytest.raises(InputError, match=r"every_s: expected at most 1.*got 2"):
        sliding_window(BlockAverage(0.0, 1.0), 2.0, 20.0)
    with pytest.raises(InputError, match="every_s"):
        sliding_window(BlockAverage(0.0, 1.0), 0.0, 20.0)


def test_refuses_what_no_stream_can_be_decided_with() -> None:
    with pytest.raises(InputError, match=r"Detrend needs the whole run.*ExponentialBaseline"):
        check_streams(Settings("second", (Detrend(1),), BlockAverage(0.0, 1.0)))
    with pytest.raises(InputError, match="stop_s"):
        check_streams(Settings("second", (), BlockAverage()))
    with pytest.raises(InputError, match="follows events"):
        check_streams(Settings("second", (), SlidingAverage(1.0, 0.5)))
    with pytest.raises(InputError, match=r"decision\.costs: expected none, .*give a threshold"):
        check_streams(Settings("second", (), BlockAverage(0.0, 1.0), decision=DecisionRule(costs={"a": 2.0})))


def test_a_window_beyond_the_run_is_named_with_the_run(streams: Callable[..., Recording]) -> None:
    with pytest.raises(RecordingError, match="run 1: event"):
        played(streams(n_runs=2), (), BlockAverage(0.0, 30.0), 1)
