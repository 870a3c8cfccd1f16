"""Plain functions against textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.adapters.ridge.solvers import filter_factors, quick_svd, standardise, thin_svd

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
