"""Windows of the two kinds, and what may stand in for a decoder's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.windows import (
    BlockAverage,
    Epoch,
    RunningAverage,
    SlidingAverage,
    SlidingEpoch,
    Window,
    check_alike,
    holds_samples,
    sliding_like,
    windows,
)
from hotwire.errors import InputError

RATE_HZ = 20.0


@pytest.mark.parametrize(
    ("window", "like"),
    [
        (BlockAverage(0.5, 3.5), SlidingAverage(3.0, 0.25)),
        (RunningAverage(0.0, 3.0, max_samples=10), SlidingAverage(0.5, 0.25)),
        (RunningAverage(0.0, 3.0, max_samples=1000), SlidingAverage(3.0, 0.25)),
        (SlidingAverage(2.0, 1.0), SlidingAverage(2.0, 0.25)),
        (Epoch(-0.5, 1.0, bin_s=0.1, most=9.0, least=1.0), SlidingEpoch(1.5, 0.25, 0.1, 9.0, 1.0)),
        (Epoch(0.5, 1.0, baseline_s=(-0.2, 0.0)), SlidingEpoch(0.5, 0.25, baseline_s=(-0.7, -0.5))),
        (SlidingEpoch(0.5, 1.0, baseline_s=(-0.7, -0.5)), SlidingEpoch(0.5, 0.25, baseline_s=(-0.7, -0.5))),
    ],
    ids=str,
)
def test_the_one_that_slides_along(window: Window, like: Window) -> None:
    assert sliding_like(window, 0.25, RATE_HZ) == like
    assert holds_samples(window) == holds_samples(like)
    check_alike(like, window, RATE_HZ)


@pytest.mark.filterwarnings("ignore:.* samples at .* are taken")  # lengths off the grid, on purpose
@given(
    rate_hz=st.sampled_from([10.0, 64.0, 100.0, 256.0, 1000.0 / 3.0]),
    start_s=st.floats(-0.5, 0.5),
    length_s=st.floats(0.2, 1.5),
    base_s=st.one_of(st.none(), st.tuples(st.floats(-0.5, 0.0), st.floats(0.11, 0.3))),
)
def test_at_an_onset_it_gives_what_the_one_on_events_gives(rate_hz, start_s, length_s, base_s) -> None:
    baseline_s = None if base_s is None else (base_s[0], base_s[0] + base_s[1])
    window = Epoch(start_s, start_s + length_s, baseline_s=baseline_s)
    n = round(6 * rate_hz)
    data = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    onset_s = round(2 * rate_hz) / rate_hz
    event = Events(np.zeros(1, int), np.array([onset_s]), np.zeros(1), np.array(["a"]))
    recording = Recording(data, rate_hz, ("a", "b"), np.zeros(n, int), event)
    sliding = sliding_like(window, 1 / rate_hz, rate_hz)
    check_alike(sliding, window, rate_hz)
    on_event, everywhere = windows(window, recording), windows(sliding, recording)
    (at,) = np.flatnonzero(np.isclose(everywhere.start_s, on_event.start_s[0]))
    np.testing.assert_array_equal(everywhere.X[at], on_event.X[0])
    assert everywhere.stop_s[at] == on_event.stop_s[0]


def test_without_a_length_none_slides_along() -> None:
    with pytest.raises(InputError, match="stop_s: expected the end of the window"):
        sliding_like(BlockAverage(), 0.5, RATE_HZ)
    with pytest.raises(InputError, match="every_s"):
        sliding_like(BlockAverage(0.0, 1.0), 0.0, RATE_HZ)


@pytest.mark.parametrize(
    ("given", "own", "told"),
    [
        (
            SlidingAverage(3.0, 0.5),
            Epoch(0.0, 1.0),
            r"holds 20 samples .*averages; use SlidingEpoch\(length_s=1.0, every_s",
        ),
        (BlockAverage(0.0, 1.0), SlidingEpoch(1.0, 0.2), "which averages; use SlidingEpoch"),
        (SlidingEpoch(1.0, 0.5), BlockAverage(0.0, 1.0), r"use SlidingAverage\(length_s=1.0, every_s=0.5\)"),
        (Epoch(0.0, 1.0), RunningAverage(), r"use BlockAverage\(start_s=0.0, stop_s=1.0"),
        (SlidingEpoch(1.1, 0.5), Epoch(0.0, 1.0), "which holds 22 samples"),
        (SlidingEpoch(1.0, 0.5), Epoch(0.0, 1.0, bin_s=0.1), "in 10 bins, got .*which holds 20 samples at 20 Hz; use"),
        (SlidingEpoch(1.0, 0.5), Epoch(0.0, 1.0, baseline_s=(-0.2, 0.0)), "takes off a baseline of 4, got"),
        (SlidingEpoch(1.0, 0.5, baseline_s=(-0.4, -0.2)), Epoch(0.0, 1.0, baseline_s=(-0.2, 0.0)), r"\(-0.2, 0.0\)"),
        (SlidingEpoch(1.0, 0.5, baseline_s=(-0.2, 0.0)), Epoch(0.0, 1.0), "takes off a baseline of 4; use"),
    ],
    ids=str,
)
def test_another_kind_is_refused_with_one_that_works(given: Window, own: Window, told: str) -> None:
    with pytest.raises(InputError, match=f"^window: expected one that makes the same.*{told}"):
        check_alike(given, own, RATE_HZ)


def test_averages_may_be_of_any_length_and_rejection_may_differ() -> None:
    check_alike(SlidingAverage(9.0, 0.5), BlockAverage(), RATE_HZ)
    check_alike(BlockAverage(0.0, 2.0), RunningAverage(), RATE_HZ)
    check_alike(SlidingEpoch(1.0, 0.5, most=3.0), Epoch(-0.5, 0.5), RATE_HZ)
