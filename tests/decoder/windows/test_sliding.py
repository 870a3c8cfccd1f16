from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_arrays
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.windows import SlidingAverage, windows
from hotwire.errors import InputError


@settings(max_examples=60)
@given(n=st.integers(0, 40), length=st.integers(1, 12), every=st.integers(1, 12), data=st.data())
def test_a_row_every_so_often(n: int, length: int, every: int, data: st.DataObject) -> None:
    X = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    state = SlidingAverage(length / 10, every / 10).open(3, 10.0)
    whole = SlidingAverage(length / 10, every / 10).open(3, 10.0).push(X)
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=9))), n]
    rows = [row for first, stop in pairwise(cuts) for row in state.push(X[first:stop])]
    assert [row.stop for row in rows] == list(range(length, n + 1, every))
    assert [row.x.tobytes() for row in rows] == [row.x.tobytes() for row in whole]
    for row in rows:
        assert (row.event, row.stop - row.first, row.n_present) == (-1, length, length)
        np.testing.assert_allclose(row.x, X[row.first : row.stop].mean(axis=0, dtype=np.float64), atol=1e-6)
    assert state.finish() == []


def test_large_values_leave_no_trace() -> None:
    X = np.ones((300, 1), np.float32)
    X[:100] = 1e30
    rows = SlidingAverage(10.0, 5.0).open(1, 1.0).push(X)
    np.testing.assert_array_equal([row.x[0] for row in rows if row.first >= 100], 1.0)


def test_a_whole_recording() -> None:
    events = Events(np.array(["b"]), np.array([2.0]), np.array([4.0]), np.array(["face"]), np.array(["face7"]))
    X = np.random.default_rng(0).normal(size=(20, 2))
    r = read_arrays(X, 1.0, run=["first"] * 12 + ["b"] * 8, events=events)
    trials = windows(SlidingAverage(5.0, 3.0), r)
    assert trials.run.tolist() == ["first", "first", "first", "b", "b"]
    assert trials.event.tolist() == [-1] * 5
    assert trials.label.tolist() == [""] * 5
    assert trials.stimulus is not None
    assert trials.stimulus.tolist() == [""] * 5
    assert trials.start_s.tolist() == [0.0, 3.0, 6.0, 0.0, 3.0]
    np.testing.assert_allclose(trials.X[3], r.data[12:17].mean(axis=0), atol=1e-6)
    assert len(trials.left_out) == 0


def test_wrong_settings() -> None:
    for length_s, every_s, words in ((0.0, 1.0, "length_s: expected a number above"), (1.0, -1.0, "every_s")):
        with pytest.raises(InputError, match=words):
            SlidingAverage(length_s, every_s)
    with pytest.raises(InputError, match=r"every_s: expected at least one sample \(2 s at 0.5 Hz\), got 0.5 s"):
        SlidingAverage(10.0, 0.5).open(1, 0.5)
