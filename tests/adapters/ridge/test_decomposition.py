"""Plain functions against textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from hotwire.adapters.ridge.decomposition import filter_factors, quick_svd, standardise, thin_svd
from hotwire.adapters.ridge.held_out import held_out_sums, prepare_folds

ALPHAS = np.array([0.01, 1.0, 100.0])


@pytest.mark.parametrize(("n_samples", "n_features"), [(30, 6), (6, 30), (12, 12)])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_filtered_spectrum_solves_the_normal_equations(n_samples: int, n_features: int, alpha: float) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(n_samples, n_features)), rng.normal(size=(n_samples, 3))
    parts = thin_svd(X)
    weights = parts.right.T @ (filter_factors(parts.values, alpha) * (parts.left.T @ Y))
    np.testing.assert_allclose((X.T @ X + alpha * np.eye(n_features)) @ weights, X.T @ Y, atol=1e-10)


def test_an_alpha_for_each_unit_is_a_column_for_each() -> None:
    values = np.array([3.0, 2.0, 0.5])
    both = filter_factors(values, ALPHAS)
    np.testing.assert_array_equal(both, np.hstack([filter_factors(values, alpha) for alpha in ALPHAS]))


@pytest.mark.parametrize("shape", [(20, 8), (8, 20)])
def test_spectrum_leaves_null_directions_out(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(shape[0], 3)) @ rng.normal(size=(3, shape[1]))
    parts = thin_svd(X)
    assert parts.values.shape == (3,)
    np.testing.assert_allclose(parts.left * parts.values @ parts.right, X, atol=1e-12)


@pytest.mark.parametrize("shape", [(20, 8), (8, 20), (8, 8)])
def test_quick_spectrum_gives_the_same_map(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(shape[0], 5)) @ rng.normal(size=(5, shape[1])) * np.geomspace(1, 100, shape[1])
    weakest = 1e-6 * float(np.linalg.norm(X, 2)) ** 2
    quick, exact = quick_svd(X, weakest), thin_svd(X)
    assert quick is not None
    maps = [parts.right.T @ (filter_factors(parts.values, weakest) * parts.left.T) for parts in (quick, exact)]
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-7, atol=1e-7 * np.abs(maps[1]).max())
    assert quick_svd(X, 1e-3 * weakest / 9) is None
    assert quick_svd(np.zeros(shape), weakest) is None


def test_spectrum_of_nothing_is_empty() -> None:
    parts = thin_svd(np.zeros((4, 3)))
    assert (parts.left.shape, parts.values.shape, parts.right.shape) == ((4, 0), (0,), (0, 3))


def test_features_that_vary_by_rounding_alone_are_constant() -> None:
    X = np.random.default_rng(0).normal(size=(10, 3))
    X[:, 0] = 0.1
    X[:, 1] = 1e8
    X[::2, 1] = np.nextafter(1e8, 2e8)
    features = standardise(X, "unit_variance")
    assert features.constant.tolist() == [True, True, False]
    np.testing.assert_array_equal(features.X[:, :2], 0.0)
    np.testing.assert_array_equal(features.scale[:2], 1.0)
    np.testing.assert_allclose(features.X[:, 2].std(), 1.0)


def test_a_small_feature_is_no_constant() -> None:
    X = 1e-12 * np.random.default_rng(0).normal(size=(10, 2))
    np.testing.assert_allclose(standardise(X, "unit_variance").X.std(axis=0), 1.0)


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


@settings(deadline=None, max_examples=25)
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
