from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hotwire.decoder.statistics.auc import (
    auc,
    auc_difference,
    auc_measure,
    auc_within,
    choice_score,
    has_auc,
    unit_of_auc,
)
from hotwire.decoder.statistics.permutation import exchanges, mid_p, widened
from hotwire.errors import InputError


def made(n: int, seed: int, *, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    leaning = rng.integers(-2, 3, n) + truth if ties else rng.normal(size=n) + truth
    return np.stack([np.zeros(n), leaning.astype(float)], axis=1) + rng.integers(0, 5, (n, 1)), truth


@settings(max_examples=50)
@given(st.integers(2, 40), st.integers(0, 2**16), st.booleans())
def test_is_that_of_scikit_learn(n: int, seed: int, ties: bool) -> None:
    scores, truth = made(n, seed, ties=ties)
    assert auc(scores, truth) == pytest.approx(roc_auc_score(truth, scores[:, 1] - scores[:, 0]), abs=1e-12)


@given(st.integers(2, 40), st.integers(0, 2**16))
def test_answers_may_change_places(n: int, seed: int) -> None:
    scores, truth = made(n, seed)
    assert auc(scores[:, ::-1], 1 - truth) == pytest.approx(auc(scores, truth), abs=1e-12)


@pytest.mark.parametrize("n_repeats", [1, 3])
def test_value_and_p_are_those_of_scikit_learn_within_runs(n_repeats: int) -> None:
    """Pairs of trials of each run, and each exchange of classes, by hand; a run of one class has none."""
    runs = np.repeat(np.arange(7), [3, 5, 8, 4, 4, 6, 2])
    repeats = [made(32, seed)[0] for seed in range(n_repeats)]
    truth = made(32, 0)[1]
    truth[-2:] = 1
    shuffled = truth[exchanges(runs, np.arange(32), 100)]
    found = auc_measure(repeats, truth, runs, shuffled)

    def by_hand(classes: np.ndarray) -> float:
        won = n = 0.0
        for one in repeats:
            for run in range(7):
                of, leaning = classes[runs == run], (one[:, 1] - one[:, 0])[runs == run]
                if len(np.unique(of)) == 2:
                    n_pairs = (of == 0).sum() * (of == 1).sum()
                    won, n = won + n_pairs * roc_auc_score(of, leaning), n + n_pairs
        return won / n

    assert found.value == pytest.approx(by_hand(truth))
    permuted = np.array([by_hand(classes) for classes in shuffled])
    assert found.p_value == pytest.approx(mid_p(found.value, widened(permuted, "comparisons")))
    assert found.low < found.value < found.high
    assert found.chance == 0.5
    assert auc_within(repeats[0], truth, np.zeros(32)) == pytest.approx(auc(repeats[0], truth))


def test_drifts_between_runs_do_not_count() -> None:
    """Scores that are perfect within runs, each of which is displaced by its model, are perfect."""
    runs, truth = np.repeat(np.arange(6), 10), np.tile([0, 1], 30)
    leaning = truth + 10 * np.random.default_rng(0).normal(size=6)[runs]
    scores = np.stack([np.zeros(60), leaning], axis=1)
    assert auc(scores, truth) < 0.9
    assert auc_within(scores, truth, runs) == 1.0


def test_runs_of_one_class_are_compared_within_folds() -> None:
    truth, runs, fold = np.array([0, 1, 0, 1]), np.arange(4), np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(unit_of_auc(truth, runs, fold), fold)
    np.testing.assert_array_equal(unit_of_auc(truth, fold, runs), fold)
    assert unit_of_auc(truth, runs, truth) is None


def test_difference_is_paired() -> None:
    """What is hard in a run is so for both: the difference is known better than either."""
    rng = np.random.default_rng(1)
    runs, truth = np.repeat(np.arange(20), 30), np.arange(600) % 2
    signal = (truth - 0.5) * np.repeat(rng.uniform(0.0, 3.0, 20), 30) + rng.normal(size=600)
    scores = np.stack([np.zeros(600), signal], axis=1)
    near = scores + 0.05 * rng.normal(size=scores.shape)
    difference = auc_difference(scores, near, truth, runs)
    alone = auc_measure([scores], truth, runs, truth[None])
    assert difference.value == pytest.approx(auc_within(scores, truth, runs) - auc_within(near, truth, runs))
    assert difference.low <= difference.value <= difference.high
    assert difference.high - difference.low < (alone.high - alone.low) / 5
    assert auc_difference(scores, scores, truth, runs).verdict == "no difference shown"
    assert auc_difference(scores, -scores, truth, runs).verdict == "better"
    assert auc_difference(-scores, scores, truth, runs).verdict == "worse"


def test_choices_between_two_answers_are_judged_by_it() -> None:
    truth = np.array([0, 0, 0, 1])
    scores = np.array([[3.0, 0.0], [2.0, 0.0], [1.5, 0.0], [1.0, 0.0]])  # always says 0, yet in order
    assert choice_score(scores, truth, np.zeros(4)) == 1.0
    assert choice_score(np.eye(3), [0, 1, 2], np.zeros(3)) == 1.0


def test_choices_compare_trials_of_one_fold() -> None:
    rng = np.random.default_rng(0)
    truth, fold = np.tile([0, 0, 1, 1], 5), np.repeat(np.arange(5), 4)
    lean = truth + 0.5 * rng.normal(size=20)
    moved = lean + 10 * fold
    by_fold = [roc_auc_score(truth[fold == one], lean[fold == one]) for one in range(5)]
    assert choice_score(np.stack([-moved, moved], axis=1), truth, fold) == pytest.approx(np.mean(by_fold))
    apart = np.repeat([0, 1], 10)  # each fold holds one class: they are compared all the same
    assert choice_score(np.stack([-lean, lean], axis=1), apart, apart) == pytest.approx(roc_auc_score(apart, lean))


def test_wrong_inputs() -> None:
    with pytest.raises(InputError, match="got 2 classes of which 1 occur"):
        auc([[0.0, 1.0]], [1])
    with pytest.raises(InputError, match="got 3 classes of which 2 occur"):
        auc(np.zeros((2, 3)), [0, 1])
    assert has_auc(np.array([0, 1]), 2)
    assert not has_auc(np.array([1, 1]), 2)
    assert not has_auc(np.array([0, 1]), 3)
