"""Held-out sums against the normal equations of each fold, and what no gain could explain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from hotwire.adapters.ridge.dual import forms, sums_of_forms
from hotwire.adapters.ridge.held_out import held_out_sums, prepare_folds, sums_of_gram
from hotwire.adapters.ridge.strengths import ridge_problem

ALPHAS = np.array([0.01, 1.0, 100.0])


@pytest.mark.parametrize("scale", ["none", "unit_variance"])
@pytest.mark.parametrize("n_features", [4, 60])
def test_held_out_errors_by_the_normal_equations(scale: str, n_features: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(loc=3.0, size=(20, n_features)) * rng.uniform(0.1, 10, size=n_features)
    Y = rng.normal(loc=-2.0, size=(20, 5))
    folds = [(np.arange(7, 20), np.arange(7)), (np.r_[0:7, 12:20], np.arange(7, 12))]
    expected = np.zeros((len(ALPHAS), 5))
    for train, held_out in folds:
        mean = X[train].mean(axis=0)
        size = X[train].std(axis=0) if scale == "unit_variance" else np.ones(n_features)
        known, new = (X[train] - mean) / size, (X[held_out] - mean) / size
        for number, alpha in enumerate(ALPHAS):
            dual = np.linalg.solve(known @ known.T + alpha * np.eye(len(train)), Y[train] - Y[train].mean(axis=0))
            predicted = new @ known.T @ dual + Y[train].mean(axis=0)
            expected[number] += ((predicted - Y[held_out]) ** 2).sum(axis=0)
    np.testing.assert_allclose(held_out_sums(prepare_folds(X, folds, scale), ALPHAS, Y).error, expected, rtol=1e-8)


@settings(max_examples=25)
@given(n_features=st.integers(1, 30), n_targets=st.integers(1, 6), seed=st.integers(0, 2**16))
def test_off_direction_is_what_no_gain_could_explain(n_features: int, n_targets: int, seed: int) -> None:
    """Against the least error over gains, found by least squares on scikit-learn's own predictions."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(12, n_features))
    Y = X[:, [0]] + rng.normal(size=(12, n_targets))
    train, held_out = np.arange(4, 12), np.arange(4)
    sums = held_out_sums(prepare_folds(X, [(train, held_out)], "none"), ALPHAS, Y).over_all()
    for number, alpha in enumerate(ALPHAS):
        mean = Y[train].mean(axis=0)
        guess = (Ridge(alpha=alpha).fit(X[train], Y[train]).predict(X[held_out]) - mean).ravel()
        truth = (Y[held_out] - mean).ravel()
        gain = max(0.0, guess @ truth / (guess @ guess))
        least = np.sum((gain * guess - truth) ** 2) / np.sum(truth**2)
        np.testing.assert_allclose(sums.off_direction()[number, 0], least, atol=1e-8)


def fold(*held_out: int) -> tuple[np.ndarray, np.ndarray]:
    return np.setdiff1d(np.arange(24), held_out), np.array(held_out)


WHOLE = [fold(*range(6)), fold(*range(6, 11)), fold(23, *range(11, 17)), fold(20, 17, 18, 19, 21, 22)]
PARTIAL = [fold(0, 1, 2), fold(2, 1, 9), (np.arange(10), np.arange(12, 20))]


@pytest.mark.parametrize("n_features", [5, 23, 24, 60])
@pytest.mark.parametrize("folds", [WHOLE, PARTIAL])
@pytest.mark.parametrize("scale", ["none", "unit_variance"])
def test_sums_over_what_is_held_out(n_features: int, folds, scale: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, n_features))
    layers = [X[:, :3] @ rng.normal(size=(3, 7)) + rng.normal(size=(24, 7)) + 2.0 for _ in range(2)]
    problem = ridge_problem(X, scale, ALPHAS, folds)
    assert problem.one_serves_all == (scale == "none" and folds is WHOLE and n_features >= 24)
    grams = np.stack([Y @ Y.T for Y in layers])
    found = sums_of_forms(forms(problem), grams)
    centred = [Y - Y.mean(axis=0) for Y in layers]
    by_direction = replace(problem, choose_by="direction")
    alone = [sums_of_gram(by_direction, Y @ Y.T) for Y in centred]
    for sums, Y in zip(found + alone, layers + layers, strict=True):
        for number, alpha in enumerate(ALPHAS):
            error = predicted = true = 0.0
            for train, held_out in folds:
                mean = Y[train].mean(axis=0)
                size = X[train].std(axis=0) if scale == "unit_variance" else 1.0
                known, new = X[train] / size, X[held_out] / size
                guess = Ridge(alpha=alpha, solver="svd").fit(known, Y[train]).predict(new)
                error += np.sum((guess - Y[held_out]) ** 2)
                predicted += np.sum((guess - mean) ** 2)
                true += np.sum((Y[held_out] - mean) ** 2)
            np.testing.assert_allclose(sums.error[number, 0], error, rtol=1e-7)
            np.testing.assert_allclose(sums.predicted[number, 0], predicted, rtol=1e-7)
            np.testing.assert_allclose(sums.true[0], true, rtol=1e-10)
