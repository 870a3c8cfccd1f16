"""Windows that hold samples: the same rows however they come, rejection, bins, baselines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.windows import Epoch, SlidingAverage, SlidingEpoch, Window, WindowRow, windows
from hotwire.errors import InputError, RecordingError

RATE_HZ = 10.0


def recorded(n_samples: int, onsets: list[float], n_features: int = 3, seed: int = 0) -> Recording:
    data = (5.0 + np.random.default_rng(seed).normal(size=(n_samples, n_features))).astype(np.float32)
    n = len(onsets)
    events = Events(np.ones(n, int), np.array(onsets), np.zeros(n), np.array(["a", "b"] * n)[:n])
    return Recording(data, RATE_HZ, tuple("abcdefg"[:n_features]), np.ones(n_samples, int), events)


def driven(window: Window, data: NDArray, onsets: list[float], cuts: list[int]) -> list[WindowRow]:
    state = window.open(data.shape[1], RATE_HZ)
    for event, onset in enumerate(onsets):
        state.announce(event, onset, 0.0)
    rows: list[WindowRow] = []
    for part in np.split(data, sorted(cuts)):
        rows += state.push(part)
    return rows + state.finish()


def same(a: list[WindowRow], b: list[WindowRow]) -> bool:
    return [(r[:3], r.x.tobytes(), r[4:]) for r in a] == [(r[:3], r.x.tobytes(), r[4:]) for r in b]


def test_an_epoch_holds_the_samples_of_its_window() -> None:
    session = recorded(60, [1.0, 3.0])
    trials = windows(Epoch(0.2, 1.0), session)
    assert (trials.n_times, trials.times_hz) == (8, 10.0)
    np.testing.assert_array_equal(trials.X.reshape(2, 8, 3)[1], session.data[32:40])
    np.testing.assert_array_equal(trials.start_s, [1.2, 3.2])


def test_onsets_off_the_grid_do_not_change_the_length() -> None:
    with pytest.warns(UserWarning, match=r"stop_s: 0.88 s are 8.8 samples at 10 Hz; 9 are taken, which are 0.9 s"):
        trials = windows(Epoch(0.05, 0.93), recorded(60, [1.0, 1.033, 1.07, 2.99]))
    assert trials.X.shape == (4, 9 * 3)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Epoch(0.0, 1.0, bin_s=0.22), "bin_s: 0.22 s are 2.2 samples"),
        (Epoch(0.0, 1.0, baseline_s=(-0.15, 0.05)), "baseline_s: -0.15 s are -1.5 samples"),
        (SlidingEpoch(0.84, 0.5), "length_s: 0.84 s"),
        (SlidingAverage(0.8, 0.33), "every_s: 0.33 s are 3.3 samples at 10 Hz; 3 are taken, which are 0.3 s"),
    ],
    ids=str,
)
def test_lengths_that_are_no_whole_samples_are_warned_of(window: Window, said: str) -> None:
    with pytest.warns(UserWarning, match=said):
        windows(window, recorded(60, [2.0]))


def test_bins_are_averages() -> None:
    session = recorded(60, [1.0])
    trials = windows(Epoch(0.0, 0.8, bin_s=0.2), session)
    expected = session.data[10:18].reshape(4, 2, 3).mean(axis=1, dtype=np.float64)
    np.testing.assert_array_equal(trials.X.reshape(4, 3), expected.astype(np.float32))
    assert (trials.n_times, trials.times_hz) == (4, 5.0)


@pytest.mark.parametrize(("start_s", "baseline_s"), [(0.2, (-0.3, 0.0)), (-0.2, (-0.2, 0.1)), (-0.5, (0.5, 1.0))])
def test_the_baseline_is_taken_off(start_s: float, baseline_s: tuple[float, float]) -> None:
    session = recorded(60, [2.0])
    x = windows(Epoch(start_s, 0.6, baseline_s=baseline_s), session).X.reshape(-1, 3)
    first, base = 20 + round(start_s * 10), slice(20 + round(baseline_s[0] * 10), 20 + round(baseline_s[1] * 10))
    expected = session.data[first:26] - session.data[base].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(x, expected, atol=1e-6)


def test_rejection_by_what_a_feature_spans() -> None:
    session = recorded(90, [1.0, 3.0, 5.0])
    data = session.data.copy()
    data[32, 1] += 100.0
    data[50:60, 2] = 1.0
    window = Epoch(0.0, 1.0, most=50.0, least=1e-3)
    trials = windows(window, Recording(data, RATE_HZ, ("a", "b", "c"), session.run, session.events))
    assert trials.event.tolist() == [0]
    assert trials.rejected.tolist() == [1, 2]
    rows = driven(window, data, [1.0, 3.0, 5.0], [])
    told = [None if row.rejected is None else row.rejected.message(("Fz", "Cz", "Pz")) for row in rows]
    assert told[0] is None
    assert told[1] is not None
    assert told[1].startswith("Cz: 1")
    assert told[2] == "Pz: 0 peak to peak, expected at least 0.001"


@settings(max_examples=50)
@given(st.data(), st.sampled_from([1, 2]))
def test_chunks_do_not_matter(data: st.DataObject, every: int) -> None:
    session = recorded(70, [])
    cuts = data.draw(st.lists(st.integers(0, 70), max_size=20))
    for window in (
        Epoch(-0.3, 0.9, baseline_s=(-0.5, 0.0), bin_s=0.2, most=4.0),
        SlidingEpoch(1.2, 0.1 * every, bin_s=0.4, most=4.0, baseline_s=(-0.3, 0.0)),
    ):
        onsets = [1.0, 1.04, 4.0]
        whole, cut = (driven(window, session.data, onsets, where) for where in ([], cuts))
        assert whole
        assert same(whole, cut)


def test_sliding_epochs_follow_the_clock() -> None:
    session = recorded(50, [])
    trials = windows(SlidingEpoch(1.0, 0.5), session)
    np.testing.assert_array_equal(trials.start_s, np.arange(9) * 0.5)
    np.testing.assert_array_equal(trials.X.reshape(9, 10, 3)[3], session.data[15:25])
    assert set(trials.event.tolist()) == {-1}


def filled(came: NDArray, samples: NDArray) -> NDArray:
    """What numpy's interpolation makes of the samples that came, channel by channel."""
    at = np.arange(len(came))
    places = np.flatnonzero(came)
    columns = [np.interp(at, places, channel[came].astype(np.float64)) for channel in samples.T]
    return np.stack(columns, axis=1).astype(np.float32)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 40)), min_size=1, max_size=6), st.data())
def test_lost_samples_are_bridged_within_the_window_however_a_gap_is_told(
    stream: list[tuple[int, int]], data: st.DataObject
) -> None:
    window = SlidingEpoch(0.6, 0.2)
    state, rows, at = window.open(2, RATE_HZ), [], 0
    came = np.zeros(sum(map(sum, stream)), bool)
    samples = np.random.default_rng(0).normal(size=(len(came), 2)).astype(np.float32)
    for n_push, n_skip in stream:
        rows += state.push(samples[at : at + n_push])
        came[at : at + n_push] = True
        at += n_push
        piece = data.draw(st.integers(0, n_skip))
        rows += state.skip(piece) + state.skip(n_skip - piece)
        at += n_skip
    expected = [first for first in range(0, at - 5, 2) if came[first : first + 6].any()]
    assert [row.first for row in rows] == expected
    for row in rows:
        here = slice(row.first, row.stop)
        assert row.rejected is None
        assert row.n_present == came[here].sum()
        np.testing.assert_allclose(row.x.reshape(6, 2), filled(came[here], samples[here]), rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(row.x.reshape(6, 2)[came[here]], samples[here][came[here]])


@pytest.mark.parametrize("lost", [[11], [9, 10, 11, 12], [0, 1, 2, 22, 23], [4, 5, 6], [*range(2, 22)]], ids=str)
def test_a_window_with_lost_samples_is_the_one_of_a_recording_that_holds_the_bridge(lost: list[int]) -> None:
    window = Epoch(0.4, 2.4, bin_s=0.4, baseline_s=(0.0, 0.3), most=50.0)
    session = recorded(24, [0.0], seed=2)
    came = np.ones(24, bool)
    came[lost] = False
    state = window.open(3, RATE_HZ)
    state.announce(0, 0.0, 0.0)
    rows: list[WindowRow] = []
    for sample, has_come in zip(session.data, came, strict=True):
        rows += state.push(sample[None]) if has_come else state.skip(1)
    (row,) = rows
    assert (row.first, row.stop, row.n_present) == (0, 24, came.sum())
    if not came[:3].any():
        assert row.rejected is not None
        assert row.rejected.why == "none of the 3 samples of its baseline came, and 19 of 24 in all"
        return
    assert row.rejected is None
    bridge = Recording(filled(came, session.data), RATE_HZ, session.feature_names, session.run, session.events)
    np.testing.assert_allclose(row.x, windows(window, bridge).X[0], atol=1e-5)


def test_a_bridge_does_not_stand_out() -> None:
    """A window that would be rejected for what it holds is, and no other, whatever was lost of it."""
    state = Epoch(0.0, 0.6, most=3.0).open(1, RATE_HZ)
    state.announce(0, 0.0, 0.0)
    state.announce(1, 0.6, 0.0)
    rows = [*state.push([[0.0], [2.0]]), *state.skip(2), *state.push([[-0.5], [1.0], [0.0], [9.0]]), *state.skip(4)]
    assert [(row.n_present, row.rejected is not None) for row in rows] == [(4, False), (2, True)]
    np.testing.assert_allclose(rows[0].x, [0.0, 2.0, 7 / 6, 1 / 3, -0.5, 1.0], rtol=1e-6)


def test_an_event_of_which_nothing_came_is_rejected() -> None:
    state = Epoch(0.0, 0.5).open(1, RATE_HZ)
    state.announce(0, 0.5, 0.0)
    state.announce(1, 1.0, 0.0)
    rows = state.push(np.ones((7, 1))) + state.skip(8)
    assert [(row.n_present, row.x.tolist()) for row in rows] == [(2, [1.0] * 5), (0, [0.0] * 5)]
    assert rows[0].rejected is None
    assert rows[1].rejected == ("0 of the window's 5 samples came", ())


def test_a_window_is_not_made_up_from_its_baseline() -> None:
    """Five of seven samples came, all of them in the baseline."""
    state = Epoch(0.5, 0.7, baseline_s=(0.0, 0.5)).open(1, RATE_HZ)
    state.announce(0, 0.0, 0.0)
    rows = state.push(np.arange(5.0)[:, None]) + state.skip(2)
    assert [(row.n_present, row.x.tolist()) for row in rows] == [(5, [0.0, 0.0])]
    assert rows[0].rejected == ("0 of the window's 2 samples came", ())


def test_a_sliding_window_takes_its_baseline_along() -> None:
    session = recorded(60, [0.5 * n for n in range(2, 9)])
    sliding = windows(SlidingEpoch(0.8, 0.5, bin_s=0.2, baseline_s=(-0.3, -0.1)), session)
    on_events = windows(Epoch(0.3, 1.1, bin_s=0.2, baseline_s=(0.0, 0.2)), session)
    np.testing.assert_array_equal(sliding.X[2:9], on_events.X)
    np.testing.assert_array_equal(sliding.start_s[2:9], on_events.start_s)
    np.testing.assert_array_equal(sliding.stop_s[2:9], on_events.stop_s)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(InputError, match="stop_s: expected the end"):
        Epoch(0.0)
    with pytest.raises(InputError, match="bin_s: expected stretches that fill the window"):
        windows(Epoch(0.0, 1.0, bin_s=0.3), recorded(60, [1.0]))
    with pytest.raises(InputError, match=r"baseline_s: expected \[from, to\]"):
        Epoch(0.0, 1.0, baseline_s=(0.0,))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"baseline_s: expected \[from, to\] in seconds from where the window begins"):
        SlidingEpoch(1.0, 0.1, baseline_s=0.2)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="most"):
        SlidingEpoch(1.0, 0.1, most=1.0, least=2.0)
    with pytest.raises(InputError, match="incomplete"):
        Epoch(0.0, 1.0, incomplete="partial")
    with pytest.raises(RecordingError, match="begins before the run"):
        windows(Epoch(0.0, 1.0, baseline_s=(-0.5, 0.0)), recorded(60, [0.3]))
    assert windows(Epoch(0.0, 1.0, "drop"), recorded(60, [1.0, 5.5])).left_out.tolist() == [1]
