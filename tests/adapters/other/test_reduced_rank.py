"""ReducedRankAdapter against dense formulas, the ridge at full rank, and every other map of its rank."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import InputError

from ..made_sessions import held_out_error, searched, session, sessions

GRID = (0.03, 1.0, 30.0, 1000.0)
RANKS = (1, 2, 3, 5, 100)
TIGHT: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


@parametrize_with_checks([ReducedRankAdapter(), ReducedRankAdapter(2, 1.0, gain="unit", scale="unit_variance")])
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


def dense_map(X: NDArray, Y: NDArray, rank: int, alpha: float) -> NDArray:
    """(n_features, n_units): the ridge projected on the first right singular vectors of its augmented fitted values."""
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    full = np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ Y)
    fitted = np.vstack([X, np.sqrt(alpha) * np.eye(X.shape[1])]) @ full
    right = np.linalg.svd(fitted, full_matrices=False)[2][:rank]
    return full @ right.T @ right


def dense_prediction(X: NDArray, Y: NDArray, new: NDArray, rank: int, alpha: float) -> NDArray:
    return (new - X.mean(axis=0)) @ dense_map(X, Y, rank, alpha) + Y.mean(axis=0)


def penalised(X: NDArray, Y: NDArray, B: NDArray, alpha: float) -> float:
    return float(((Y - Y.mean(axis=0) - (X - X.mean(axis=0)) @ B) ** 2).sum() + alpha * (B**2).sum())


@settings(max_examples=60)
@given(sessions(), st.integers(1, 12), st.sampled_from(GRID))
def test_the_map_is_that_of_the_dense_formula(data, rank: int, alpha: float) -> None:
    X, Y, _ = data
    adapter = ReducedRankAdapter(rank, alpha).fit(X, Y)
    elsewhere = X[::-1] * 1.5
    np.testing.assert_allclose(adapter.predict(elsewhere), dense_prediction(X, Y, elsewhere, rank, alpha), **TIGHT)
    assert adapter.rank_ == adapter.projection_.shape[1] == adapter.expansion_.shape[0] <= rank
    assert adapter.cv_errors_ is None


@settings(max_examples=40)
@given(sessions(), st.sampled_from(["error", "direction"]))
def test_the_search_is_that_of_dense_cross_validation(data, choose_by: str) -> None:
    X, Y, groups = data
    adapter = ReducedRankAdapter(RANKS, GRID, choose_by=choose_by).fit(X, Y, groups=groups)
    errors = np.array(
        [
            [
                held_out_error(partial(dense_prediction, rank=rank, alpha=alpha), X, Y, groups, choose_by)
                for alpha in GRID
            ]
            for rank in RANKS
        ]
    )
    np.testing.assert_allclose(searched(adapter), errors, **TIGHT)
    of_chosen = errors[np.searchsorted(RANKS, adapter.rank_) :, GRID.index(adapter.alpha_)].min()
    np.testing.assert_allclose(of_chosen, errors.min(), **TIGHT)


@settings(max_examples=30)
@given(sessions(), st.sampled_from(["none", "unit_variance"]), st.sampled_from(["none", "total"]))
def test_full_rank_is_the_ridge(data, scale: str, gain: str) -> None:
    X, Y, groups = data
    options: dict[str, Any] = {"scale": scale, "gain": gain}
    ridge = RidgeAdapter(GRID, **options).fit(X, Y, groups=groups)
    adapter = ReducedRankAdapter(10**6, GRID, **options).fit(X, Y, groups=groups)
    np.testing.assert_allclose(searched(adapter)[0], searched(ridge), **TIGHT)
    same = RidgeAdapter(adapter.alpha_, **options).fit(X, Y)
    np.testing.assert_allclose(adapter.predict(X), same.predict(X), **TIGHT)


@settings(max_examples=40)
@given(sessions(), st.integers(1, 4), st.sampled_from(GRID), st.integers(0, 2**32 - 1))
def test_no_other_map_of_the_rank_has_less_penalised_error(data, rank: int, alpha: float, seed: int) -> None:
    X, Y, _ = data
    best = ReducedRankAdapter(rank, alpha).fit(X, Y).coef_.T
    assert np.linalg.matrix_rank(best) <= rank
    least = penalised(X, Y, best, alpha)
    rng = np.random.default_rng(seed)
    ridge = RidgeAdapter(alpha).fit(X, Y).coef_.T
    left, values, right = np.linalg.svd(ridge, full_matrices=False)
    others = [left[:, :rank] * values[:rank] @ right[:rank]]
    for size in (1e-3, 1.0):
        # Maps near it, and the best with random directions of units, given which the ridge is solved exactly.
        near = best + size * np.abs(best).max() * rng.normal(size=best.shape)
        left, values, right = np.linalg.svd(near, full_matrices=False)
        others.append(left[:, :rank] * values[:rank] @ right[:rank])
        directions = np.linalg.qr(right[:rank].T)[0]
        others.append(ridge @ directions @ directions.T)
    for other in others:
        assert penalised(X, Y, other, alpha) >= least * (1 - 1e-9)


def test_the_error_falls_with_the_rank_by_the_singular_values_left_out() -> None:
    X, Y, _ = session(0, 40, 12, 60)
    centred, alpha = X - X.mean(axis=0), 3.0
    ridge = RidgeAdapter(alpha).fit(X, Y).coef_.T
    strengths = np.linalg.svd(np.vstack([centred, np.sqrt(alpha) * np.eye(12)]) @ ridge, compute_uv=False)
    for rank in (1, 4, 11):
        adapter = ReducedRankAdapter(rank, alpha).fit(X, Y)
        lost = penalised(X, Y, adapter.coef_.T, alpha) - penalised(X, Y, ridge, alpha)
        np.testing.assert_allclose(lost, (strengths[rank:] ** 2).sum(), rtol=1e-9)


def test_a_map_of_low_rank_is_found_to_be_so() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 20))
    signal = X @ rng.normal(size=(20, 4)) @ rng.normal(size=(4, 500))
    Y = signal + 5 * rng.normal(size=signal.shape)
    adapter = ReducedRankAdapter(range(1, 21), GRID).fit(X[:60], Y[:60])
    ridge = RidgeAdapter(GRID).fit(X[:60], Y[:60])
    assert adapter.rank_ == 4
    error, error_of_ridge = (((one.predict(X[60:]) - signal[60:]) ** 2).mean() for one in (adapter, ridge))
    assert error < 0.6 * error_of_ridge


def test_one_target_without_a_second_dimension() -> None:
    X, Y, _ = session(4, 30, 8, 5)
    adapter = ReducedRankAdapter(alphas=4.0).fit(X, Y[:, 0])
    assert adapter.predict(X).shape == (30,)
    assert adapter.rank_ == 1
    np.testing.assert_allclose(adapter.coef_, Ridge(alpha=4.0).fit(X, Y[:, 0]).coef_, **TIGHT)


def test_choices_at_the_edge_are_told() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(80, 10))
    Y = X @ rng.normal(size=(10, 3)) @ rng.normal(size=(3, 30)) + 4 * rng.normal(size=(80, 30))

    def edges(ranks: Any, alphas: Any) -> tuple[int, bool, bool]:
        adapter = ReducedRankAdapter(ranks, alphas).fit(X, Y)
        return adapter.rank_, adapter.rank_at_edge_, adapter.alpha_at_edge_

    assert edges(range(1, 11), (1e-6, 3.0, 1e9)) == (3, False, False)
    assert edges((1, 2), (1e6, 1e9)) == (2, True, True)
    assert edges((6, 8), 1.0) == (6, True, False)
    assert edges((1, 100), 1e-2) == (10, False, False)
    assert edges(2, 1e-2) == (2, False, False)


@pytest.mark.parametrize("given", [(1.0, 0.0), (), (1.0, np.nan), -1.0, [[1.0]]])
def test_strengths_are_above_0(given: Any) -> None:
    X, Y, _ = session(10, 12, 3, 4)
    with pytest.raises(InputError, match=r"alphas=.*, expected one or more finite numbers above 0"):
        ReducedRankAdapter(alphas=given).fit(X, Y)
