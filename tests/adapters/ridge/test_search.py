"""Every search gives the sums that decomposing each fold gives, in any shape, in float64 and nearly so in float32."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, ShuffleSplit

from hotwire.adapters.backend import NumpyBackend
from hotwire.adapters.folds import Split, split_samples
from hotwire.adapters.ridge.held_out import (
    HeldOutSums,
    RidgeProblem,
    held_out_sums,
    prepare_folds,
    sums_of_gram,
)
from hotwire.adapters.ridge.search import SEARCHES, by_subtraction, searched, searched_together
from hotwire.adapters.ridge.strengths import ridge_problem
from hotwire.adapters.unit_blocks import Floats, UnitBlocks

ALPHAS = np.array([0.05, 1.0, 40.0, 3000.0])
ON = NumpyBackend()


def made(seed: int, n_samples: int, n_features: int, n_units: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    X = rng.normal(loc=2.0, size=(n_samples, n_features)) * rng.uniform(0.3, 3, n_features)
    X[:, n_features // 2] = X[:, 0]  # the same twice
    if n_features > 2:
        X[:, 1] = -3.0
    Y = X @ rng.normal(size=(n_features, n_units)) + 4 * rng.normal(size=(n_samples, n_units))
    return X, Y - Y.mean(axis=0)


def quick(X: Floats, folds: list[Split], scale: str = "none", choose_by: str = "direction") -> RidgeProblem:
    problem = ridge_problem(X, scale, ALPHAS, folds, choose_by)
    assert problem.quick
    return problem


def assert_same(found: HeldOutSums, expected: HeldOutSums, part: float, errors_only: bool = False) -> None:
    size = expected.true.max()
    np.testing.assert_allclose(found.error, expected.error, atol=part * size)
    if not errors_only:
        np.testing.assert_allclose(found.predicted, expected.predicted, atol=part * size)
        np.testing.assert_allclose(found.true, expected.true, atol=part * size)


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(6, 20),
    st.integers(2, 30),
    st.integers(1, 8),
    st.sampled_from(["none", "unit_variance"]),
    st.sampled_from(["groups", "single", "parts", "overlapping"]),
)
def test_same_sums_as_fold_by_fold(seed: int, n_samples: int, n_features: int, n_units: int, scale: str, how: str):
    X, Y = made(seed, n_samples, n_features, n_units)
    folds = {
        "groups": split_samples(n_samples, np.arange(n_samples) // 2),
        "single": split_samples(n_samples, np.arange(n_samples), LeaveOneGroupOut()),
        "parts": split_samples(n_samples, None, ShuffleSplit(4, test_size=0.3, train_size=0.5, random_state=0)),
        "overlapping": split_samples(n_samples, None, ShuffleSplit(4, test_size=0.4, random_state=0)),
    }[how]
    expected = held_out_sums(prepare_folds(X, folds, scale), ALPHAS, Y)
    problem = quick(X, folds, scale)
    for name, search in SEARCHES.items():
        if name == "few units" and not problem.one_serves_all:
            continue
        assert_same(search(problem)(ON, np.float64)(Y), expected, 1e-9)
    assert_same(sums_of_gram(problem, Y @ Y.T), expected.over_all(), 1e-9)
    together = by_subtraction(problem, together=True)(ON, np.float64)
    assert_same(searched_together(together, UnitBlocks(Y)), expected.over_all(), 1e-9)


@pytest.mark.parametrize(("n_samples", "n_features"), [(90, 30), (60, 200)])
def test_float32_keeps_sums_to_a_millionth(n_samples: int, n_features: int) -> None:
    X, Y = made(1, n_samples, n_features, 50)
    folds = split_samples(n_samples, np.arange(n_samples) % 6, GroupKFold(6))
    expected = held_out_sums(prepare_folds(X, folds, "none"), ALPHAS, Y)
    problem, single = quick(X, folds), Y.astype(np.float32)
    for name, search in SEARCHES.items():
        if name == "few units" and not problem.one_serves_all:
            continue
        assert_same(search(problem)(ON, np.float32)(single), expected, 3e-6)
    assert_same(sums_of_gram(problem, Y @ Y.T, np.float32), expected.over_all(), 3e-6)
    assert_same(by_subtraction(problem, together=True)(ON, np.float32)(single).over_all(), expected.over_all(), 3e-6)


def test_errors_alone_are_the_same_errors() -> None:
    X, Y = made(2, 20, 30, 5)
    folds = split_samples(20, np.arange(20) // 4)
    expected = held_out_sums(prepare_folds(X, folds, "none"), ALPHAS, Y)
    problem = quick(X, folds, choose_by="error")
    assert_same(SEARCHES["dual"](problem)(ON, np.float64)(Y), expected, 1e-9, errors_only=True)
    assert_same(sums_of_gram(problem, Y @ Y.T), expected.over_all(), 1e-9, errors_only=True)


def test_blocks_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = made(3, 20, 6, 31)
    folds = split_samples(20, np.arange(20) // 4)
    search = SEARCHES["weak strengths"](quick(X, folds))(ON, np.float64)
    monkeypatch.setattr("hotwire.adapters.unit_blocks.BLOCK_ELEMENTS", 70)
    found = searched(search, UnitBlocks(Y + 5.0), len(ALPHAS))
    assert_same(found, held_out_sums(prepare_folds(X, folds, "none"), ALPHAS, Y), 1e-12)
