"""Signals in bins: nothing that a screen could show is lost, and gaps stay gaps."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from hotwire.realtime.monitor.feed import Signals
from hotwire.realtime.monitor.traces import Traces

RATE_HZ = 1000.0
PER_BIN = 10
ROWS = np.random.default_rng(4).normal(size=(2000, 3)).astype(np.float32)


def unpacked(traces: dict[str, Any]) -> np.ndarray:
    """The bins (n_bins, n_channels, 2) of a message."""
    return np.frombuffer(b64decode(traces["data"]), np.float32).reshape(-1, len(traces["channels"]), 2)


@pytest.mark.parametrize("cut", [1, 7, 10, 333])
def test_however_samples_were_cut_bins_hold_their_least_and_most(cut):
    traces = Traces(RATE_HZ)
    parts = []
    for first in range(0, 1000, cut):
        traces.add(Signals(first, (0, 1, 2), ROWS[first : min(first + cut, 1000)]))
        fresh = traces.fresh()
        if fresh is not None:
            assert fresh["first"] == sum(map(len, parts))
            parts.append(unpacked(fresh))
    of_bins = ROWS[:1000].reshape(-1, PER_BIN, 3)
    expected = np.stack([of_bins.min(axis=1), of_bins.max(axis=1)], axis=2)
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    whole = traces.all()
    assert whole is not None
    np.testing.assert_array_equal(unpacked(whole), expected)


def test_a_bin_without_samples_is_nan_and_one_with_some_is_theirs():
    traces = Traces(RATE_HZ)
    rows = ROWS[:20].copy()
    rows[:13] = np.nan
    traces.add(Signals(0, (0, 1, 2), rows))
    fresh = traces.fresh()
    assert fresh is not None
    assert np.isnan(unpacked(fresh)[0]).all()
    np.testing.assert_array_equal(unpacked(fresh)[1, :, 0], ROWS[13:20].min(axis=0))


def test_another_choice_begins_anew_on_the_same_grid():
    traces = Traces(RATE_HZ)
    traces.add(Signals(0, (0, 1, 2), ROWS[:25]))
    traces.fresh()
    traces.add(Signals(25, (1,), ROWS[25:60, 1:2]))
    fresh = traces.fresh()
    assert fresh is not None
    assert (fresh["first"], fresh["channels"]) == (3, (1,))
    np.testing.assert_array_equal(unpacked(fresh)[:, 0, 1], ROWS[30:60, 1].reshape(3, 10).max(axis=1))


def test_only_the_stretch_that_is_shown_is_kept_and_what_waits_is_not_given_twice():
    traces = Traces(RATE_HZ)
    for first in range(0, 24_000, 1000):
        traces.add(Signals(first, (0, 1, 2), ROWS[:1000]))
    assert (traces.n_bins, traces.all()) == (1000, None)
    fresh = traces.fresh()
    assert fresh is not None
    assert (fresh["first"], len(unpacked(fresh))) == (1400, 1000)
    traces.add(Signals(24_000, (0, 1, 2), ROWS[:1000]))
    late = traces.all()
    assert late is not None
    assert late["first"] + len(unpacked(late)) == 2400
