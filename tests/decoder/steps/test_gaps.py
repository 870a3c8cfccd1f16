"""Samples that never came: the same bit for bit however gaps and chunks are cut, at the cost of what did come."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.steps import (
    Detrend,
    ExponentialBaseline,
    Lag,
    RunningBaseline,
    RunningDetrend,
    RunningZScore,
    Step,
    ZScore,
    open_chain,
)
from hotwire.decoder.windows import BlockAverage, RunningAverage, SlidingAverage, Window, WindowRow
from hotwire.errors import InputError

NAMES = tuple("abc")
RATE_HZ = 0.5
LONG = 10**9

Stream = list[np.ndarray | int]  # pieces that came, and how many samples never did

CHAINS: list[list[Step]] = [
    [Lag(lag_samples=3)],
    [RunningBaseline(), Lag(lag_samples=2)],
    [Lag(lag_samples=2), RunningBaseline(window_s=14.0, on_gap="reset")],
    [RunningZScore(window_s=14.0, min_samples=3), ExponentialBaseline(10.0, on_gap="reset")],
    [RunningDetrend(window_s=22.0, on_gap="reset"), RunningZScore(min_samples=2, on_gap="reset")],
    [ExponentialBaseline(10.0)],
]
WINDOWS: list[Window] = [
    BlockAverage(incomplete="partial"),
    BlockAverage(start_s=-5.0, stop_s=7.5, incomplete="partial"),
    RunningAverage(max_samples=3, incomplete="partial"),
    SlidingAverage(8.0, 4.0),
    SlidingAverage(10.0, 4.0),
    SlidingAverage(4.0, 10.0),
]


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """Runs of samples and gaps by turns."""
    sizes = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=5))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n_features = draw(st.sampled_from([1, 3]))
    stream: Stream = []
    for n_push, n_skip in sizes:
        stream += [(1e3 + rng.normal(size=(n_push, n_features))).astype(np.float32), n_skip]
    return stream


def cut(stream: Stream, data: st.DataObject) -> Stream:
    """The same stream in smaller pieces."""
    pieces: Stream = []
    for part in stream:
        n = part if isinstance(part, int) else len(part)
        cuts = [0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=4))), n]
        for first, stop in pairwise(cuts):
            pieces.append(stop - first if isinstance(part, int) else part[first:stop])
    return pieces


def n_features(stream: Stream) -> int:
    return next(part.shape[1] for part in stream if not isinstance(part, int))


def drive(steps: list[Step], stream: Stream) -> tuple[np.ndarray, int]:
    """What comes out, at the places where it belongs: NaN for what never comes."""
    chain = open_chain(steps, NAMES[: n_features(stream)], RATE_HZ)
    out, n_missing = [np.empty((0, n_features(stream)), np.float32)], 0
    for part in stream:
        if isinstance(part, int):
            n = chain.skip(part)
            n_missing += n
            out.append(np.full((n, n_features(stream)), np.nan, np.float32))
        else:
            out.append(chain.push(part))
    return np.concatenate(out), n_missing


def slide(window: Window, events: list[tuple[float, float]], stream: Stream) -> list[tuple]:
    state = window.open(n_features(stream), RATE_HZ)
    for i, (onset_s, duration_s) in enumerate(events):
        state.announce(i, onset_s, duration_s)
    rows: list[WindowRow] = []
    for part in stream:
        rows += state.skip(part) if isinstance(part, int) else state.push(part)
    rows += state.finish()
    return [(row.event, row.first, row.stop, row.n_present, row.x.tobytes()) for row in rows]


@pytest.mark.parametrize("steps", CHAINS, ids=str)
@settings(max_examples=40)
@given(stream=streams(), data=st.data())
def test_cutting_gaps_and_chunks_changes_nothing(steps: list[Step], stream: Stream, data: st.DataObject) -> None:
    whole, n_missing = drive(steps, stream)
    pieces, n_missing_pieces = drive(steps, cut(stream, data))
    assert whole.tobytes() == pieces.tobytes()
    assert n_missing == n_missing_pieces
    n_in = sum(part if isinstance(part, int) else len(part) for part in stream)
    assert len(whole) == max(0, n_in - sum(step.delay_samples(RATE_HZ) for step in steps))


@pytest.mark.parametrize(
    "make",
    [
        lambda on_gap: RunningBaseline(14.0, on_gap=on_gap),
        lambda on_gap: ExponentialBaseline(10.0, on_gap=on_gap),
        lambda on_gap: RunningZScore(14.0, 3, on_gap=on_gap),
        lambda on_gap: RunningDetrend(22.0, 1, on_gap=on_gap),
    ],
    ids=["RunningBaseline", "ExponentialBaseline", "RunningZScore", "RunningDetrend"],
)
def test_policies(make) -> None:
    X = (1e3 + np.random.default_rng(0).normal(size=(40, 3))).astype(np.float32)
    bridged, _ = drive([make("bridge")], [X[:25], 7, X[25:]])
    reset, _ = drive([make("reset")], [X[:25], 7, X[25:]])
    whole, _ = drive([make("bridge")], [X])
    anew, _ = drive([make("bridge")], [X[25:]])
    assert bridged[:25].tobytes() + bridged[32:].tobytes() == whole.tobytes()
    assert reset[:25].tobytes() + reset[32:].tobytes() == whole[:25].tobytes() + anew.tobytes()
    none, _ = drive([make("reset")], [X[:25], 0, X[25:]])
    assert none.tobytes() == whole.tobytes()


def test_a_lag_swallows_what_is_missing_at_the_beginning() -> None:
    chain = open_chain([Lag(lag_samples=3)], NAMES[:1], RATE_HZ)
    assert chain.skip(2) == 0
    assert chain.push([[1.0]]).size == 0
    assert chain.push([[2.0]]).tolist() == [[2.0]]
    assert chain.skip(4) == 4


def test_what_cannot_have_gaps() -> None:
    for step in (Detrend(), ZScore()):
        with pytest.raises(InputError, match=r"5 samples never came.*causal form"):
            open_chain([step], NAMES[:1], RATE_HZ).skip(5)
    with pytest.raises(InputError, match="n_samples: expected an integer of at least 0, got -1"):
        open_chain([RunningBaseline()], NAMES[:1], RATE_HZ).skip(-1)
    with pytest.raises(InputError, match="n_samples"):
        SlidingAverage(4.0, 2.0).open(1, RATE_HZ).skip(-1)
    with pytest.raises(InputError, match="on_gap: expected one of bridge, reset, got 'forget'"):
        RunningBaseline(on_gap="forget")  # type: ignore[arg-type]


times = st.lists(st.tuples(st.floats(6, 100), st.floats(2.5, 40)), max_size=5)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@settings(max_examples=50)
@given(stream=streams(), events=times, data=st.data())
def test_rows_are_the_same_however_gaps_are_cut(
    window: Window, stream: Stream, events: list[tuple[float, float]], data: st.DataObject
) -> None:
    assert slide(window, events, stream) == slide(window, events, cut(stream, data))


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@settings(max_examples=50)
@given(stream=streams(), events=times)
def test_rows_are_means_of_what_came(window: Window, stream: Stream, events: list[tuple[float, float]]) -> None:
    nan = [np.full((part, n_features(stream)), np.nan) if isinstance(part, int) else part for part in stream]
    samples = np.concatenate(nan)
    whole = np.where(np.isnan(samples), 0.0, samples)
    rows = slide(window, events, stream)
    for _, first, stop, n_present, x in rows:
        here = samples[first:stop]
        here = here[~np.isnan(here[:, 0])]
        assert n_present == len(here)
        expected = here.mean(axis=0) if len(here) else np.zeros(n_features(stream))
        np.testing.assert_allclose(np.frombuffer(x, np.float32), expected, rtol=1e-6)
    # With the gaps filled, the same windows come, and those besides that rest on nothing new.
    filled = {row[:3] for row in slide(window, events, [whole.astype(np.float32)])}
    assert {row[:3] for row in rows} <= filled
    for _, first, stop in filled - {row[:3] for row in rows}:
        nothing = samples[stop - 1 : stop] if isinstance(window, RunningAverage) else samples[first:stop]
        assert np.isnan(nothing).all()
        assert not isinstance(window, BlockAverage)


@pytest.mark.parametrize("window", [*WINDOWS, SlidingAverage(2000.0, 2.0)], ids=str)
def test_a_gap_of_a_lifetime_costs_nothing(window: Window) -> None:
    """A row for every missing sample, or a loop over them, would not end."""
    state = window.open(2, RATE_HZ)
    state.announce(0, 6.0, 30.0)
    state.announce(1, 20.0, 4.0 * LONG)
    state.push(np.ones((7, 2)))
    rows = state.skip(LONG) + state.skip(LONG)
    assert len(rows) < 2000
    rows = state.push(np.full((1200, 2), 3.0, np.float32))
    assert all(row.stop > 2 * LONG for row in rows)
    assert all((row.x == 3.0).all() for row in rows)
    chain = open_chain(
        [RunningBaseline(60.0), RunningDetrend(60.0, on_gap="reset"), Lag(lag_samples=3)], NAMES[:2], RATE_HZ
    )
    chain.push(np.ones((7, 2)))
    assert chain.skip(LONG) == LONG


def test_an_event_within_a_gap() -> None:
    state = BlockAverage().open(2, 1.0)
    state.announce(0, 4.0, 3.0)
    state.push(np.ones((2, 2)))
    (row,) = state.skip(10)
    assert (row.event, row.first, row.stop, row.n_present, row.x.tolist()) == (0, 4, 7, 0, [0.0, 0.0])
