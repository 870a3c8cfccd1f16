"""PLSAdapter against scikit-learn's PLSRegression and the textbook's algorithm on all units."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSSVD, PLSRegression
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.other.pls import PLSAdapter, first_direction

from ..made_sessions import held_out_error, searched, session, sessions

NUMBERS = (1, 2, 3, 5)
TIGHT: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


@parametrize_with_checks([PLSAdapter(), PLSAdapter(2, gain="unit", scale="unit_variance")])
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


def converged(n_components: int) -> PLSRegression:
    """scikit-learn's, whose power iteration goes on until nothing changes; by default it ends in the third digit."""
    return PLSRegression(n_components, scale=False, tol=1e-30, max_iter=100_000)


def well_posed(X: NDArray) -> bool:
    """Whether each direction is clearly there or clearly rounding: in between, an algorithm takes it or leaves it."""
    values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    return not np.any((values > 1e-13 * values[0]) & (values < 1e-7 * values[0]))


def textbook_prediction(X: NDArray, Y: NDArray, new: NDArray, n_components: int) -> NDArray:
    """PLS2 as in Wold et al. 2001, X and Y deflated, each weight the first singular vector of what is left of X'Y."""
    x_mean, y_mean = X.mean(axis=0), Y.mean(axis=0)
    X, Y = X - x_mean, Y - y_mean
    size, weights, x_loadings, y_loadings = np.linalg.norm(X) * np.linalg.norm(Y), [], [], []
    for _ in range(n_components):
        left, values, _ = np.linalg.svd(X.T @ Y, full_matrices=False)
        if values[0] < 1e-11 * size:
            break
        w = left[:, 0]
        t = X @ w
        p, q = X.T @ t / (t @ t), Y.T @ t / (t @ t)
        X, Y = X - np.outer(t, p), Y - np.outer(t, q)
        weights.append(w)
        x_loadings.append(p)
        y_loadings.append(q)
    if not weights:
        return np.tile(y_mean, (len(new), 1))
    W, P, Q = np.array(weights).T, np.array(x_loadings).T, np.array(y_loadings).T
    return (new - x_mean) @ W @ np.linalg.solve(P.T @ W, Q.T) + y_mean


@pytest.mark.parametrize("n_components", [1, 2, 4, 8])
@pytest.mark.parametrize(
    ("n_samples", "n_features", "n_units"), [(40, 8, 5), (40, 8, 100), (40, 100, 5), (40, 100, 300), (60, 60, 60)]
)
def test_it_is_scikit_learns_in_every_shape(n_samples: int, n_features: int, n_units: int, n_components: int) -> None:
    X, Y, _ = session(0, n_samples, n_features, n_units)
    elsewhere = X[::-1] * 1.5
    expected = converged(n_components).fit(X, Y).predict(elsewhere)
    np.testing.assert_allclose(PLSAdapter(n_components).fit(X, Y).predict(elsewhere), expected, **TIGHT)


@settings(max_examples=60)
@given(sessions(constants=(0.0, 0.1, -300.0)), st.integers(1, 6))
def test_it_is_the_textbooks_for_all_units(data, n_components: int) -> None:
    X, Y, _ = data
    assume(well_posed(X))
    adapter = PLSAdapter(n_components).fit(X, Y)
    np.testing.assert_allclose(adapter.predict(X), textbook_prediction(X, Y, X, n_components), rtol=1e-6, atol=1e-5)
    assert adapter.n_components_ == adapter.projection_.shape[1] == adapter.expansion_.shape[0] <= n_components


@settings(max_examples=40)
@given(sessions(constants=(0.0, 0.1, -300.0)), st.sampled_from(["error", "direction"]))
def test_the_search_is_that_of_textbook_cross_validation(data, choose_by: str) -> None:
    X, Y, groups = data
    assume(all(well_posed(X[groups != group]) for group in np.unique(groups)))
    require_the_textbooks_search(X, Y, groups, choose_by)


@pytest.mark.parametrize("apart", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("choose_by", ["error", "direction"])
def test_the_search_with_features_that_are_nearly_the_same(apart: float, choose_by: str) -> None:
    X, Y, groups = session(0, 10, 3, 4)
    nearly = X[:, :1] + apart * np.random.default_rng(0).normal(size=(10, 1))
    require_the_textbooks_search(np.hstack([X, nearly]), Y, groups, choose_by)


def require_the_textbooks_search(X: NDArray, Y: NDArray, groups: NDArray, choose_by: str) -> None:
    adapter = PLSAdapter(NUMBERS, choose_by=choose_by).fit(X, Y, groups=groups)
    errors = [
        held_out_error(partial(textbook_prediction, n_components=number), X, Y, groups, choose_by) for number in NUMBERS
    ]
    np.testing.assert_allclose(searched(adapter), errors, rtol=1e-5, atol=1e-5)


def test_the_first_direction_is_that_of_plssvd() -> None:
    X, Y, _ = session(1, 30, 8, 20)
    theirs: Any = PLSSVD(1, scale=False).fit(X, Y)
    ours = PLSAdapter(1).fit(X, Y).projection_[:, 0]
    np.testing.assert_allclose(np.abs(ours @ theirs.x_weights_[:, 0]), 1.0, rtol=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1e-180, 1.0, 1e150]))
def test_the_first_direction_is_the_first_singular_vector(seed: int, n_rows: int, n_columns: int, size: float) -> None:
    matrix = size * np.random.default_rng(seed).normal(size=(n_rows, n_columns))
    strength, direction = first_direction(matrix)
    left, values, _ = np.linalg.svd(matrix)
    np.testing.assert_allclose(strength, values[0], rtol=1e-9)
    np.testing.assert_allclose(np.abs(direction @ left[:, 0]), 1.0, rtol=1e-6)


@pytest.mark.parametrize(("n_features", "n_units"), [(8, 3), (8, 60), (25, 60)])
def test_all_components_are_least_squares(n_features: int, n_units: int) -> None:
    X, Y, _ = session(2, 40, n_features, n_units)
    adapter, plain = PLSAdapter(1000).fit(X, Y), LinearRegression().fit(X, Y)
    assert adapter.n_components_ == n_features
    np.testing.assert_allclose(adapter.coef_, plain.coef_, **TIGHT)
    np.testing.assert_allclose(adapter.intercept_, plain.intercept_, **TIGHT)


def test_components_end_where_nothing_is_left_to_explain() -> None:
    X, _, _ = session(3, 30, 10, 2)
    columns = np.linalg.qr(X - X.mean(axis=0))[0]
    # Uncorrelated features of equal size: one component is the whole of a target that they explain.
    adapter = PLSAdapter(9).fit(columns, columns @ np.ones(10))
    assert adapter.n_components_ == 1
    np.testing.assert_allclose(adapter.predict(columns), columns @ np.ones(10), **TIGHT)


def test_scaled_features_are_those_of_scikit_learn() -> None:
    X, Y, _ = session(4, 40, 8, 60)
    X *= np.geomspace(0.1, 100, 8)
    adapter = PLSAdapter(3, scale="unit_variance").fit(X, Y)
    scaled = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(adapter.predict(X), converged(3).fit(scaled, Y).predict(scaled), **TIGHT)


def test_a_number_that_is_enough_is_found() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(80, 3))
    X = hidden @ rng.normal(size=(3, 40)) + 0.3 * rng.normal(size=(80, 40))
    Y = hidden @ rng.normal(size=(3, 500)) + rng.normal(size=(80, 500))
    adapter = PLSAdapter(range(1, 10)).fit(X, Y)
    assert (adapter.n_components_, adapter.n_components_at_edge_) == (3, False)
    few, many = PLSAdapter((1, 2)).fit(X, Y), PLSAdapter((5, 6)).fit(X, Y)
    assert (few.n_components_, few.n_components_at_edge_) == (2, True)
    assert (many.n_components_, many.n_components_at_edge_) == (5, True)
    assert PLSAdapter(2).fit(X, Y).n_components_at_edge_ is False


def test_one_target_without_a_second_dimension() -> None:
    X, Y, _ = session(8, 30, 8, 5)
    adapter = PLSAdapter(3).fit(X, Y[:, 0])
    assert adapter.predict(X).shape == (30,)
    np.testing.assert_allclose(adapter.predict(X), converged(3).fit(X, Y[:, 0]).predict(X), **TIGHT)
