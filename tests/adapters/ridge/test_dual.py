"""DualRidge against RidgeAdapter, which reads every unit; and what it says of wrong inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import KFold, ShuffleSplit

from hotwire.adapters import unit_blocks
from hotwire.adapters.blending import blended, by_key, gram
from hotwire.adapters.ridge import dual
from hotwire.adapters.ridge.dual import DualRidge
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError

GRID = (0.03, 1.0, 30.0, 1000.0, 1e6)


def session(seed: int, n_samples: int, n_features: int, n_units: int, n_keys: int | None = None, size: float = 1.0):
    """Features that follow the targets in part, and a table of targets far from zero with each sample's key."""
    rng = np.random.default_rng(seed)
    n_keys = n_samples if n_keys is None else n_keys
    table = (rng.normal(size=(n_keys, n_units)) + 3 * rng.normal(size=n_units)).astype(np.float32)
    keys = np.arange(n_samples) if n_keys == n_samples else rng.integers(n_keys, size=n_samples)
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=n_features)
    shared = min(n_features, n_units)
    X[:, :shared] += table[keys][:, :shared]
    return size * X, table, keys, np.arange(n_samples) // 3


def both(adapter: RidgeAdapter, X: NDArray, table: NDArray, keys: NDArray, groups: NDArray | None, X_new: NDArray):
    """The fits, and predictions in two ways: (dual fit, its prediction), (adapter, its prediction)."""
    ridge = DualRidge(adapter, X, groups)
    fit = ridge.fit(gram(table)[np.ix_(keys, keys)])
    A = ridge.blend(fit, X_new)
    np.testing.assert_allclose(A.sum(axis=1), 1.0, rtol=1e-9 * max(1.0, fit.gain))
    adapter.fit(X, table[keys], groups)
    return fit, blended(by_key(A, keys, len(table)), table), adapter.predict(X_new)


def assert_same(fit: dual.DualFit, predicted: NDArray, adapter: RidgeAdapter, expected: NDArray) -> None:
    errors = adapter.cv_errors_
    if fit.alpha != adapter.alpha_:  # then both strengths are as good, up to rounding
        assert errors is not None
        assert adapter.alphas is not None
        at = list(np.ravel(adapter.alphas)).index(fit.alpha)
        np.testing.assert_allclose(errors[at], errors.min(), rtol=1e-6)
        return
    assert fit.at_edge == adapter.alpha_at_edge_
    assert isinstance(adapter.gain_, float)
    np.testing.assert_allclose(fit.gain, adapter.gain_, rtol=1e-6)
    # float32 itself keeps a millionth of a unit's mean.
    size = np.abs(expected - adapter.y_mean_).max() + np.abs(expected).max() / 10
    assert np.abs(predicted - expected).max() <= 1e-5 * size
    assert (fit.errors is None) == (errors is None)
    if fit.errors is not None and errors is not None:
        n_units = expected.shape[1] if adapter.choose_by == "error" else 1
        np.testing.assert_allclose(fit.errors, n_units * errors, rtol=1e-6, atol=1e-9 * n_units * errors.max())


@settings(max_examples=80)
@given(
    data=st.data(),
    choose_by=st.sampled_from(["error", "direction"]),
    gain=st.sampled_from(["none", "total"]),
    scale=st.sampled_from(["none", "unit_variance"]),
    alphas=st.sampled_from([GRID, 5.0, (1e-6, 1e-3, 10.0)]),
)
def test_same_as_a_ridge_adapter(data, choose_by: str, gain: str, scale: str, alphas) -> None:
    n_samples = data.draw(st.integers(7, 40), "samples")
    X, table, keys, groups = session(
        data.draw(st.integers(0, 2**32 - 1)),
        n_samples,
        n_features=data.draw(st.integers(1, 60), "features"),
        n_units=data.draw(st.integers(2, 60), "units"),
        n_keys=data.draw(st.none() | st.integers(3, n_samples), "keys"),
        size=data.draw(st.sampled_from([1e-2, 1.0, 1e3])),
    )
    if data.draw(st.booleans(), "a constant feature"):
        X = np.hstack([X, np.full((n_samples, 1), data.draw(st.sampled_from([0.0, 0.1, -3e5])))])
    if data.draw(st.booleans(), "duplicated features"):
        X = np.hstack([X, X[:, : n_samples // 2]])
    X_new = X[::2] * 1.5 - 0.2 * X.std()
    adapter = RidgeAdapter(alphas, choose_by=choose_by, gain=gain, scale=scale)
    with_groups = groups if data.draw(st.booleans(), "groups") else None
    fit, predicted, expected = both(adapter, X, table, keys, with_groups, X_new)
    assert_same(fit, predicted, adapter, expected)


@pytest.mark.parametrize(
    "cv",
    [None, 3, KFold(4, shuffle=True, random_state=0), ShuffleSplit(6, test_size=0.3, train_size=0.4, random_state=0)],
)
@pytest.mark.parametrize("n_features", [8, 30, 90])
def test_any_splitter(cv, n_features: int) -> None:
    X, table, keys, _ = session(1, 30, n_features, 50)
    for choose_by in ("error", "direction"):
        adapter = RidgeAdapter(GRID, cv=cv, choose_by=choose_by, gain="total")
        fit, predicted, expected = both(adapter, X, table, keys, None, X[:5])
        assert_same(fit, predicted, adapter, expected)


def test_many_layers_at_once_are_each_as_alone() -> None:
    X, table, _, groups = session(2, 30, 12, 40)
    tables = [table, *(100 * session(seed, 30, 12, 40)[1] for seed in (3, 4)), table[:, 12:]]
    adapter = RidgeAdapter(GRID, choose_by="direction", gain="total")
    ridge = DualRidge(adapter, X, groups)
    grams = np.stack([gram(table) for table in tables])
    fits = ridge.fit_all(grams)
    assert len({fit.alpha for fit in fits}) > 1
    for table, K, fit, A in zip(tables, grams, fits, ridge.blend_all(fits, X[:4]), strict=True):
        alone = ridge.fit(K)
        assert (fit.alpha, fit.at_edge) == (alone.alpha, alone.at_edge)
        np.testing.assert_allclose(fit.gain, alone.gain)
        np.testing.assert_array_equal(A, ridge.blend(fit, X[:4]))
        adapter.fit(X, table, groups)
        assert_same(fit, blended(A, table), adapter, adapter.predict(X[:4]))


def test_a_common_shift_of_the_targets_changes_nothing() -> None:
    X, table, _, groups = session(3, 30, 12, 40)
    ridge = DualRidge(RidgeAdapter(GRID, gain="total"), X, groups)
    shifted = table.astype(np.float64) + 10 * np.random.default_rng(0).normal(size=40)
    fit, other = ridge.fit(gram(table)), ridge.fit(shifted @ shifted.T)
    assert fit.alpha == other.alpha
    np.testing.assert_allclose(other.gain, fit.gain)


@pytest.mark.parametrize("choose_by", ["error", "direction"])
@pytest.mark.parametrize("n_features", [6, 80])
@pytest.mark.parametrize("n_units", [20, 200])
def test_what_is_predicted_to_the_last_digits(n_features: int, n_units: int, choose_by: str) -> None:
    """Nothing but rounding is left to tell weak strengths apart, far below what a Gram matrix keeps of the squares."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, n_features)) @ np.diag(np.geomspace(1, 1e-3, n_features))
    table = X[:, :5] @ rng.normal(size=(5, n_units))
    for alphas in ((1e-4, 1e-2, 1.0), (1e-10, 1e-7, 1e-5, 1e2)):
        adapter = RidgeAdapter(alphas, choose_by=choose_by)
        fit, predicted, expected = both(adapter, X, table, np.arange(40), np.arange(40) // 4, X[:7] + 0.1)
        assert_same(fit, predicted, adapter, expected)


@pytest.mark.parametrize("n_features", [10, 60])
def test_features_of_very_different_sizes(n_features: int) -> None:
    """As raw signals are, with a common swing a million times as large as what tells anything."""
    rng = np.random.default_rng(0)
    X, table, keys, groups = session(4, 36, n_features, 80)
    X += 1e6 * rng.normal(size=(36, 1)) * rng.uniform(0.5, 1.5, size=n_features)
    for choose_by in ("error", "direction"):
        adapter = RidgeAdapter((0.1, 10.0, 1e3), choose_by=choose_by, gain="total")
        fit, predicted, expected = both(adapter, X, table, keys, groups, X[::3])
        assert_same(fit, predicted, adapter, expected)


def test_a_gram_matrix_in_float32_would_not_tell_small_errors() -> None:
    """Why `gram` is in float64: a layer that the features tell but for a thousandth of its size."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 30))
    table = (X @ rng.normal(size=(30, 500)) + 1e-3 * rng.normal(size=(40, 500))).astype(np.float32)
    adapter = RidgeAdapter(tuple(np.geomspace(1e-5, 1e-2, 12)))
    fit, predicted, expected = both(adapter, X, table, np.arange(40), None, X[:5])
    assert_same(fit, predicted, adapter, expected)
    deviations = table - table.mean(axis=0)
    rough = DualRidge(adapter, X).fit(deviations @ deviations.T)
    assert rough.errors is not None
    assert fit.errors is not None
    assert abs(rough.errors[0] - fit.errors[0]) > 0.05 * fit.errors[0]


def test_units_that_hardly_vary_keep_their_digits() -> None:
    """As in float64 to a few of float32's steps; the plain product in float32 is off by far more."""
    rng = np.random.default_rng(0)
    table = (1000 + 0.01 * rng.normal(size=(300, 50))).astype(np.float32)
    table[:, 3] = 0.1
    A = rng.normal(size=(20, 300))
    A += (1 - A.sum(axis=1, keepdims=True)) / 300
    exact = A @ table.astype(np.float64)
    step = np.spacing(np.float32(1000))
    assert np.abs(blended(A, table) - exact)[:, np.arange(50) != 3].max() <= 4 * step
    assert np.abs(A.astype(np.float32) @ table - exact).max() > 10 * step
    np.testing.assert_array_equal(blended(A, table)[:, 3], np.float32(0.1))


@pytest.mark.parametrize("choose_by", ["error", "direction"])
@pytest.mark.parametrize("value", [0.1, 7.0])
def test_targets_that_do_not_vary(value: float, choose_by: str) -> None:
    X, _, keys, groups = session(5, 12, 4, 3)
    table = np.full((12, 30), value, dtype=np.float32)
    adapter = RidgeAdapter(GRID, gain="total", choose_by=choose_by)
    fit, predicted, _ = both(adapter, X, table, keys, groups, X)
    np.testing.assert_array_equal(predicted, np.float32(value))
    assert (fit.alpha, fit.gain) == (adapter.alpha_, 1.0)
    # Nor in training, where only the held-out keys differ.
    table = np.vstack([table, table[:2] + 5])
    K = gram(table)[:12, :12]
    assert DualRidge(adapter, X, groups).fit(K).gain == 1.0


def test_features_that_never_varied_have_no_effect() -> None:
    X, table, _, groups = session(6, 25, 30, 40)
    X[:, ::3] = 0.1
    moved = X.copy()
    moved[:, ::3] = 1e9
    ridge = DualRidge(RidgeAdapter(GRID), X, groups)
    fit = ridge.fit(gram(table))
    np.testing.assert_array_equal(ridge.blend(fit, moved), ridge.blend(fit, X))
    ridge = DualRidge(RidgeAdapter(GRID, gain="total"), np.full((25, 4), 0.3), groups)
    np.testing.assert_allclose(ridge.blend(ridge.fit(gram(table)), X[:, :4]), 1 / 25)


def test_shared_keys_in_training_are_one_row_of_the_table() -> None:
    X, table, keys, groups = session(7, 24, 10, 60, n_keys=5)
    adapter = RidgeAdapter(GRID, gain="total")
    fit, predicted, expected = both(adapter, X, table, keys, groups, X[:6])
    assert_same(fit, predicted, adapter, expected)


def test_rounding_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two strengths that are one but for rounding are told apart as RidgeAdapter does; others without it."""
    X, table, _, groups = session(8, 30, 10, 60)
    calls = []

    def spy(*arguments):
        calls.append(arguments)
        return held_out_sums(*arguments)

    held_out_sums = dual.held_out_sums
    monkeypatch.setattr(dual, "held_out_sums", spy)
    DualRidge(RidgeAdapter(GRID), X, groups).fit(gram(table))
    assert not calls
    best = RidgeAdapter(GRID).fit(X, table, groups).alpha_
    DualRidge(RidgeAdapter((best, best * (1 + 1e-14), best * 1e4)), X, groups).fit(gram(table))
    assert len(calls) == 1


@pytest.mark.parametrize(("policy", "instead"), [("alpha_per", "all"), ("gain", "total")])
def test_a_number_for_each_unit_is_refused(policy: str, instead: str) -> None:
    adapter = RidgeAdapter().set_params(**{policy: "unit"})
    with pytest.raises(InputError, match=f"{policy}='unit'.*use {policy}='{instead}'"):
        DualRidge(adapter, np.eye(4))


def test_wrong_adapters_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown scale 'nnone'"):
        DualRidge(RidgeAdapter(scale="nnone"), np.eye(4))
    with pytest.raises(InputError, match="above 0"):
        DualRidge(RidgeAdapter((1.0, -1.0)), np.eye(4))
    with pytest.raises(InputError, match="two or more, got one"):
        DualRidge(RidgeAdapter(), np.eye(4), groups=np.zeros(4))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "inf")])
def test_the_place_of_what_is_not_finite(monkeypatch: pytest.MonkeyPatch, value: float, name: str) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 50)
    X, table, _, groups = session(9, 12, 4, 30)
    K, ridge = gram(table), DualRidge(RidgeAdapter(GRID), X, groups)
    fit = ridge.fit(K)
    A = ridge.blend(fit, X[:3])
    broken = [array.copy() for array in (X, table, K, A)]
    for array in broken:
        array[2, 3] = value
    with pytest.raises(NonFiniteError, match=f"^X holds {name} at sample 2, feature 3,"):
        DualRidge(RidgeAdapter(GRID), broken[0], groups)
    with pytest.raises(NonFiniteError, match=f"^X_new holds {name} at sample 2, feature 3,"):
        ridge.blend(fit, broken[0])
    with pytest.raises(NonFiniteError, match=f"^table holds {name} at row 2, unit 3,"):
        gram(broken[1])
    with pytest.raises(NonFiniteError, match=f"^table holds {name} at row 2, unit 3,"):
        blended(A, broken[1])
    first = table.copy()
    first[0, 28] = value
    with pytest.raises(NonFiniteError, match=f"^table holds {name} at row 0, unit 28,"):
        blended(A, first)
    with pytest.raises(NonFiniteError, match=f"^K holds {name} at row 2, column 3,"):
        ridge.fit(broken[2])
    with pytest.raises(NonFiniteError, match=f"^A holds {name} at row 2, column 3,"):
        blended(broken[3], table)


def test_shapes_must_fit() -> None:
    X, table, keys, groups = session(10, 12, 4, 30)
    ridge = DualRidge(RidgeAdapter(GRID), X, groups)
    K = gram(table)
    A = ridge.blend(ridge.fit(K), X[:3])
    with pytest.raises(ShapeError, match=r"X has shape \(12,\)"):
        DualRidge(RidgeAdapter(), X[:, 0])
    with pytest.raises(ShapeError, match="1 samples, expected at least 2"):
        DualRidge(RidgeAdapter(), X[:1])
    with pytest.raises(ShapeError, match=r"groups has shape \(11,\)"):
        DualRidge(RidgeAdapter(), X, groups[:-1])
    with pytest.raises(ShapeError, match=r"K has shape \(11, 11\), expected \(12, 12\)"):
        ridge.fit(K[1:, 1:])
    with pytest.raises(ShapeError, match=r"K has shape \(12,\), expected \(12, 12\)"):
        ridge.fit(K[0])
    with pytest.raises(InputError, match="not symmetric"):
        ridge.fit(table[:, :12])
    with pytest.raises(ShapeError, match="X_new has 3 features, expected the 4"):
        ridge.blend(ridge.fit(K), X[:, :3])
    with pytest.raises(ShapeError, match=r"A has shape \(3, 11\), expected \(n_new, 12\)"):
        blended(A[:, 1:], table)
    with pytest.raises(ShapeError, match=r"table has shape \(30,\)"):
        gram(table[0])
    with pytest.raises(ShapeError, match=r"out has shape \(3, 29\)"):
        blended(A, table, out=np.empty((3, 29), dtype=np.float32))
    with pytest.raises(ShapeError, match="a key for each column"):
        by_key(A, keys[1:], 12)
    with pytest.raises(InputError, match="from 0 to 10"):
        by_key(A, keys, 11)
    with pytest.raises(InputError, match="whole numbers"):
        by_key(A, keys.astype(float), 12)
