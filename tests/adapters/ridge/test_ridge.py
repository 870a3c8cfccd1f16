"""RidgeAdapter against scikit-learn's Ridge, and what it promises about gain, groups, memory and saving."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, ShuffleSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters import unit_blocks
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

from ..made_sessions import searched, session, sessions

GRID = (0.03, 1.0, 30.0, 1000.0)
TIGHT: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


@parametrize_with_checks(
    [
        RidgeAdapter(),
        RidgeAdapter(alphas=1.0, gain="unit", scale="unit_variance"),
        RidgeAdapter(alpha_per="unit", gain="total"),
    ]
)
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


def reference(alpha, scale: str):
    """scikit-learn's Ridge; `alpha` may be one per unit."""
    model = Ridge(alpha=alpha, solver="svd")
    return make_pipeline(StandardScaler(), model) if scale == "unit_variance" else model


def reference_errors(X, Y, alphas, splitter, groups, scale: str) -> np.ndarray:
    """Mean squared error on held-out samples, (n_alphas, n_units), by scikit-learn alone."""
    predictions = [cross_val_predict(reference(a, scale), X, Y, groups=groups, cv=splitter) for a in alphas]
    return np.array([((Y - predicted) ** 2).mean(axis=0) for predicted in predictions])


@settings(max_examples=60)
@given(sessions(least_units=2), st.sampled_from(["none", "unit_variance"]), st.sampled_from(["all", "unit"]))
def test_search_and_map_are_those_of_scikit_learn(data, scale: str, alpha_per: str) -> None:
    X, Y, groups = data
    adapter = RidgeAdapter(GRID, alpha_per=alpha_per, scale=scale).fit(X, Y, groups=groups)

    errors = reference_errors(X, Y, GRID, LeaveOneGroupOut(), groups, scale)
    if alpha_per == "all":
        errors = errors.mean(axis=1)
    np.testing.assert_allclose(searched(adapter), errors, **TIGHT)
    chosen = np.searchsorted(GRID, adapter.alpha_)
    np.testing.assert_allclose(np.take_along_axis(errors, chosen[None], 0)[0], errors.min(axis=0), **TIGHT)

    elsewhere = X[::-1] * 1.5
    expected = reference(adapter.alpha_, scale).fit(X, Y).predict(elsewhere)
    np.testing.assert_allclose(adapter.predict(elsewhere), expected, **TIGHT)


@pytest.mark.parametrize("scale", ["none", "unit_variance"])
@pytest.mark.parametrize(
    ("n_samples", "n_features", "n_units"),
    [(60, 5, 3), (60, 5, 300), (60, 200, 3), (60, 200, 300), (60, 20, 10), (60, 10, 20)],
)
def test_one_alpha_is_plain_ridge_in_every_shape(scale, n_samples: int, n_features: int, n_units: int) -> None:
    X, Y, _ = session(1, n_samples, n_features, n_units)
    adapter = RidgeAdapter(alphas=2.5, scale=scale).fit(X, Y)
    np.testing.assert_allclose(adapter.predict(X), reference(2.5, scale).fit(X, Y).predict(X), rtol=1e-8, atol=1e-9)
    k = adapter.expansion_.shape[0]
    assert k == (n_samples if n_samples < min(n_features, n_units) else min(n_features, n_units))
    assert adapter.projection_.shape == (n_features, k)
    assert adapter.cv_errors_ is None
    assert adapter.alpha_at_edge_ is False


@pytest.mark.parametrize("target", ["none", "few", "many"])
def test_dense_map_is_scikit_learns(target: str) -> None:
    X, Y, _ = session(2, 30, 8, 50)
    Y = {"none": Y[:, 0], "few": Y[:, :3], "many": Y}[target]
    adapter, plain = RidgeAdapter(alphas=4.0).fit(X, Y), Ridge(alpha=4.0).fit(X, Y)
    np.testing.assert_allclose(adapter.coef_, plain.coef_, **TIGHT)
    np.testing.assert_allclose(adapter.intercept_, plain.intercept_, **TIGHT)


def test_dense_map_has_scale_and_gain_in_it() -> None:
    X, Y, _ = session(3, 30, 8, 5)
    adapter = RidgeAdapter(alphas=40.0, scale="unit_variance", gain="unit").fit(X, Y)
    np.testing.assert_allclose(X @ adapter.coef_.T + adapter.intercept_, adapter.predict(X), **TIGHT)


def test_wide_layer_of_few_categories_is_kept_in_few_columns() -> None:
    X, _, _ = session(4, 48, 100, 2)
    category = np.arange(48) % 8
    Y = np.random.default_rng(0).normal(size=(8, 2000))[category]
    adapter = RidgeAdapter(GRID).fit(X, Y, groups=np.arange(48) // 8)
    assert adapter.projection_.shape == (100, 7)
    assert adapter.expansion_.shape == (7, 2000)
    np.testing.assert_allclose(adapter.predict(X), Ridge(alpha=adapter.alpha_).fit(X, Y).predict(X), **TIGHT)


@pytest.mark.parametrize("n_features", [4, 60])
def test_low_rank_search_equals_the_direct_one(n_features: int) -> None:
    X, Y, groups = session(5, 30, n_features, 400)
    by_scores = RidgeAdapter(GRID).fit(X, Y, groups=groups)
    by_units = RidgeAdapter(GRID, alpha_per="unit").fit(X, Y, groups=groups)
    np.testing.assert_allclose(searched(by_scores), searched(by_units).mean(axis=1), rtol=1e-9)


def test_shared_search_reads_the_wide_axis_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []
    each = unit_blocks.UnitBlocks.each

    def spied(self, what: str, *rest, **named):
        walks.append(what)
        return each(self, what, *rest, **named)

    monkeypatch.setattr(unit_blocks.UnitBlocks, "each", spied)
    X, Y, groups = session(6, 12, 4, 500)
    RidgeAdapter(np.geomspace(0.1, 1e4, 30).tolist()).fit(X, Y, groups=groups)
    assert sorted(walks) == ["Gram matrix of the units", "expansion to the units"]


@pytest.mark.parametrize("gain", ["none", "total"])
def test_memory_stays_below_one_copy_of_a_wide_layer(monkeypatch: pytest.MonkeyPatch, gain: str) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 2**16)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 5)), rng.normal(size=(20, 400_000)).astype(np.float32)
    adapter = RidgeAdapter(np.geomspace(0.1, 1e4, 100).tolist(), gain=gain)
    tracemalloc.start()
    try:
        adapter.fit(X, Y, groups=np.arange(20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Strengths x units would be ten times as much, and folds x units twice (in float64).
    assert peak < Y.nbytes


def test_memory_map_gives_the_same_as_the_array(tmp_path: Path) -> None:
    X, Y, _ = session(7, 20, 6, 90)
    np.save(tmp_path / "Y.npy", Y)
    mapped = np.load(tmp_path / "Y.npy", mmap_mode="r")
    np.testing.assert_array_equal(RidgeAdapter().fit(X, mapped).predict(X), RidgeAdapter().fit(X, Y).predict(X))


def test_blocks_along_the_wide_axis_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y, groups = session(8, 21, 6, 100)
    settings_ = [("all", "total"), ("all", "unit"), ("unit", "total"), ("unit", "unit")]
    whole = [RidgeAdapter(GRID, alpha_per=a, gain=g).fit(X, Y, groups=groups).predict(X) for a, g in settings_]
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 50)
    parts = [RidgeAdapter(GRID, alpha_per=a, gain=g).fit(X, Y, groups=groups).predict(X) for a, g in settings_]
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-9)


def test_groups_decide_the_choice() -> None:
    # Within a group all samples are alike up to a little noise, and groups share nothing: only a search that
    # divides groups believes that there is something to learn.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 20)
    X = rng.normal(size=(6, 30))[groups] + 0.1 * rng.normal(size=(120, 30))
    Y = rng.normal(size=(6, 8))[groups] + 0.1 * rng.normal(size=(120, 8))
    grid = (1e-1, 1e5)
    assert RidgeAdapter(grid).fit(X, Y, groups=groups).alpha_ == 1e5
    assert RidgeAdapter(grid, cv=KFold(5, shuffle=True, random_state=0)).fit(X, Y).alpha_ == 1e-1


@pytest.mark.parametrize(
    ("cv", "n_groups", "splitter"),
    [
        (None, 20, LeaveOneGroupOut()),
        (None, 21, GroupKFold(10)),
        (3, 20, GroupKFold(3)),
        (GroupKFold(4), 20, GroupKFold(4)),
        (None, None, KFold(5)),
        (4, None, KFold(4)),
    ],
)
def test_folds_by_policy(cv, n_groups: int | None, splitter) -> None:
    X, Y, _ = session(9, 63, 5, 4)
    groups = None if n_groups is None else np.arange(63) % n_groups
    adapter = RidgeAdapter(GRID, cv=cv, alpha_per="unit").fit(X, Y, groups=groups)
    np.testing.assert_allclose(searched(adapter), reference_errors(X, Y, GRID, splitter, groups, "none"), rtol=1e-9)


def test_groups_need_no_numbers_nor_order() -> None:
    X, Y, groups = session(10, 30, 5, 4)
    shuffled = np.random.default_rng(0).permutation(30)
    named = np.array([f"run-{10 - group}" for group in groups])
    a = RidgeAdapter(GRID).fit(X, Y, groups=groups)
    b = RidgeAdapter(GRID).fit(X[shuffled], Y[shuffled], groups=named[shuffled])
    np.testing.assert_allclose(searched(a), searched(b), rtol=1e-9)


@settings(max_examples=40)
@given(sessions(least_units=2), st.sampled_from(["all", "unit"]), st.sampled_from([GRID, 5.0]))
def test_gain_restores_the_variance(data, alpha_per: str, alphas) -> None:
    X, Y, groups = data
    fitted = {
        gain: RidgeAdapter(alphas, alpha_per=alpha_per, gain=gain).fit(X, Y, groups=groups)
        for gain in ("none", "total", "unit")
    }
    shrunk = fitted["none"].predict(X) - Y.mean(axis=0)
    total = fitted["total"].predict(X)
    np.testing.assert_allclose(total.var(axis=0).sum(), Y.var(axis=0).sum(), rtol=1e-6)
    np.testing.assert_allclose(fitted["total"].gain_ * shrunk + Y.mean(axis=0), total, **TIGHT)
    by_unit = fitted["unit"].predict(X)
    np.testing.assert_allclose(by_unit.var(axis=0), Y.var(axis=0), rtol=1e-6)
    np.testing.assert_allclose(fitted["unit"].gain_ * shrunk + Y.mean(axis=0), by_unit, **TIGHT)
    assert fitted["none"].gain_ == 1.0


@pytest.mark.parametrize("n_units", [4, 80])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_constant_units_are_predicted_as_they_are(alpha_per: str, n_units: int) -> None:
    X, Y, _ = session(11, 24, 6, n_units)
    Y[:, 1] = 0.1
    adapter = RidgeAdapter(GRID, alpha_per=alpha_per, gain="unit").fit(X, Y)
    assert isinstance(adapter.gain_, np.ndarray)
    assert adapter.gain_[1] == 1.0
    np.testing.assert_array_equal(adapter.predict(100 * X)[:, 1], 0.1)


@pytest.mark.parametrize("alpha", [1.0, 1e9])
def test_a_unit_unrelated_to_the_features_is_not_blown_up(alpha: float) -> None:
    columns = np.linalg.qr(np.hstack([np.ones((40, 1)), np.random.default_rng(0).normal(size=(40, 6))]))[0][:, 1:]
    X, Y = 3 * columns[:, :4] + 0.7, columns[:, 4:] @ np.ones((2, 1)) + 0.3
    related = np.hstack([Y, X @ np.ones((4, 1))])
    adapter = RidgeAdapter(alpha, gain="unit").fit(X, related)
    assert isinstance(adapter.gain_, np.ndarray)
    assert adapter.gain_[0] == 1.0
    np.testing.assert_allclose(adapter.predict(X).var(axis=0)[1], related.var(axis=0)[1])


@pytest.mark.parametrize("n_units", [3, 40])
@pytest.mark.parametrize("gain", ["total", "unit"])
def test_nothing_to_learn_from_gives_the_mean(gain: str, n_units: int) -> None:
    _, Y, _ = session(12, 15, 2, n_units)
    adapter = RidgeAdapter(GRID, gain=gain, scale="unit_variance").fit(np.full((15, 4), 0.3), Y)
    np.testing.assert_allclose(adapter.predict(np.eye(4)), np.tile(Y.mean(axis=0), (4, 1)))


@pytest.mark.parametrize("scale", ["none", "unit_variance"])
@pytest.mark.parametrize("n_units", [3, 40])
@pytest.mark.parametrize("n_features", [6, 30])
def test_features_that_never_varied_have_no_effect(scale: str, n_units: int, n_features: int) -> None:
    X, Y, _ = session(13, 25, n_features, n_units)
    X[:, ::3] = 0.1
    adapter = RidgeAdapter(GRID, scale=scale).fit(X, Y)
    np.testing.assert_array_equal(adapter.x_scale_[::3], 1.0)
    moved = X.copy()
    moved[:, ::3] = 1e9
    np.testing.assert_array_equal(adapter.predict(moved), adapter.predict(X))


def test_choice_at_the_edge_of_the_grid_is_told() -> None:
    X, Y, groups = session(14, 30, 5, 3)
    noise = np.random.default_rng(1).normal(size=(30, 1))
    exact = X @ np.ones((5, 1))
    adapter = RidgeAdapter((1e-3, 1e2, 1e9), alpha_per="unit").fit(X, np.hstack([exact, noise]), groups=groups)
    assert adapter.alpha_.tolist() == [1e-3, 1e9]
    assert adapter.alpha_at_edge_.tolist() == [True, True]
    best = RidgeAdapter(GRID).fit(X, Y, groups=groups).alpha_
    assert RidgeAdapter((best / 1e6, best, best * 1e6)).fit(X, Y, groups=groups).alpha_at_edge_ is False
    assert RidgeAdapter((1e-3, 1e9)).fit(X, exact, groups=groups).alpha_at_edge_ is True


@pytest.mark.parametrize("given_dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize(("alpha_per", "gain"), [("all", "total"), ("unit", "unit")])
def test_half_the_precision_is_kept_and_computed_in_full(given_dtype, alpha_per: str, gain: str) -> None:
    X, Y, _ = session(15, 20, 6, 50)
    Y = (10 * Y).astype(given_dtype)
    adapter = RidgeAdapter(3.0, alpha_per=alpha_per, gain=gain).fit(X, Y)
    full = RidgeAdapter(3.0, alpha_per=alpha_per, gain=gain).fit(X, Y.astype(np.float64))
    expected = np.float32 if given_dtype in (np.float16, np.float32) else np.float64
    assert adapter.predict(X).dtype == adapter.expansion_.dtype == adapter.y_mean_.dtype == expected
    np.testing.assert_allclose(adapter.predict(X), full.predict(X), rtol=2e-6, atol=1e-4)


def test_one_row_is_predicted_as_among_many() -> None:
    X, Y, _ = session(16, 40, 30, 100)
    adapter = RidgeAdapter().fit(X, Y)
    alone = np.vstack([adapter.predict(row[None]) for row in X])
    np.testing.assert_allclose(alone, adapter.predict(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 4), (30, 90)])
@pytest.mark.parametrize(("alpha_per", "gain"), [("all", "none"), ("all", "total"), ("unit", "unit")])
@pytest.mark.parametrize("alphas", [GRID, 2.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_loaded_it_predicts_bit_for_bit(tmp_path: Path, shape, alpha_per, gain, alphas, dtype) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 7)), rng.normal(size=shape).astype(dtype)
    adapter = RidgeAdapter(alphas, alpha_per=alpha_per, gain=gain, scale="unit_variance").fit(X, Y)
    np.savez(tmp_path / "adapter.npz", allow_pickle=False, **adapter.to_arrays())
    with np.load(tmp_path / "adapter.npz", allow_pickle=False) as stored:
        loaded = RidgeAdapter.from_arrays(dict(stored))
    for rows in (X, X[:1]):
        assert loaded.predict(rows).tobytes() == adapter.predict(rows).tobytes()
        assert loaded.predict(rows).shape == adapter.predict(rows).shape == (len(rows), *shape[1:])
    np.testing.assert_array_equal(loaded.alpha_, adapter.alpha_)
    np.testing.assert_array_equal(loaded.alpha_at_edge_, adapter.alpha_at_edge_)
    if adapter.cv_errors_ is None:
        assert loaded.cv_errors_ is None
    else:
        np.testing.assert_array_equal(loaded.cv_errors_, adapter.cv_errors_)
    assert loaded.get_params()["gain"] == gain
    np.testing.assert_array_equal(loaded.alphas, alphas)
    again, first = loaded.to_arrays(), adapter.to_arrays()
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in first.items()
    }


def test_saved_state_is_numbers_only() -> None:
    X, Y, _ = session(17, 20, 4, 3)
    assert {array.dtype.kind for array in RidgeAdapter().fit(X, Y).to_arrays().values()} <= set("fiub")


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("projection", np.zeros((3, 3))),
        ("projection", np.zeros(4)),
        ("expansion", np.zeros((2, 30))),
        ("gain", np.zeros(2)),
        ("y_mean", np.zeros(())),
        ("x_scale", np.zeros(5)),
        ("alpha", np.zeros(2)),
    ],
)
def test_damaged_state_is_refused(name: str, damaged: np.ndarray) -> None:
    X, Y, _ = session(18, 20, 4, 30)
    arrays = RidgeAdapter(gain="unit").fit(X, Y).to_arrays()
    with pytest.raises(BundleError, match="expected"):
        RidgeAdapter.from_arrays({**arrays, name: damaged})
    del arrays[name]
    with pytest.raises(BundleError, match=f"lacks the arrays {name};"):
        RidgeAdapter.from_arrays(arrays)


@pytest.mark.parametrize(
    "alphas", [(), 0.0, (1.0, 0.0), (1.0, -2.0), (np.nan,), (np.inf, 1.0), [[1.0, 2.0], [3.0, 4.0]]]
)
def test_strengths_must_be_above_zero(alphas) -> None:
    with pytest.raises(InputError, match="above 0"):
        RidgeAdapter(alphas).fit(np.eye(4), np.eye(4))


@pytest.mark.parametrize("policy", ["alpha_per", "gain", "scale"])
def test_unknown_policies_are_named(policy: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown {policy} 'nnone'.*There are: "):
        RidgeAdapter().set_params(**{policy: "nnone"}).fit(np.eye(4), np.eye(4))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize("block_elements", [2**21, 9])
def test_the_place_of_what_is_not_finite(monkeypatch: pytest.MonkeyPatch, value, name: str, block_elements) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", block_elements)
    X, Y, _ = session(19, 9, 4, 30)
    broken_X, broken_Y = X.copy(), Y.copy()
    broken_X[2, 3] = broken_Y[5, 28] = value
    with pytest.raises(NonFiniteError, match=f"^X holds {name} at sample 2, feature 3,"):
        RidgeAdapter().fit(broken_X, Y)
    with pytest.raises(NonFiniteError, match=f"^Y holds {name} at sample 5, unit 28,"):
        RidgeAdapter().fit(X, broken_Y)
    with pytest.raises(NonFiniteError, match=f"^X holds {name} at sample 2, feature 3,"):
        RidgeAdapter().fit(X, Y).predict(broken_X)


def test_shapes_must_fit() -> None:
    X, Y, groups = session(20, 12, 4, 6)
    with pytest.raises(ShapeError, match="X has 12 samples and Y has 11"):
        RidgeAdapter().fit(X, Y[:-1])
    with pytest.raises(ShapeError, match=r"Y has shape \(12, 3, 2\).*flatten"):
        RidgeAdapter().fit(X, Y.reshape(12, 3, 2))
    with pytest.raises(ShapeError, match=r"Y has shape \(12, 0\)"):
        RidgeAdapter().fit(X, Y[:, :0])
    with pytest.raises(ShapeError, match=r"groups has shape \(11,\), expected \(12,\)"):
        RidgeAdapter().fit(X, Y, groups=groups[:-1])
    with pytest.raises(ShapeError, match="X has 3 features, but RidgeAdapter is expecting 4"):
        RidgeAdapter().fit(X, Y).predict(X[:, :3])


def test_one_group_can_only_be_fitted_with_one_strength() -> None:
    X, Y, _ = session(21, 12, 4, 6)
    with pytest.raises(InputError, match="two or more, got one"):
        RidgeAdapter(GRID).fit(X, Y, groups=np.zeros(12))
    np.testing.assert_array_equal(
        RidgeAdapter(2.0).fit(X, Y, groups=np.zeros(12)).predict(X), RidgeAdapter(2.0).fit(X, Y).predict(X)
    )


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_a_splitter_must_not_divide_groups() -> None:
    X, Y, groups = session(22, 12, 4, 6)
    cv = ShuffleSplit(n_splits=3, test_size=2, random_state=0)
    assert np.isfinite(searched(RidgeAdapter(GRID, cv=cv).fit(X, Y))).all()
    with pytest.raises(InputError, match="divides a group"):
        RidgeAdapter(GRID, cv=cv).fit(X, Y, groups=groups)


def test_a_gain_wants_strengths_chosen_by_direction() -> None:
    """Weak noise in many features: the error is least with a weak strength, the direction best with a strong one."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 200)), np.zeros((60, 3))
    Y[:, 0] = X[:, :40].sum(axis=1)
    Y += 3 * rng.normal(size=Y.shape)
    groups = np.repeat(np.arange(6), 10)
    by_error = RidgeAdapter().fit(X, Y, groups)
    by_direction = RidgeAdapter(choose_by="direction").fit(X, Y, groups)
    assert by_direction.alpha_ > by_error.alpha_
    best = searched(by_direction)
    assert np.all((best >= 0) & (best <= 1))
    assert by_direction.alpha_ == by_direction.alphas_[best.argmin()]
