"""BandedAdapter against dense formulas, scikit-learn and himalaya, and what it promises about its search."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, ShuffleSplit, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters import unit_blocks
from hotwire.adapters.kinds import adapter_from_arrays
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.banded_held_out import residuals_by_kernel
from hotwire.adapters.other.bands import first_sets, search_sets
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

GRID = (0.03, 1.0, 30.0, 1000.0)
TIGHT: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-7}


@parametrize_with_checks(
    [
        BandedAdapter(),
        BandedAdapter(alphas=1.0, gain="unit", scale="unit_variance"),
        BandedAdapter(alpha_per="unit", gain="total"),
    ]
)
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


@st.composite
def sessions(draw):
    """Features with their bands, targets that follow them in part, and groups of three samples."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_samples, n_features = draw(st.integers(7, 18)), draw(st.integers(1, 30))
    rank = draw(st.integers(1, 30))
    X = rng.normal(size=(n_samples, rank)) @ rng.normal(size=(rank, n_features)) / rank + rng.normal(size=n_features)
    if draw(st.booleans()):
        X = np.column_stack([X, np.full(n_samples, draw(st.sampled_from([0.0, 0.1, -3e3]))), X[:, 0]])
    n_units = draw(st.sampled_from([2, 5, 40]))
    Y = X @ rng.normal(size=(X.shape[1], n_units)) + 2 * rng.normal(size=(n_samples, n_units)) + 3
    bands = rng.integers(0, draw(st.integers(1, 4)), size=X.shape[1])
    return X, Y, bands.tolist(), np.arange(n_samples) // draw(st.sampled_from([1, 3]))


def band_numbers(adapter: BandedAdapter) -> np.ndarray:
    """Of each feature, the row of `alpha_`."""
    return np.array([adapter.band_names_.index(str(band)) for band in adapter.bands or ()])


def dense(X: np.ndarray, Y: np.ndarray, penalties: np.ndarray, X_new: np.ndarray, scale: str = "none") -> np.ndarray:
    """Generalised ridge with a diagonal penalty, from its normal equations."""
    if scale == "unit_variance":
        scaler = StandardScaler().fit(X)
        X, X_new = np.asarray(scaler.transform(X)), np.asarray(scaler.transform(X_new))
    mean = X.mean(axis=0)
    weights = np.linalg.solve((X - mean).T @ (X - mean) + np.diag(penalties), (X - mean).T @ (Y - Y.mean(axis=0)))
    return (X_new - mean) @ weights + Y.mean(axis=0)


@settings(max_examples=40)
@given(sessions(), st.sampled_from(["none", "unit_variance"]), st.sampled_from(["all", "unit"]))
def test_map_and_error_are_those_of_the_dense_formula(session, scale: str, alpha_per: str) -> None:
    X, Y, bands, groups = session
    adapter = BandedAdapter(bands, GRID, alpha_per=alpha_per, scale=scale, n_iter=1).fit(X, Y, groups)
    folds = list(LeaveOneGroupOut().split(X, Y, groups))
    held_out, expected, X_new = np.empty_like(Y), np.empty_like(Y), X[::-1] * 1.5
    strengths = adapter.alpha_.reshape(len(adapter.band_names_), -1)[band_numbers(adapter)]
    for unit, penalties in enumerate(np.broadcast_to(strengths, (X.shape[1], Y.shape[1])).T):
        expected[:, unit] = dense(X, Y[:, unit], penalties, X_new, scale)
        for train, test in folds:
            held_out[test, unit] = dense(X[train], Y[train, unit], penalties, X[test], scale)
    np.testing.assert_allclose(adapter.predict(X_new), expected, **TIGHT)
    errors = ((Y - held_out) ** 2).mean(axis=0)
    assert adapter.cv_errors_ is not None
    if alpha_per == "all":
        np.testing.assert_allclose(adapter.cv_errors_.min(), errors.mean(), **TIGHT)
    else:
        np.testing.assert_allclose(adapter.cv_errors_, errors, **TIGHT)


@pytest.mark.parametrize("n_features", [6, 70])
@pytest.mark.parametrize("scale", ["none", "unit_variance"])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize("choose_by", ["error", "direction"])
def test_one_band_is_ridge(n_features: int, scale: str, alpha_per: str, choose_by: str) -> None:
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(48, n_features)) + 2, np.arange(48) // 6
    Y = X @ rng.normal(size=(n_features, 60)) + 5 * rng.normal(size=(48, 60))
    options: dict[str, Any] = {"alpha_per": alpha_per, "choose_by": choose_by, "scale": scale, "gain": "unit"}
    banded, plain = (
        kind.fit(X, Y, groups) for kind in (BandedAdapter(None, GRID, **options), RidgeAdapter(GRID, **options))
    )
    np.testing.assert_array_equal(banded.alpha_[0], plain.alpha_)
    np.testing.assert_array_equal(banded.alpha_at_edge_[0], plain.alpha_at_edge_)
    assert plain.cv_errors_ is not None
    assert banded.cv_errors_ is not None
    expected = plain.cv_errors_ if alpha_per == "all" else plain.cv_errors_.min(axis=0)
    np.testing.assert_allclose(banded.cv_errors_, expected, **TIGHT)
    np.testing.assert_allclose(banded.predict(X), plain.predict(X), **TIGHT)


@pytest.mark.parametrize("n_features", [8, 90])
def test_bands_with_one_strength_are_scikit_learns_ridge(n_features: int) -> None:
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(30, n_features)), rng.normal(size=(30, 50))
    adapter = BandedAdapter(["a", "b"] * (n_features // 2), {"a": 4.0, "b": 4.0}).fit(X, Y)
    plain = Ridge(alpha=4.0).fit(X, Y)
    np.testing.assert_allclose(adapter.coef_, plain.coef_, **TIGHT)
    np.testing.assert_allclose(adapter.intercept_, plain.intercept_, **TIGHT)
    assert adapter.cv_errors_ is None
    assert not adapter.alpha_at_edge_.any()


@pytest.mark.parametrize("n_features", [10, 60])
def test_given_strengths_are_himalayas_with_the_same_deltas(n_features: int) -> None:
    pytest.importorskip("himalaya")
    from himalaya.kernel_ridge import solve_weighted_kernel_ridge_conjugate_gradient

    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(30, n_features)), rng.normal(size=(30, 4))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    half = n_features // 2
    kernels = np.stack([X[:, :half] @ X[:, :half].T, X[:, half:] @ X[:, half:].T])
    strengths = np.array([0.5, 20.0])
    dual = solve_weighted_kernel_ridge_conjugate_gradient(kernels, Y, -np.log(strengths), max_iter=10_000, tol=1e-12)
    expected = np.tensordot(1.0 / strengths, kernels, axes=1) @ dual
    adapter = BandedAdapter(["a"] * half + ["b"] * half, {"a": 0.5, "b": 20.0}).fit(X, Y)
    np.testing.assert_allclose(adapter.predict(X), expected, **TIGHT)


@pytest.mark.parametrize("n_features", [10, 60])
def test_search_does_no_worse_than_himalayas(n_features: int) -> None:
    pytest.importorskip("himalaya")
    from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search

    rng = np.random.default_rng(3)
    X, groups = rng.normal(size=(60, n_features)), np.arange(60) // 10
    third = np.arange(n_features) % 3
    Y = X[:, third == 0] @ rng.normal(size=((third == 0).sum(), 30)) + 0.3 * X[:, third == 1].sum(axis=1, keepdims=True)
    Y += 3 * rng.normal(size=Y.shape)
    adapter = BandedAdapter(third.tolist()).fit(X, Y, groups)
    # himalaya centres nothing and averages scores over folds, so that its choice is judged here, not its score.
    kernels = np.stack([X[:, third == band] @ X[:, third == band].T for band in range(3)])
    options: dict[str, Any] = {"n_iter": 50, "alphas": np.logspace(-2, 6, 17), "cv": GroupKFold(6).split(X, Y, groups)}
    options |= {"local_alpha": False, "n_targets_batch": 30, "random_state": 0, "progress_bar": False}
    options |= {"score_func": lambda true, predicted: -((true - predicted) ** 2).mean(-2)}
    deltas, _, _ = solve_multiple_kernel_ridge_random_search(kernels, Y, **options)
    of_columns = np.exp(deltas[:, 0] / 2)[third]
    theirs = cross_val_predict(Ridge(1.0), X * of_columns, Y, groups=groups, cv=LeaveOneGroupOut())
    assert adapter.cv_errors_ is not None
    assert adapter.cv_errors_.min() <= ((Y - theirs) ** 2).mean() * 1.001


@settings(max_examples=25)
@given(sessions(), st.sampled_from(["error", "direction"]))
def test_never_worse_than_ridge_on_held_out_samples(session, choose_by: str) -> None:
    X, Y, bands, groups = session
    plain = RidgeAdapter(GRID, choose_by=choose_by).fit(X, Y, groups)
    banded = BandedAdapter(bands, GRID, choose_by=choose_by, n_iter=2).fit(X, Y, groups)
    assert plain.cv_errors_ is not None
    assert banded.cv_errors_ is not None
    assert banded.tried_ is not None
    np.testing.assert_array_equal(banded.tried_[:4], np.tile(np.array(GRID)[:, None], len(banded.band_names_)))
    np.testing.assert_allclose(banded.cv_errors_[:4], plain.cv_errors_, **TIGHT)
    np.testing.assert_array_equal(banded.alpha_, banded.tried_[banded.cv_errors_.argmin()])


def test_a_band_of_noise_is_left_out_and_the_rest_predicted_better() -> None:
    rng = np.random.default_rng(4)
    signal, noise = rng.normal(size=(240, 20)), rng.normal(size=(240, 400))
    X = np.hstack([signal, noise])
    Y = signal @ rng.normal(size=(20, 500)) + 6 * rng.normal(size=(240, 500))
    train, test, groups = slice(0, 160), slice(160, None), np.arange(160) // 20
    bands = ["V1"] * 20 + ["white matter"] * 400

    def explained(predicted) -> float:
        return 1.0 - ((Y[test] - predicted) ** 2).sum() / ((Y[test] - Y[train].mean(axis=0)) ** 2).sum()

    plain = explained(RidgeAdapter().fit(X[train], Y[train], groups).predict(X[test]))
    for alpha_per in ("all", "unit"):
        banded = BandedAdapter(bands, alpha_per=alpha_per).fit(X[train], Y[train], groups)
        of_signal, of_noise = np.median(banded.alpha_.reshape(2, -1), axis=1)
        assert of_noise > 100 * of_signal
        assert explained(banded.predict(X[test])) > plain + 0.1


def test_refinement_finds_what_random_mixtures_miss() -> None:
    grids = [np.logspace(-2, 6, 17)] * 6
    best = np.array([1e-2, 1e5, 1e1, 1e6, 1e0, 1e3])

    def judge(strengths):
        return (np.log(strengths / best) ** 2).sum(axis=1)

    strengths, errors = search_sets(judge, grids, 20, np.random.default_rng(0))
    np.testing.assert_allclose(strengths[errors.argmin()], best)
    at_first = len(first_sets(grids, 20, np.random.default_rng(0)))
    assert errors[:at_first].min() > 10


@pytest.mark.parametrize("alpha", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_left_out_keeps_its_digits_with_weak_strengths(alpha: float, offset: float) -> None:
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(30, 80)) * np.logspace(0, 2, 80), rng.normal(size=(30, 3)) + offset
    held_out = np.arange(10, 20)
    train = np.setdiff1d(np.arange(30), held_out)
    expected = Y[held_out] - Ridge(alpha, solver="svd").fit(X[train], Y[train]).predict(X[held_out])
    centred = X - X.mean(axis=0)
    found = residuals_by_kernel(centred @ centred.T / alpha, [(train, held_out)], Y - Y.mean(axis=0))
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-9)


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("n_features", [4, 40])
@pytest.mark.parametrize("scale", ["none", "unit_variance"])
def test_folds_that_leave_samples_unused(n_features: int, scale: str) -> None:
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(30, n_features)), rng.normal(size=(30, 3))
    cv = ShuffleSplit(n_splits=4, train_size=12, test_size=6, random_state=0)
    adapter = BandedAdapter([0, 1] * (n_features // 2), (2.0, 50.0), scale=scale, cv=cv, n_iter=1).fit(X, Y)
    errors = [
        (Y[test] - dense(X[train], Y[train], adapter.alpha_[band_numbers(adapter)], X[test], scale)) ** 2
        for train, test in cv.split(X)
    ]
    assert adapter.cv_errors_ is not None
    np.testing.assert_allclose(adapter.cv_errors_.min(), np.mean(errors))


def test_wide_axis_is_kept_in_factors_and_never_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 2**16)
    rng = np.random.default_rng(7)
    X, Y = rng.normal(size=(20, 6)), rng.normal(size=(20, 300_000)).astype(np.float32)
    adapter = BandedAdapter(list("aabbcc"), gain="total", n_iter=5)
    tracemalloc.start()
    try:
        adapter.fit(X, Y, groups=np.arange(20) // 4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert adapter.expansion_.shape == (6, 300_000)
    assert peak < Y.nbytes


def test_blocks_along_the_wide_axis_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    X, Y = rng.normal(size=(21, 6)), rng.normal(size=(21, 100))
    kinds = [BandedAdapter(list("ababab"), GRID, alpha_per=per, gain="unit", n_iter=3) for per in ("all", "unit")]
    whole = [kind.fit(X, Y).predict(X) for kind in kinds]
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 50)
    np.testing.assert_allclose([kind.fit(X, Y).predict(X) for kind in kinds], whole, rtol=1e-9, atol=1e-9)


def test_strengths_of_each_band_and_the_edges_of_their_grids() -> None:
    rng = np.random.default_rng(9)
    X = rng.normal(size=(60, 40))
    Y = X[:, :20] @ rng.normal(size=(20, 7)) + rng.normal(size=(60, 7))
    grids = {"signal": (1e-3, 1.0, 1e3), "noise": (10.0, 1e6), "fixed": 50.0}
    bands = ["signal"] * 20 + ["noise"] * 15 + ["fixed"] * 5
    adapter = BandedAdapter(bands, grids).fit(X, Y)
    assert adapter.band_names_ == ("signal", "noise", "fixed")
    assert adapter.alpha_.tolist() == [1.0, 1e6, 50.0]
    assert adapter.alpha_at_edge_.tolist() == [False, True, False]


def test_seed_decides_the_mixtures() -> None:
    rng = np.random.default_rng(10)
    X, Y = rng.normal(size=(30, 8)), rng.normal(size=(30, 3))
    first, same, other = (BandedAdapter(list("abcdabcd"), random_state=seed).fit(X, Y) for seed in (0, 0, 1))
    assert first.tried_ is not None
    assert other.tried_ is not None
    np.testing.assert_array_equal(first.tried_, same.tried_)
    assert not np.array_equal(first.tried_, other.tried_)


@pytest.mark.parametrize("n_units", [3, 40])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_nothing_to_learn_from_gives_the_mean(n_units: int, alpha_per: str) -> None:
    Y = np.random.default_rng(11).normal(size=(15, n_units))
    adapter = BandedAdapter(list("abab"), GRID, alpha_per=alpha_per, gain="total", scale="unit_variance")
    adapter.fit(np.full((15, 4), 0.3), Y)
    np.testing.assert_allclose(adapter.predict(np.eye(4)), np.tile(Y.mean(axis=0), (4, 1)))


@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize("n_units", [3, 40])
@pytest.mark.parametrize("n_features", [6, 30])
def test_features_that_never_varied_have_no_effect(alpha_per: str, n_units: int, n_features: int) -> None:
    rng = np.random.default_rng(14)
    X, Y = rng.normal(size=(25, n_features)), rng.normal(size=(25, n_units))
    X[:, ::3] = 0.1
    adapter = BandedAdapter([0, 1] * (n_features // 2), GRID, alpha_per=alpha_per, n_iter=2).fit(X, Y)
    moved = X.copy()
    moved[:, ::3] = 1e9
    np.testing.assert_array_equal(adapter.predict(moved), adapter.predict(X))


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 4), (30, 90)])
@pytest.mark.parametrize(("alpha_per", "alphas"), [("all", GRID), ("unit", GRID), ("all", {"V1": 1.0, "V4": 9.0})])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_loaded_it_predicts_bit_for_bit(tmp_path: Path, shape, alpha_per: str, alphas, dtype) -> None:
    rng = np.random.default_rng(12)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=shape).astype(dtype)
    bands = ["V1", "V4", "V4", "V1"]
    adapter = BandedAdapter(bands, alphas, alpha_per=alpha_per, gain="unit", scale="unit_variance").fit(X, Y)
    np.savez(tmp_path / "adapter.npz", allow_pickle=False, **adapter.to_arrays())
    with np.load(tmp_path / "adapter.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    loaded = adapter_from_arrays(arrays)
    assert isinstance(loaded, BandedAdapter)
    assert loaded.predict(X).tobytes() == adapter.predict(X).tobytes()
    assert loaded.predict(X).shape == shape
    assert loaded.predict(X).dtype == dtype
    assert loaded.band_names_ == ("V1", "V4")
    for name in ("alpha", "alpha_at_edge", "tried", "cv_errors"):
        np.testing.assert_array_equal(getattr(loaded, f"{name}_"), getattr(adapter, f"{name}_"))
    again, first = loaded.to_arrays(), adapter.to_arrays()
    assert {name: of.tobytes() for name, of in again.items()} == {name: of.tobytes() for name, of in first.items()}
    for name, damaged in (("alpha", np.zeros(())), ("alpha", np.zeros(5)), ("projection", np.zeros((3, 3)))):
        with pytest.raises(BundleError, match="expected"):
            adapter_from_arrays({**arrays, name: damaged})
    del arrays["alpha"]
    with pytest.raises(BundleError, match="lacks the arrays alpha;"):
        adapter_from_arrays(arrays)


def test_wrong_arguments_are_refused() -> None:
    X, Y = np.random.default_rng(13).normal(size=(2, 12, 4))
    with pytest.raises(ShapeError, match=r"bands has shape \(3,\), expected \(4,\)"):
        BandedAdapter(list("aab")).fit(X, Y)
    for alphas in ((), 0.0, (1.0, -2.0), (np.nan,), {"a": 1.0, "b": 0.0}):
        with pytest.raises(InputError, match="above 0"):
            BandedAdapter(list("aabb"), alphas).fit(X, Y)
    with pytest.raises(UnknownNameError, match="band in alphas 'c'"):
        BandedAdapter(list("aabb"), {"a": 1.0, "b": 1.0, "c": 1.0}).fit(X, Y)
    with pytest.raises(InputError, match="no strengths for the bands b,"):
        BandedAdapter(list("aabb"), {"a": 1.0}).fit(X, Y)
    with pytest.raises(InputError, match="n_iter=-1"):
        BandedAdapter(n_iter=-1).fit(X, Y)
    with pytest.raises(InputError, match="two or more, got one"):
        BandedAdapter().fit(X, Y, np.zeros(12))
    for policy in ("alpha_per", "choose_by", "gain", "scale"):
        with pytest.raises(UnknownNameError, match=f"unknown {policy} 'nnone'"):
            BandedAdapter().set_params(**{policy: "nnone"}).fit(X, Y)
    for value, name in ((np.nan, "NaN"), (np.inf, "inf")):
        broken_X, broken_Y = X.copy(), Y.copy()
        broken_X[2, 3] = broken_Y[5, 1] = value
        with pytest.raises(NonFiniteError, match=f"^X holds {name} at sample 2, feature 3,"):
            BandedAdapter(list("aabb")).fit(broken_X, Y)
        for alpha_per in ("all", "unit"):
            with pytest.raises(NonFiniteError, match=f"^Y holds {name} at sample 5, unit 1,"):
                BandedAdapter(list("aabb"), alpha_per=alpha_per).fit(X, broken_Y)
