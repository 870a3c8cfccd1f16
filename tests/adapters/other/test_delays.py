"""Delays: against the delayed table itself, built and fitted the plain way."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_val_predict
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.kinds import adapter_from_arrays
from hotwire.adapters.other.delayed import DelayedAdapter
from hotwire.adapters.other.delays import delayed, delayed_gram, delayed_kernel
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

GRID = (0.1, 3.0, 100.0, 3000.0)
TIGHT: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-8}
IN_TIME = "samples are in the order of time: each prediction needs the samples before it"


@parametrize_with_checks(
    [DelayedAdapter(lags=(0, 1)), DelayedAdapter(lags=(1, 0), lag_alphas="own", alpha_per="unit", gain="unit")],
    expected_failed_checks=lambda estimator: {
        "check_methods_sample_order_invariance": IN_TIME,
        "check_methods_subset_invariance": IN_TIME,
    },
)
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


@st.composite
def sessions(draw):
    """Features in time, their runs (or none), and lags."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=5).filter(lambda of_runs: sum(of_runs) > 4))
    runs = np.repeat(rng.permutation(len(lengths)), lengths)
    X = rng.normal(size=(len(runs), draw(st.integers(1, 12)))) + rng.normal()
    if draw(st.booleans()):
        X = np.column_stack([X, X[:, 0], np.full(len(X), 0.3)])
    lags = draw(st.lists(st.integers(-4, 11), min_size=1, max_size=5, unique=True))
    return X, draw(st.sampled_from([runs, None])), lags


def one_by_one(X, lags, runs):
    """The delayed table, looked up sample by sample."""
    n_samples, n_features = X.shape
    table = np.zeros((n_samples, len(lags), n_features))
    for sample in range(n_samples):
        for place, lag in enumerate(lags):
            source = sample - lag
            if 0 <= source < n_samples and (runs is None or runs[source] == runs[sample]):
                table[sample, place] = X[source]
    return table.reshape(n_samples, -1)


@settings(max_examples=100)
@given(sessions(), st.integers(0, 2**32 - 1))
def test_kernel_and_moments_are_those_of_the_table(session, seed: int) -> None:
    X, runs, lags = session
    D = one_by_one(X, lags, runs)
    np.testing.assert_array_equal(delayed(X, lags, runs), D)
    np.testing.assert_allclose(delayed_kernel(X @ X.T, lags, runs), D @ D.T, atol=1e-11)
    np.testing.assert_allclose(delayed_gram(X, lags, runs), D.T @ D, atol=1e-11)
    some = np.flatnonzero(np.random.default_rng(seed).uniform(size=len(X)) > 0.4)
    np.testing.assert_allclose(delayed_gram(X, lags, runs, some), D[some].T @ D[some], atol=1e-11)


@settings(max_examples=60)
@given(sessions(), st.sampled_from([1, 3, 60]), st.sampled_from(["all", "unit"]), st.integers(0, 2**32 - 1))
def test_one_strength_is_ridge_on_the_table(session, n_units: int, alpha_per: str, seed: int) -> None:
    X, runs, lags = session
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(len(X), n_units)) + 5.0
    adapter = DelayedAdapter(lags, 0.7, alpha_per=alpha_per).fit(X, Y, runs)
    plain = Ridge(alpha=0.7, solver="svd").fit(delayed(X, lags, runs), Y)
    X_new, runs_new = rng.normal(size=(9, X.shape[1])), np.repeat(["x", "y"], [4, 5])
    expected = plain.predict(delayed(X_new, lags, runs_new)).reshape(9, n_units)
    np.testing.assert_allclose(adapter.predict(X_new, runs_new), expected, **TIGHT)
    np.testing.assert_allclose(adapter.coef_, plain.coef_.reshape(n_units, -1), **TIGHT)
    np.testing.assert_allclose(adapter.intercept_, plain.intercept_, **TIGHT)


@pytest.mark.parametrize("grouped", ["runs", "none"])
@pytest.mark.parametrize("n_features", [3, 40])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize("choose_by", ["error", "direction"])
def test_shared_strengths_are_chosen_as_on_the_table(grouped, n_features: int, alpha_per: str, choose_by: str) -> None:
    rng = np.random.default_rng(0)
    runs = None if grouped == "none" else np.repeat(["c", "a", "d", "b"], [20, 12, 14, 14])
    X = rng.normal(size=(60, n_features))
    D = delayed(X, (0, 1, 4), runs)
    Y = D @ rng.normal(size=(D.shape[1], 5)) + 6 * rng.normal(size=(60, 5))
    options: dict[str, Any] = {"alpha_per": alpha_per, "choose_by": choose_by, "gain": "unit"}
    adapter = DelayedAdapter((0, 1, 4), GRID, **options).fit(X, Y, runs)
    plain = RidgeAdapter(GRID, **options).fit(D, Y, runs)
    np.testing.assert_array_equal(np.squeeze(adapter.alpha_), plain.alpha_)
    assert adapter.cv_errors_ is not None
    assert plain.cv_errors_ is not None
    expected = plain.cv_errors_ if alpha_per == "all" else plain.cv_errors_.min(axis=0)
    np.testing.assert_allclose(adapter.cv_errors_, expected, **TIGHT)
    np.testing.assert_allclose(adapter.predict(X, runs), plain.predict(D), **TIGHT)


@pytest.mark.parametrize("n_features", [2, 30])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_strengths_of_each_lag_are_judged_by_refits_of_each_fold(n_features: int, alpha_per: str) -> None:
    rng = np.random.default_rng(1)
    runs, lags = np.repeat([2, 0, 1, 5], 15), (0, 1, 2)
    X = rng.normal(size=(60, n_features))
    Y = delayed(X, (1,), runs) @ rng.normal(size=(n_features, 80)) + 2 * rng.normal(size=(60, 80))
    bands = ["even", "odd"] * (n_features // 2)
    adapter = DelayedAdapter(lags, GRID, bands=bands, lag_alphas="own", alpha_per=alpha_per, n_iter=3).fit(X, Y, runs)
    assert adapter.band_names_ == tuple(f"{band} lag {lag}" for lag in lags for band in ("even", "odd"))
    assert adapter.cv_errors_ is not None
    D, columns = delayed(X, lags, runs), (2 * np.arange(3)[:, None] + np.arange(n_features) % 2).ravel()
    for unit in (0, 7):
        strengths = adapter.alpha_ if alpha_per == "all" else adapter.alpha_[:, unit]
        scaled = D / np.sqrt(strengths[columns])
        targets = Y if alpha_per == "all" else Y[:, unit]
        held_out = cross_val_predict(Ridge(1.0, solver="svd"), scaled, targets, groups=runs, cv=LeaveOneGroupOut())
        error = adapter.cv_errors_.min() if alpha_per == "all" else adapter.cv_errors_[unit]
        np.testing.assert_allclose(((targets - held_out) ** 2).mean(), error, rtol=1e-8)
        predicted = Ridge(1.0, solver="svd").fit(scaled, targets).predict(scaled)
        np.testing.assert_allclose(predicted, adapter.predict(X, runs)[:, slice(None) if alpha_per == "all" else unit])


def test_folds_that_leave_samples_unused() -> None:
    rng = np.random.default_rng(2)
    X, lags = rng.normal(size=(30, 20)), (0, 2)
    Y = rng.normal(size=(30, 4))
    D = delayed(X, lags)

    class Part:
        def split(self, X, y=None, groups=None):
            for train, held_out in KFold(3).split(X):
                yield train[::2], held_out[1:]

    expected = np.concatenate([Ridge(2.0).fit(D[a], Y[a]).predict(D[b]) - Y[b] for a, b in Part().split(D)])
    adapter = DelayedAdapter(lags, (2.0, 1e6), cv=Part()).fit(X, Y)
    assert adapter.cv_errors_ is not None
    np.testing.assert_allclose(adapter.cv_errors_[0], (expected**2).mean())


def test_lag_of_the_response_is_found() -> None:
    rng = np.random.default_rng(3)
    runs = np.repeat(np.arange(5), 60)
    sound = rng.normal(size=(300, 4))
    response = delayed(sound, (3,), runs) @ rng.normal(size=(4, 40)) + rng.normal(size=(300, 40))
    adapter = DelayedAdapter(range(6), lag_alphas="own").fit(sound, response, runs)
    assert adapter.band_names_[adapter.alpha_.argmin()] == "lag 3"
    assert np.delete(adapter.alpha_, 3).min() > 30 * adapter.alpha_[3]


def test_prediction_is_causal_and_does_not_cross_runs() -> None:
    rng = np.random.default_rng(4)
    X, runs = rng.normal(size=(40, 5)), np.repeat([0, 1], 20)
    adapter = DelayedAdapter((0, 1, 3), 1.0).fit(X, rng.normal(size=(40, 70)), runs)
    before = adapter.predict(X, runs)
    changed = X.copy()
    changed[15:] += 1.0
    after = adapter.predict(changed, runs)
    np.testing.assert_array_equal(after[:15], before[:15])
    assert (after[15:] != before[15:]).any(axis=1).all()
    for run in (0, 1):
        np.testing.assert_allclose(adapter.predict(X[runs == run]), before[runs == run], **TIGHT)
    # As far back as the largest lag reaches is enough for the last sample.
    np.testing.assert_allclose(adapter.predict(X[6:10])[-1], before[9], **TIGHT)


def test_the_table_is_never_built() -> None:
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(60, 20_000)), rng.normal(size=(60, 3))
    adapter = DelayedAdapter(tuple(range(20)), GRID)
    tracemalloc.start()
    try:
        adapter.fit(X, Y, np.repeat(np.arange(4), 15)).predict(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * X.nbytes  # the table would be 20 times X


@pytest.mark.parametrize("n_units", [1, 3, 90])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_loaded_it_predicts_bit_for_bit(tmp_path: Path, n_units: int, alpha_per: str, dtype) -> None:
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, n_units)).astype(dtype)
    adapter = DelayedAdapter((0, 2), GRID, bands=["a", "b", "b", "a"], alpha_per=alpha_per, gain="unit").fit(X, Y)
    np.savez(tmp_path / "adapter.npz", allow_pickle=False, **adapter.to_arrays())
    with np.load(tmp_path / "adapter.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    loaded = adapter_from_arrays(arrays)
    assert isinstance(loaded, DelayedAdapter)
    assert loaded.predict(X).tobytes() == adapter.predict(X).tobytes()
    assert loaded.predict(X).dtype == dtype
    assert loaded.band_names_ == adapter.band_names_
    np.testing.assert_array_equal(loaded.alpha_, adapter.alpha_)
    for name, damaged in (
        ("score_mean", np.zeros(99)),
        ("alpha", np.zeros(())),
        ("expansion", np.zeros((99, n_units))),
        ("projection", np.zeros((4, 99))),
    ):
        with pytest.raises(BundleError, match="expected"):
            adapter_from_arrays({**arrays, name: damaged})


def test_wrong_arguments_are_refused() -> None:
    X, Y = np.random.default_rng(7).normal(size=(2, 12, 3))
    wrong: list[Any] = [(), (0, 0), (0.5,), ((0, 1),)]
    for lags in wrong:
        with pytest.raises(InputError, match="lags="):
            DelayedAdapter(lags).fit(X, Y)
    with pytest.raises(UnknownNameError, match="unknown lag_alphas 'each'"):
        DelayedAdapter(lag_alphas="each").fit(X, Y)
    with pytest.raises(InputError, match="run 'a' goes on at sample 8 after another run"):
        DelayedAdapter().fit(X, Y, np.repeat(["a", "b", "a"], 4))
    with pytest.raises(ShapeError, match="groups has shape"):
        DelayedAdapter().fit(X, Y, np.zeros(11))
    with pytest.raises(UnknownNameError, match="'lag 9'"):
        DelayedAdapter((0, 1), {"lag 0": 1.0, "lag 1": 1.0, "lag 9": 1.0}, lag_alphas="own").fit(X, Y)
    X[4, 2] = np.nan
    with pytest.raises(NonFiniteError, match="X holds NaN at sample 4, feature 2,"):
        DelayedAdapter().fit(X, Y)


def test_runs_of_one_sample_know_only_lag_zero() -> None:
    rng = np.random.default_rng(8)
    X, Y, runs = rng.normal(size=(15, 4)), rng.normal(size=(15, 2)), np.arange(15)
    adapter = DelayedAdapter((0, 1, 2), GRID).fit(X, Y, runs)
    plain = RidgeAdapter(GRID).fit(X, Y, runs)
    assert adapter.alpha_ == [plain.alpha_]
    np.testing.assert_allclose(adapter.predict(X, runs), plain.predict(X), **TIGHT)
