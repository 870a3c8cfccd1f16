"""However a run is cut into chunks, every step gives the same samples bit for bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_arrays
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.steps import (
    Despike,
    Detrend,
    ExponentialBaseline,
    HighPass,
    Lag,
    RunningBaseline,
    RunningDetrend,
    RunningZScore,
    Smooth,
    Step,
    StepState,
    ZScore,
    open_chain,
    run_steps,
)
from hotwire.errors import InputError, NonFiniteError, RecordingError, ShapeError

NAMES = tuple("abcdefg")
RATE_HZ = 0.5
CHAINS: list[list[Step]] = [
    [Detrend(order=2)],
    [ZScore()],
    [Lag(lag_samples=3)],
    [RunningBaseline()],
    [RunningBaseline(window_s=14.0)],
    [RunningBaseline(window_s=2.0)],
    [RunningZScore(min_samples=3)],
    [RunningZScore(window_s=14.0, min_samples=3)],
    [RunningDetrend(window_s=14.0)],
    [RunningDetrend(window_s=22.0, order=3)],
    [ExponentialBaseline(time_constant_s=10.0)],
    [Despike(window_s=20.0, limit=0.5)],
    [RunningDetrend(window_s=20.0), RunningZScore(window_s=30.0, min_samples=2), Lag(lag_s=4.0)],
    [Lag(lag_samples=2), Detrend(), RunningBaseline(window_s=10.0), ZScore(), Lag(lag_samples=1)],
]


def drive(state: StepState, X: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """Push X in the pieces between the cuts, through one buffer that is overwritten each time."""
    parts = []
    for first, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        chunk = X[first:stop].copy()
        parts.append(state.push(chunk).copy())
        chunk[:] = np.nan
    return np.concatenate([*parts, state.finish()])


@pytest.mark.parametrize("steps", CHAINS, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_chunks_change_nothing(steps: list[Step], data: st.DataObject) -> None:
    n_samples = data.draw(st.integers(12, 60))
    n_features = data.draw(st.sampled_from([1, 2, 7]))
    offset = data.draw(st.sampled_from([0.0, 1e4]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    X = (offset + np.random.default_rng(seed).normal(size=(n_samples, n_features))).astype(np.float32)
    cuts = sorted(data.draw(st.lists(st.integers(0, n_samples), max_size=20)))
    whole = drive(open_chain(steps, NAMES[:n_features], RATE_HZ), X, [])
    cut = drive(open_chain(steps, NAMES[:n_features], RATE_HZ), X, cuts)
    one_by_one = drive(open_chain(steps, NAMES[:n_features], RATE_HZ), X, range(1, n_samples))
    assert whole.dtype == np.float32
    assert whole.tobytes() == cut.tobytes() == one_by_one.tobytes()
    delay = sum(step.delay_samples(RATE_HZ) for step in steps)
    assert len(whole) == n_samples - delay


@pytest.mark.parametrize("steps", CHAINS, ids=str)
def test_row_order_in_memory_changes_nothing(steps: list[Step]) -> None:
    X = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    rows, columns = (drive(open_chain(steps, NAMES[:5], RATE_HZ), np.array(X, order=o), []) for o in ("C", "F"))
    assert rows.tobytes() == columns.tobytes()


@pytest.mark.parametrize("steps", [chain for chain in CHAINS if not any(s.needs_future for s in chain)], ids=str)
def test_causal_steps_never_look_ahead(steps: list[Step]) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    changed = X.copy()
    changed[25:] += 100.0
    delay = sum(step.delay_samples(RATE_HZ) for step in steps)
    a, b = (drive(open_chain(steps, NAMES[:3], RATE_HZ), x, []) for x in (X, changed))
    assert a[: 25 - delay].tobytes() == b[: 25 - delay].tobytes()
    assert len(open_chain(steps, NAMES[:3], RATE_HZ).push(X)) == 40 - delay


@pytest.mark.parametrize("steps", CHAINS, ids=str)
def test_offline_is_every_run_from_a_fresh_state(steps: list[Step]) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    events = Events(np.array(["b"]), np.array([4.0]), np.array([6.0]), np.array(["face"]))
    recording = read_arrays(X, RATE_HZ, run=["a"] * 35 + ["b"] * 25, events=events)
    out = run_steps(steps, recording)
    for run in ("a", "b"):
        alone = drive(open_chain(steps, NAMES[:3], RATE_HZ), X[recording.samples_of(run)], [5, 6, 20])
        assert out.data[out.samples_of(run)].tobytes() == alone.tobytes()
    assert out.events is recording.events
    assert out.trimmed_samples == sum(step.delay_samples(RATE_HZ) for step in steps)


def test_running_steps_in_two_goes_changes_nothing() -> None:
    recording = read_arrays(np.random.default_rng(0).normal(size=(50, 4)), RATE_HZ)
    steps = CHAINS[-1]
    at_once = run_steps(steps, recording)
    in_two = run_steps(steps[2:], run_steps(steps[:2], recording))
    assert at_once.data.tobytes() == in_two.data.tobytes()
    assert at_once.trimmed_samples == in_two.trimmed_samples == 3
    assert run_steps([], recording) is recording


def test_a_run_that_vanishes_is_named() -> None:
    recording = read_arrays(np.zeros((10, 2)), RATE_HZ, run=[1] * 7 + [2] * 3)
    with pytest.raises(RecordingError, match=r"run 2 has 3 samples and none is left after the steps Lag"):
        run_steps([Lag(lag_samples=3)], recording)


def test_chunks_are_checked() -> None:
    chain = open_chain([RunningBaseline()], NAMES[:2], RATE_HZ)
    with pytest.raises(ShapeError, match=r"\(n_samples, 2\), got shape \(4, 3\)"):
        chain.push(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match=r"got shape \(2,\)"):
        chain.push(np.zeros(2))
    with pytest.raises(NonFiniteError, match="nan in feature 1 of sample 0"):
        chain.push([[0.0, np.nan]])
    with pytest.raises(InputError, match="rate_hz"):
        open_chain([], NAMES[:2], 0.0)


@pytest.mark.parametrize("steps", [*CHAINS, [HighPass(0.02, start="zero")], [Smooth("exponential", 4.0)]], ids=str)
def test_steps_that_treat_features_alike_may_follow_a_mixture_of_features(steps: list[Step]) -> None:
    rng = np.random.default_rng(0)
    X, mixture = 100 + rng.normal(size=(40, 7)), rng.normal(size=(7, 7))
    states = [open_chain(steps, NAMES, RATE_HZ) for _ in range(2)]
    of_mixed = np.concatenate([states[0].push(X @ mixture), states[0].finish()])
    mixed = np.concatenate([states[1].push(X), states[1].finish()]) @ mixture
    same = np.allclose(of_mixed, mixed, atol=1e-3)
    assert same == all(step.treats_features_alike for step in steps)
