from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError, ShapeError
from hotwire.realtime.engine.quality import Quality

RATE_HZ = 20.0


def noise(n: int, n_channels: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (n, n_channels)).astype(np.float32)


def quality(n_channels: int, **changes: float) -> Quality:
    return Quality(n_channels, RATE_HZ, -np.ones(n_channels), np.ones(n_channels), **changes)


def test_good_channels_are_good_and_nothing_is_wrong_before_anything_came() -> None:
    watch = quality(3)
    assert watch.reasons() == {}
    watch.push(noise(100, 3))
    assert watch.reasons() == {}


def test_a_flat_channel_is_named_after_a_second_and_forgiven_at_once() -> None:
    watch = quality(2)
    rows = noise(60, 2)
    rows[10:, 1] = 0.25
    watch.push(rows[:29])
    assert watch.reasons() == {}
    watch.push(rows[29:30])
    assert watch.reasons() == {1: "flat"}
    watch.push(noise(1, 2))
    assert watch.reasons() == {}


def test_flat_needs_eight_samples_and_is_none_where_calibration_was_flat() -> None:
    watch = Quality(2, 0.4, np.array([-1.0, 3.0]), np.array([1.0, 3.0]))
    rows = np.column_stack([np.zeros(7), np.full(7, 3.0)])
    watch.push(rows)
    assert watch.reasons() == {}
    watch.push(rows[:1])
    assert watch.reasons() == {0: "flat"}


def test_a_saturated_channel_is_far_out_most_of_a_second() -> None:
    watch = quality(3)
    rows = noise(20, 3)
    rows[:11, 0] = 100 + np.arange(11)  # far outside
    rows[:, 1] *= 15  # loud, but within ten widths on either side
    rows[:10, 2] = -100 - np.arange(10)  # just half of the time
    watch.push(rows)
    assert watch.reasons() == {0: "saturated"}
    watch.push(noise(1, 3))
    assert watch.reasons() == {}


def test_a_channel_stuck_at_its_extreme_is_saturated_not_flat() -> None:
    watch = quality(2)
    watch.push(np.column_stack([np.full(20, 1.5), np.full(20, 0.5)]))
    assert watch.reasons() == {0: "saturated", 1: "flat"}


def test_what_is_not_finite_is_named() -> None:
    watch = quality(2)
    rows = noise(5, 2)
    rows[4, 1] = np.nan
    watch.push(rows)
    assert watch.reasons() == {1: "not finite"}


@given(cuts=st.lists(st.integers(0, 120), max_size=30), seed=st.integers(0, 999))
def test_the_same_however_the_stream_is_cut(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (120, 6)).astype(np.float32)
    for channel in range(6):
        at, length = rng.integers(0, 120), rng.integers(0, 60)
        rows[at : at + length, channel] = rng.choice([0.5, 1.0, 500.0, np.nan, np.inf])
    whole, pieces = quality(6), quality(6)
    whole.push(rows)
    edges = sorted({0, 120, *cuts})
    for start, stop in pairwise(edges):
        pieces.push(rows[start:stop])
    assert pieces.reasons() == whole.reasons()


def test_errors() -> None:
    with pytest.raises(ShapeError, match=r"low, high: expected \(2,\)"):
        Quality(2, 10.0, np.zeros(3), np.zeros(2))
    with pytest.raises(InputError, match="rate_hz"):
        Quality(2, 0.0, np.zeros(2), np.zeros(2))
    with pytest.raises(ShapeError, match=r"rows: expected \(n, 2\)"):
        quality(2).push(np.zeros((3, 4)))
