from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hotwire.decoder.statistics.auc import auc, auc_difference, auc_measure, choice_score, has_auc
from hotwire.decoder.statistics.permutation import exchanges
from hotwire.errors import InputError


def made(n: int, seed: int, *, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    leaning = rng.integers(-2, 3, n) + truth if ties else rng.normal(size=n) + truth
    return np.stack([np.zeros(n), leaning.astype(float)], axis=1) + rng.integers(0, 5, (n, 1)), truth


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 40), st.integers(0, 2**16), st.booleans())
def test_is_that_of_scikit_learn(n: int, seed: int, ties: bool) -> None:
    scores, truth = made(n, seed, ties=ties)
    assert auc(scores, truth) == pytest.approx(roc_auc_score(truth, scores[:, 1] - scores[:, 0]), abs=1e-12)


@given(st.integers(2, 40), st.integers(0, 2**16))
def test_answers_may_change_places(n: int, seed: int) -> None:
    scores, truth = made(n, seed)
    assert auc(scores[:, ::-1], 1 - truth) == pytest.approx(auc(scores, truth), abs=1e-12)


@pytest.mark.parametrize("n_repeats", [1, 3])
def test_interval_and_p_are_those_of_scikit_learn(n_repeats: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each draw of runs (and of repeats) and each exchange of answers by hand."""
    monkeypatch.setattr("hotwire.decoder.statistics.intervals.N_RESAMPLES", 150)
    runs = np.repeat(np.arange(6), [3, 5, 8, 4, 4, 6])
    repeats = [made(30, seed)[0] for seed in range(n_repeats)]
    truth = made(30, 0)[1]
    shuffled = truth[exchanges(runs, np.arange(30), 100)]
    found = auc_measure(repeats, truth, runs, shuffled)

    def by_hand(which: np.ndarray, answers: np.ndarray) -> float:
        return float(np.mean([roc_auc_score(answers, (one[:, 1] - one[:, 0])[which]) for one in repeats]))

    every = np.arange(30)
    assert found.value == pytest.approx(by_hand(every, truth))
    permuted = np.array([by_hand(every, answers) for answers in shuffled])
    assert found.p_value == pytest.approx((1 + np.count_nonzero(permuted >= found.value - 1e-12)) / 101)
    drawn = []
    picks = np.random.default_rng(1).integers(0, n_repeats, (n_repeats, 150))
    for number, draw in enumerate(np.random.default_rng(0).integers(0, 6, (150, 6))):
        which = np.concatenate([np.flatnonzero(runs == run) for run in draw])
        if len(np.unique(truth[which])) == 2:
            each = [roc_auc_score(truth[which], (one[:, 1] - one[:, 0])[which]) for one in repeats]
            drawn.append(np.mean([each[pick] for pick in picks[:, number]]))
    np.testing.assert_allclose([found.low, found.high], np.percentile(drawn, [2.5, 97.5]))
    assert found.chance == 0.5


def test_noise_is_at_chance_and_its_p_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotwire.decoder.statistics.intervals.N_RESAMPLES", 1000)
    rng = np.random.default_rng(0)
    runs = np.repeat(np.arange(10), 12)
    truth = (np.arange(120) % 6 == 0).astype(int)
    shuffled = truth[exchanges(runs, np.arange(120), 200)]
    found = [auc_measure([rng.normal(size=(120, 2))], truth, runs, shuffled) for _ in range(100)]
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=0.02)
    assert 0.3 < np.mean([one.p_value < 0.5 for one in found]) < 0.7
    assert np.mean([one.low < 0.5 < one.high for one in found]) > 0.85


def test_single_trials_as_runs() -> None:
    """Draws that lack one of the answers are left out."""
    scores, truth = made(4, 3)
    found = auc_measure([scores], truth, np.arange(4), truth[None])
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_difference_is_paired() -> None:
    """What is hard in a run is so for both: the difference is known better than either."""
    rng = np.random.default_rng(1)
    runs, truth = np.repeat(np.arange(20), 30), np.arange(600) % 2
    signal = (truth - 0.5) * np.repeat(rng.uniform(0.0, 3.0, 20), 30) + rng.normal(size=600)
    scores = np.stack([np.zeros(600), signal], axis=1)
    near = scores + 0.05 * rng.normal(size=scores.shape)
    difference = auc_difference(scores, near, truth, runs)
    alone = auc_measure([scores], truth, runs, truth[None])
    assert difference.value == auc(scores, truth) - auc(near, truth)
    assert difference.low <= difference.value <= difference.high
    assert difference.high - difference.low < (alone.high - alone.low) / 5
    assert auc_difference(scores, scores, truth, runs).verdict == "no difference shown"
    assert auc_difference(scores, -scores, truth, runs).verdict == "better"
    assert auc_difference(-scores, scores, truth, runs).verdict == "worse"


def test_choices_between_two_answers_are_judged_by_it() -> None:
    truth = np.array([0, 0, 0, 1])
    scores = np.array([[3.0, 0.0], [2.0, 0.0], [1.5, 0.0], [1.0, 0.0]])  # always says 0, yet in order
    assert choice_score(scores, truth) == 1.0
    assert choice_score(np.eye(3), [0, 1, 2]) == 1.0


def test_wrong_inputs() -> None:
    with pytest.raises(InputError, match="got 2 classes of which 1 occur"):
        auc([[0.0, 1.0]], [1])
    with pytest.raises(InputError, match="got 3 classes of which 2 occur"):
        auc(np.zeros((2, 3)), [0, 1])
    assert has_auc(np.array([0, 1]), 2)
    assert not has_auc(np.array([1, 1]), 2)
    assert not has_auc(np.array([0, 1]), 3)
