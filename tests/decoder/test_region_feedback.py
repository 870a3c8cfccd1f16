"""A region's change against its baseline, compared with sums written out by hand."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.region_feedback import Baseline, RegionChanges, region_changes, region_signal
from hotwire.errors import InputError, RecordingError

RNG = np.random.default_rng(2)


def recording(data: np.ndarray, events: Events | None = None, names: tuple[str, ...] | None = None) -> Recording:
    names = names or tuple(f"voxel_0_0_{i}" for i in range(data.shape[1]))
    return Recording(data.astype(np.float32), 0.5, names, np.ones(len(data), int), events or Events.none())


def blocks(*rows: tuple[float, float, str]) -> Events:
    onset, duration, label = zip(*rows, strict=True)
    return Events(np.ones(len(rows), int), np.array(onset), np.array(duration), np.array(label))


def test_a_sliding_baseline_is_the_mean_of_the_samples_before() -> None:
    data = 1000 + RNG.normal(size=(20, 5))
    found = region_changes(recording(data), Baseline(window_s=8.0))
    mean = data.astype(np.float32).astype(np.float64).mean(axis=1)
    assert isnan(found[0].percent)
    assert found[0].why == "nothing came before"
    for k in range(1, 20):
        before = mean[max(0, k - 4) : k].mean()
        assert found[k].percent == pytest.approx(100 * (mean[k] / before - 1), rel=1e-9)


def test_a_protocol_s_baseline_is_the_newest_block_that_is_over_without_its_beginning() -> None:
    events = blocks((0, 20, "rest"), (20, 20, "work"), (40, 20, "rest"), (60, 20, "work"))
    data = 500 + RNG.normal(size=(40, 3))
    found = region_changes(recording(data, events), Baseline(labels=["rest"], skipped_s=6.0))
    mean = data.astype(np.float32).astype(np.float64).mean(axis=1)
    for k, one in enumerate(found):
        if k < 10:  # 20 s
            assert one.why == "no block of the baseline is over yet"
            assert isnan(one.percent)
        else:  # its samples begin at 6 s: those at 6, 8, ... 18 s
            used = mean[3:10] if k < 30 else mean[23:30]
            assert one.percent == pytest.approx(100 * (mean[k] / used.mean() - 1), rel=1e-9)


@pytest.mark.parametrize("off", [-2e-7, 0.0, 2e-7])
def test_the_last_bits_of_stamps_move_no_block(off: float) -> None:
    region = RegionChanges(Baseline(labels=["rest"], skipped_s=3 * 1.97), 1 / 1.97)
    region.announce("rest", 2.0 + off, 5 * 1.97)
    found = [region.push(100.0 + k) for k in range(9)]
    assert [one.baseline for one in found[:7]] == pytest.approx([np.nan] * 7, nan_ok=True)
    assert [one.baseline for one in found[7:]] == [105.5, 105.5]


def test_a_block_without_a_duration_lasts_until_the_next_event() -> None:
    region = RegionChanges(Baseline(labels=["rest"], skipped_s=2.0), 1.0)
    assert isnan(RegionChanges(Baseline(labels=["rest"]), 1.0).push(90.0).percent)  # no event has come at all
    region.announce("rest", 0.0, 0.0)
    signals = [100.0, 110.0, 120.0, 130.0]
    assert all(isnan(region.push(one).percent) for one in signals)
    region.announce("work", 4.0, 0.0)
    assert region.push(150.0) == (20.0, 150.0, 125.0, None)
    region.announce("rest", 5.0, 0.0)
    assert region.push(0.0).baseline == 125.0  # the new block is not over


def test_missing_samples_are_left_out_and_keep_their_time() -> None:
    region = RegionChanges(Baseline(window_s=3.0), 1.0)
    region.push(100.0)
    region.skip(1)
    assert region.push(float("nan")).why == "the region's signal is missing"
    assert region.push(110.0).percent == pytest.approx(10.0)  # of the three before, one is there
    assert region.push(90.0).baseline == 110.0


def test_a_baseline_of_nothing_is_not_divided_by() -> None:
    region = RegionChanges(Baseline(window_s=3.0), 1.0)
    region.push(0.0)
    assert "outside the head" in str(region.push(1.0).why)


def test_a_region_with_a_missing_voxel_has_no_signal_and_motion_is_none_of_it() -> None:
    assert isnan(region_signal(np.array([1.0, np.nan], np.float32)))
    data = np.array([[100.0, 0.5], [101.0, 0.7]])
    found = region_changes(recording(data, names=("voxel_1_1_1", "trans_x")), Baseline(window_s=4.0))
    assert found[1].percent == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "expected either window_s or labels"),
        ({"window_s": 5.0, "labels": ["rest"]}, "expected either"),
        ({"window_s": 0.0}, "window_s: expected seconds above 0"),
        ({"labels": "rest"}, "labels: expected a list"),
        ({"labels": ["rest"], "skipped_s": -1.0}, "skipped_s"),
    ],
)
def test_wrong_baselines(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Baseline(**given)


def test_a_window_shorter_than_a_volume_is_refused() -> None:
    with pytest.raises(InputError, match="window_s: expected at least one sample, 2 s at"):
        RegionChanges(Baseline(window_s=0.5), 0.5)


def test_labels_that_never_occur_and_recordings_without_voxels() -> None:
    data = np.ones((4, 1))
    with pytest.raises(RecordingError, match="expected one of the events' work, got rest"):
        region_changes(recording(data, blocks((0, 2, "work"))), Baseline(labels=["rest"]))
    with pytest.raises(RecordingError, match="expected voxels among the features"):
        region_changes(recording(data, names=("Cz",)), Baseline(window_s=2.0))
