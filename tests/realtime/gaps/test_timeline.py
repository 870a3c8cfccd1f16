from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hotwire.errors import InputError, NonFiniteError, StreamError
from hotwire.realtime.gaps.timeline import Gap, Losses, SampleRange, Timeline

RATES = [0.4, 1.0, 50.0, 1000.0, 30000.0]


def n_of(rate_hz: float) -> int:
    """As many samples as several of the grid's blocks hold."""
    return max(160, min(round(8 * rate_hz), 100_000))


def stamps_of(rate_hz: float, n: int | None = None) -> NDArray[np.float64]:
    return 1000.0 + np.arange(n_of(rate_hz) if n is None else n) / rate_hz


def places(
    stamps: NDArray[np.float64],
    rate_hz: float,
    cuts: list[int] | None = None,
    arrival: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.int64], list[Gap], Losses]:
    """Return each sample's place (-1: dropped), all gaps (neighbours merged), and the counts."""
    timeline = Timeline(rate_hz)
    index = np.full(len(stamps), -1)
    gaps: list[Gap] = []
    edges: list[int] = sorted({0, len(stamps), *(cuts or [])})
    arrival = stamps if arrival is None else arrival
    for start, stop in pairwise(edges):
        for one in timeline.place(stamps[start:stop], float(arrival[stop - 1])):
            if isinstance(one, SampleRange):
                n = one.rows.stop - one.rows.start
                index[start + one.rows.start : start + one.rows.stop] = np.arange(one.first, one.first + n)
            elif gaps and gaps[-1].first + gaps[-1].n_missing == one.first and gaps[-1].reason == one.reason == "lost":
                gaps[-1] = gaps[-1]._replace(n_missing=gaps[-1].n_missing + one.n_missing)
            else:
                gaps.append(one)
    return index, gaps, timeline.losses


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("error", [0.0, 0.005, -0.005, 200e-6])
def test_a_clean_stream_has_no_gaps_also_where_its_rate_is_off(rate_hz: float, error: float) -> None:
    stamps = 1000.0 + np.arange(n_of(rate_hz)) / (rate_hz * (1 + error))
    index, gaps, losses = places(stamps, rate_hz)
    np.testing.assert_array_equal(index, np.arange(len(stamps)))
    assert gaps == []
    assert losses == Losses()


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("error", [0.0, 0.005])
@pytest.mark.parametrize("lost_s", [0.0, 1.0, 30.0])
def test_a_loss_is_found_at_once_and_counted_exactly(rate_hz: float, error: float, lost_s: float) -> None:
    n_lost = max(1, round(lost_s * rate_hz))
    true = np.arange(n_of(rate_hz))
    true[len(true) // 2 :] += n_lost
    index, gaps, losses = places(1000.0 + true / (rate_hz * (1 + error)), rate_hz)
    np.testing.assert_array_equal(index, true)
    assert gaps == [Gap(len(true) // 2, n_lost, "lost")]
    assert losses == Losses(lost=n_lost)


@given(data=st.data(), rate_hz=st.sampled_from([0.4, 20.0, 250.0]), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_passed_on_and_lost_are_all_that_was_sent(data: st.DataObject, rate_hz: float, seed: int) -> None:
    """Any pattern of losses behind the first block, under jitter of a fifth of a period."""
    n = 700
    first_block = max(16, round(rate_hz))
    lost = data.draw(st.sets(st.integers(first_block, n - 1), max_size=200))
    true = np.array([i for i in range(n) if i not in lost])
    jitter = np.random.default_rng(seed).uniform(-0.2, 0.2, n)
    index, _, losses = places(1000.0 + (true + jitter[true]) / rate_hz, rate_hz)
    np.testing.assert_array_equal(index, true)
    assert len(index) + losses.lost == true[-1] + 1


@pytest.mark.parametrize("rate_hz", [50.0, 250.0, 1000.0])
def test_losses_in_the_first_second_are_found_at_its_end(rate_hz: float) -> None:
    true = np.delete(np.arange(n_of(rate_hz)), [7, 20, 21])
    index, _, losses = places(1000.0 + true / rate_hz, rate_hz)
    assert losses == Losses(lost=3)
    after = round(rate_hz)
    np.testing.assert_array_equal(index[after:], true[after:])


@given(
    data=st.data(),
    rate_hz=st.sampled_from([0.4, 50.0, 500.0]),
    seed=st.integers(0, 999),
    jitter=st.sampled_from([0.0, 0.3, 3.0]),
)
@settings(max_examples=40)
def test_the_same_places_however_the_stream_is_cut(
    data: st.DataObject, rate_hz: float, seed: int, jitter: float
) -> None:
    rng = np.random.default_rng(seed)
    n = 1200
    stamps = stamps_of(rate_hz, n) + rng.uniform(-jitter, jitter, n) / rate_hz
    order = np.arange(n)
    for _ in range(rng.integers(0, 6)):  # lose, repeat and swap stretches anywhere
        at, length = rng.integers(0, len(order) - 100), rng.integers(1, 15)
        part = order[at : at + length]
        kind = rng.integers(3)
        if kind == 0:
            order = np.delete(order, slice(at, at + length))
        elif kind == 1:
            order = np.insert(order, at + length, part)
        else:
            order = np.concatenate([order[:at], order[at + length : at + 2 * length], part, order[at + 2 * length :]])
    cuts = data.draw(st.lists(st.integers(0, len(order)), max_size=60))
    expected = places(stamps[order], rate_hz)
    assume(not expected[2].clock_resets)  # these are judged by the arrival, which the cuts decide
    for how in (cuts, list(range(len(order)))):
        index, gaps, losses = places(stamps[order], rate_hz, how)
        np.testing.assert_array_equal(index, expected[0])
        assert (gaps, losses) == expected[1:]


@pytest.mark.parametrize("rate_hz", [0.4, 250.0, 1000.0])
@pytest.mark.parametrize("jitter_s", [0.003, 0.01])
def test_jitter_is_no_loss_and_hides_none(rate_hz: float, jitter_s: float) -> None:
    jitter_s = 0.1 if rate_hz < 1 else jitter_s
    rng = np.random.default_rng(0)
    true = np.arange(max(320, round(30 * rate_hz)))
    stamps = 1000.0 + true / rate_hz + rng.uniform(-jitter_s, jitter_s, len(true))
    index, gaps, losses = places(stamps, rate_hz)
    np.testing.assert_array_equal(index, true)
    assert (gaps, losses) == ([], Losses())

    n_lost = max(1, round(rate_hz))
    kept = np.delete(true, slice(len(true) // 2, len(true) // 2 + n_lost))
    index, gaps, losses = places(stamps[kept], rate_hz)
    passed = int((index >= 0).sum())
    assert passed + losses.lost == len(true)
    assert index[-1] == true[-1]
    assert abs(gaps[0].n_missing - n_lost) <= 2 * jitter_s * rate_hz + 1


def test_one_sample_lost_under_jitter_of_several_periods_is_found_within_two_seconds() -> None:
    rng = np.random.default_rng(1)
    true = np.delete(np.arange(30_000), 15_300)
    stamps = 1000.0 + true / 1000.0 + rng.uniform(-0.003, 0.003, len(true))
    index, gaps, losses = places(stamps, 1000.0)
    assert losses == Losses(lost=1)
    assert 15_300 <= gaps[0].first <= 17_300
    np.testing.assert_array_equal(index[17_300:], true[17_300:])


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("at", [0.02, 0.5])
def test_a_chunk_that_comes_twice_goes_on_once(rate_hz: float, at: float) -> None:
    stamps = stamps_of(rate_hz)
    n = max(2, min(round(0.1 * rate_hz), len(stamps) // 100))
    stop = max(n, round(at * len(stamps)))
    index, gaps, losses = places(np.insert(stamps, stop, stamps[stop - n : stop]), rate_hz)
    np.testing.assert_array_equal(np.delete(index, slice(stop, stop + n)), np.arange(len(stamps)))
    assert (index[stop : stop + n] == -1).all()
    assert gaps == []
    assert losses == Losses(duplicated=n)


@pytest.mark.parametrize("rate_hz", RATES)
def test_chunks_in_another_order_are_a_gap_and_late_samples(rate_hz: float) -> None:
    stamps = stamps_of(rate_hz)
    n = max(1, min(round(0.1 * rate_hz), 1000))
    a = len(stamps) // 2
    order = np.r_[0:a, a + n : a + 2 * n, a : a + n, a + 2 * n : len(stamps)]
    index, gaps, losses = places(stamps[order], rate_hz)
    assert gaps == [Gap(a, n, "lost")]
    assert losses == Losses(lost=n, reordered=n)
    np.testing.assert_array_equal(index, np.where((order >= a) & (order < a + n), -1, order))


@pytest.mark.parametrize("stall_s", [0.05, 0.5, 5.0])
def test_a_sender_that_stalls_and_catches_up_is_reported_and_the_grid_stays_true(stall_s: float) -> None:
    rate_hz, n = 1000.0, 20_000
    stamps = stamps_of(rate_hz, n)
    n_stalled = round(stall_s * rate_hz)
    stamps[8000 : 8000 + n_stalled] = stamps[8000 + n_stalled] + np.arange(-n_stalled, 0) * 1e-7
    index, gaps, losses = places(stamps, rate_hz)
    assert gaps[0].first == 8000
    assert abs(gaps[0].n_missing - n_stalled) <= 1
    assert int((index >= 0).sum()) + losses.lost == n
    assert losses.reordered == losses.lost
    np.testing.assert_array_equal(index[8000 + n_stalled + 1 :], np.arange(8000 + n_stalled + 1, n))


def test_stalls_that_repeat_are_taken_for_the_jitter_that_they_are() -> None:
    rate_hz = 1000.0
    stamps = stamps_of(rate_hz, 30_000)
    for first in range(5000, 28_000, 2000):
        stamps[first : first + 20] = stamps[first + 20] + np.arange(-20, 0) * 1e-7
    _, gaps, losses = places(stamps, rate_hz)
    assert [gap.first for gap in gaps] == [5000]
    assert losses.lost <= 20


@pytest.mark.parametrize("rate_hz", [0.4, 50.0, 1000.0])
@pytest.mark.parametrize("set_by_s", [200_000.0, -200_000.0, -30.0 * 60])
@pytest.mark.parametrize("n_lost_s", [0.0, 5.0])
def test_a_clock_that_is_set(rate_hz: float, set_by_s: float, n_lost_s: float) -> None:
    n_lost = round(n_lost_s * rate_hz)
    true = np.arange(n_of(rate_hz))
    half = len(true) // 2
    true[half:] += n_lost
    arrival = 1000.0 + true / rate_hz
    chunk = max(1, round(rate_hz / 50))
    index, gaps, losses = places(
        arrival + np.where(np.arange(len(true)) < half, 0.0, set_by_s),
        rate_hz,
        list(range(0, len(true), chunk)),
        arrival,
    )
    assert losses == Losses(lost=n_lost, clock_resets=1)
    assert gaps == [Gap(half, n_lost, "clock reset")]
    np.testing.assert_array_equal(index, true)


def test_a_long_silence_that_the_arrival_confirms_is_a_loss_not_a_reset() -> None:
    true = np.arange(2000)
    true[1000:] += 30_000
    stamps = 1000.0 + true / 100.0
    index, gaps, losses = places(stamps, 100.0, list(range(0, 2000, 10)))
    assert gaps == [Gap(1000, 30_000, "lost")]
    assert losses == Losses(lost=30_000)
    np.testing.assert_array_equal(index, true)


@pytest.mark.parametrize(("offset_s", "away_s", "expected"), [(0.0, 3.0, 300), (-1e5, 3.0, 300), (0.0, 0.0, 0)])
def test_a_restart_keeps_the_grid_and_loses_the_time_away(offset_s: float, away_s: float, expected: int) -> None:
    timeline = Timeline(100.0)
    timeline.restarted()  # before anything came, it means nothing
    stamps = stamps_of(100.0, 1000)
    assert timeline.place(stamps, stamps[-1]) == [SampleRange(0, slice(0, 1000))]
    timeline.restarted()
    later = stamps[-1] + 0.01 * (1 + np.arange(500)) + away_s
    chunk = timeline.place(later[:10] + offset_s, later[9])
    assert chunk == [Gap(1000, expected, "restart"), SampleRange(1000 + expected, slice(0, 10))]
    assert timeline.place(later[10:] + offset_s, later[-1]) == [SampleRange(1010 + expected, slice(0, 490))]
    assert timeline.losses.as_dict() == {"lost": expected, "duplicated": 0, "reordered": 0, "clock_resets": 0}


def test_places_and_stamps_are_each_other_s_inverse_also_across_a_clock_reset() -> None:
    timeline = Timeline(100.0)
    assert not timeline.started
    stamps = stamps_of(100.0, 1000)
    timeline.place(stamps, stamps[-1])
    assert timeline.started
    timeline.place(stamps[-1] + 0.01 * (1 + np.arange(100)) - 500.0, stamps[-1] + 1.0)
    assert timeline.index_at(1005.0) == pytest.approx(500.0)
    assert timeline.stamp_of(500.0) == pytest.approx(1005.0)
    assert timeline.index_at(510.5) == pytest.approx(1050.0)
    assert timeline.stamp_of(1050.0) == pytest.approx(510.5)


def test_dejittered_stamps_are_better_than_the_stamps() -> None:
    timeline = Timeline(250.0)
    true = stamps_of(250.0, 10_000)
    timeline.place(true + np.random.default_rng(0).uniform(-0.003, 0.003, len(true)), 0.0)
    assert abs(timeline.stamp_of(9_999.0) - true[-1]) < 5e-4


def test_an_empty_chunk_is_nothing() -> None:
    timeline = Timeline(10.0)
    assert timeline.place(np.empty(0), 0.0) == []
    assert not timeline.started


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_must_be_positive(rate_hz: float) -> None:
    with pytest.raises(InputError, match="rate_hz: expected a positive"):
        Timeline(rate_hz)


def test_a_broken_clock_is_an_error() -> None:
    with pytest.raises(NonFiniteError, match="got nan"):
        Timeline(10.0).place(np.array([0.0, np.nan]), 0.0)


def test_nothing_has_a_place_before_the_first_sample() -> None:
    with pytest.raises(StreamError, match="no sample has come yet"):
        Timeline(10.0).index_at(0.0)
    with pytest.raises(StreamError, match="no sample has come yet"):
        Timeline(10.0).stamp_of(0.0)
