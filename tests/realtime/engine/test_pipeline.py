"""A decoder at work: what reaches its steps and windows, and what it says of the quality of a window."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.steps import Lag, RunningBaseline
from hotwire.decoder.windows import BlockAverage, SlidingAverage
from hotwire.realtime.engine.pipeline import Arrival, Pipeline, ReadyWindow
from hotwire.realtime.stream_match import StreamMatch

from ..small import SignDecoder

RATE_HZ = 10.0
ROWS = np.random.default_rng(0).uniform(-1, 1, (200, 2)).astype(np.float32)
EVERY = SlidingAverage(1.0, 0.5)


def pipeline(window: Any = EVERY, channels: Any = None, **settings: Any) -> Pipeline:
    decoder = SignDecoder(rate_hz=RATE_HZ, window=window, **settings)
    match = StreamMatch(channels, None, (), RATE_HZ)
    return Pipeline(decoder, window, match, history_s=10.0, max_bad=0.05)  # type: ignore[arg-type]


def arrival(stop: int) -> Arrival:
    return Arrival(100.0 + stop / RATE_HZ, (stop - 1) / RATE_HZ, stop)


def fed(at_work: Pipeline, rows: np.ndarray, cuts: list[int] | None = None, first: int = 0) -> list[ReadyWindow]:
    ready = []
    edges = [0, *(cuts or []), len(rows)]
    for start, stop in pairwise(edges):
        ready += at_work.push(rows[start:stop], arrival(first + stop))
    return ready


def test_samples_that_are_not_finite_never_come_to_the_steps():
    rows = ROWS.copy()
    rows[12:15, 1] = [np.nan, np.inf, -np.inf]
    rows[40] = np.nan
    at_work = pipeline(steps=[RunningBaseline()])
    ready = fed(at_work, rows)
    assert at_work.n_nonfinite == 4
    assert at_work.nonfinite == ("ch0", "ch1")
    finite = np.isfinite(rows).all(axis=1)
    past = np.cumsum(rows[finite].astype(float), axis=0) / np.arange(1, finite.sum() + 1)[:, None]
    stepped = np.full(rows.shape, np.nan)
    stepped[finite] = rows[finite] - past
    assert [one.row.stop for one in ready] == list(range(10, 201, 5))
    for one in ready:
        part = stepped[one.row.first : one.row.stop]
        assert one.row.n_present == np.isfinite(part[:, 0]).sum()
        np.testing.assert_allclose(one.row.x, np.nanmean(part, axis=0), atol=1e-6)
        assert one.bad == ()


@pytest.mark.parametrize("lost", ["nonfinite", "skipped"])
def test_steps_begin_anew_after_a_gap_where_they_are_told_to(lost):
    at_work = pipeline(steps=[RunningBaseline(on_gap="reset")])
    rows = ROWS.copy()
    rows[30:50] = np.nan
    if lost == "nonfinite":
        ready = fed(at_work, rows)
    else:
        ready = fed(at_work, rows[:30])
        ready += at_work.skip(20, arrival(50))
        ready += fed(at_work, rows[50:], first=50)
    begun = pipeline(steps=[RunningBaseline()])
    begun.skip(50, arrival(50))
    afresh = [one for one in fed(begun, rows[50:], first=50) if one.row.first >= 50]
    after = [one.row for one in ready if one.row.first >= 50]
    assert len(after) == len(afresh) == 29
    for row, other in zip(after, afresh, strict=True):
        assert row[:3] == other.row[:3]
        np.testing.assert_array_equal(row.x, other.row.x)


def test_a_window_names_the_channels_that_were_bad_in_it():
    rows = ROWS.copy()
    rows[50:100, 1] = 0.5  # known from sample 60 on, and judged every second sample
    rows[120:150, 0] = 1e3  # known from sample 126 to 154
    bad = {one.row.first: one.bad for one in fed(pipeline(), rows) if one.bad}
    assert bad == {
        **{first: ("ch1 (flat)",) for first in range(55, 100, 5)},
        **{first: ("ch0 (saturated)",) for first in range(120, 155, 5)},
    }


def test_it_may_begin_in_the_middle_of_a_stream():
    at_work = pipeline()
    assert at_work.skip(33, arrival(33)) == []
    later = [one.row for one in fed(at_work, ROWS[33:], first=33)]
    from_start = {row.first: row for row in (one.row for one in fed(pipeline(), ROWS))}
    assert [row.first for row in later] == list(range(25, 191, 5))  # the same windows
    assert [row.n_present for row in later] == [2, 7, *[10] * 32]
    for row in later[2:]:
        np.testing.assert_array_equal(row.x, from_start[row.first].x)


def test_markers_are_places_on_the_streams_grid():
    at_work = pipeline(BlockAverage(stop_s=1.0))
    at_work.skip(30, arrival(30))
    at_work.announce(4, 50.0, 0.0)
    (one,) = fed(at_work, ROWS[30:], first=30)
    assert one.row[:3] == (4, 50, 60)
    at_work.announce(5, 190.0, 0.0)
    (late,) = at_work.late(arrival(200))
    assert late.row[:3] == (5, 190, 200)


def test_takes_the_channels_it_was_told():
    ready = fed(pipeline(channels=np.array([2, 0])), np.column_stack([ROWS[:, 1], 1e6 * ROWS[:, 0], ROWS[:, 0]]))
    for one, straight in zip(ready, fed(pipeline(), ROWS), strict=True):
        np.testing.assert_array_equal(one.row.x, straight.row.x)
        assert one.bad == straight.bad == ()


@pytest.mark.parametrize("lag_samples", [0, 3])
def test_a_window_is_as_old_as_the_newest_sample_that_it_needs(lag_samples):
    at_work = pipeline(steps=[Lag(lag_samples=lag_samples)])
    for one in fed(at_work, ROWS, [37, 41, 100]):
        newest = one.row.stop - 1 + lag_samples
        assert one.arrival.newest_stamp_s == pytest.approx(newest / RATE_HZ)
        came_with = next(stop for stop in (37, 41, 100, 200) if newest < stop)
        assert one.arrival.pulled_s == 100.0 + came_with / RATE_HZ


def test_windows_that_end_in_a_gap_come_with_what_follows():
    at_work = pipeline()
    fed(at_work, ROWS[:23])
    ready = at_work.skip(100, arrival(123))
    assert [(one.row.stop, one.row.n_present) for one in ready] == [(25, 8), (30, 3)]
    assert at_work.skip(3, arrival(126)) == []
    ready = fed(at_work, ROWS[126:140], first=126)
    assert [(one.row.stop, one.row.n_present) for one in ready] == [(130, 4), (135, 9), (140, 10)]


@given(
    st.lists(st.integers(0, 200), max_size=30).map(sorted),
    st.sets(st.integers(0, 199), max_size=30),
    st.integers(0, 150),
    st.integers(0, 50),
)
def test_however_it_is_cut_the_windows_are_the_same(cuts, broken, flat_from, flat_for):
    rows = ROWS.copy()
    rows[flat_from : flat_from + flat_for, 0] = 0.25
    rows[list(broken), 1] = np.nan

    def told(at_work: Pipeline, where: list[int]) -> list[Any]:
        return [(*one.row[:3], one.row.x.tobytes(), one.row.n_present, one.bad) for one in fed(at_work, rows, where)]

    in_pieces, whole = pipeline(steps=[RunningBaseline()]), pipeline(steps=[RunningBaseline()])
    assert told(in_pieces, cuts) == told(whole, [])
    assert in_pieces.n_nonfinite == whole.n_nonfinite == len(broken)
