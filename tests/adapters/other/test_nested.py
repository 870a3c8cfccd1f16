"""What all adapters of nested components have in common: groups, wide targets, gain, precision, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold

from hotwire.adapters.kinds import adapter_from_arrays
from hotwire.adapters.other.nested import checked_numbers
from hotwire.adapters.other.pls import PLSAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

from ..made_sessions import searched, session

ADAPTERS = [ReducedRankAdapter((1, 2, 3, 5, 100), (0.03, 1.0, 30.0, 1000.0)), PLSAdapter((1, 2, 3, 5))]
TIGHT: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.kind)
def adapter(request: pytest.FixtureRequest) -> Any:
    return clone(request.param)


def set_to(adapter: Any, **options: Any) -> Any:
    """Another one, unfitted, with other options."""
    fresh: Any = clone(adapter)
    return fresh.set_params(**options)


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_groups_are_never_divided(adapter: Any) -> None:
    # Within a group all samples are alike, and groups share nothing: only a search that divides groups believes that
    # there is something to learn.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 20)
    X = rng.normal(size=(6, 30))[groups] + 0.1 * rng.normal(size=(120, 30))
    Y = rng.normal(size=(6, 8))[groups] + 0.1 * rng.normal(size=(120, 8))
    dividing = KFold(5, shuffle=True, random_state=0)
    divided, whole = set_to(adapter, cv=dividing).fit(X, Y), adapter.fit(X, Y, groups=groups)
    assert searched(divided).min() < 0.1 * Y.var(axis=0).mean()
    assert searched(whole).min() > Y.var(axis=0).mean()
    assert divided.expansion_.shape[0] > whole.expansion_.shape[0]
    with pytest.raises(InputError, match="divides a group"):
        set_to(adapter, cv=dividing).fit(X, Y, groups=groups)
    by_number = set_to(adapter, cv=3).fit(X, Y, groups=groups)
    by_splitter = set_to(adapter, cv=GroupKFold(3)).fit(X, Y, groups=groups)
    np.testing.assert_array_equal(searched(by_number), searched(by_splitter))


def test_wide_targets_are_decided_on_their_scores(adapter: Any) -> None:
    X, Y, groups = session(1, 30, 12, 400)
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(400, 400)))[0]
    rotated = set_to(adapter).fit(X, Y @ rotation, groups=groups)
    adapter.fit(X, Y, groups=groups)
    np.testing.assert_allclose(searched(rotated), searched(adapter), rtol=1e-9)
    np.testing.assert_allclose(rotated.predict(X), adapter.predict(X) @ rotation, **TIGHT)


def test_a_memory_map_gives_the_same_as_the_array(adapter: Any, tmp_path: Path) -> None:
    X, Y, groups = session(2, 21, 6, 90)
    np.save(tmp_path / "Y.npy", Y)
    mapped = set_to(adapter).fit(X, np.load(tmp_path / "Y.npy", mmap_mode="r"), groups=groups)
    np.testing.assert_array_equal(mapped.predict(X), adapter.fit(X, Y, groups=groups).predict(X))


@pytest.mark.parametrize("n_units", [3, 80])
@pytest.mark.parametrize("gain", ["total", "unit"])
def test_gain_restores_the_variance(adapter: Any, gain: str, n_units: int) -> None:
    X, Y, groups = session(3, 30, 8, n_units)
    predicted = set_to(adapter, gain=gain).fit(X, Y, groups=groups).predict(X)
    if gain == "total":
        np.testing.assert_allclose(predicted.var(axis=0).sum(), Y.var(axis=0).sum(), rtol=1e-6)
    else:
        np.testing.assert_allclose(predicted.var(axis=0), Y.var(axis=0), rtol=1e-6)
    adapter.fit(X, Y, groups=groups)
    assert adapter.gain_ == 1.0


@pytest.mark.parametrize("scale", ["none", "unit_variance"])
@pytest.mark.parametrize("n_units", [3, 40])
def test_what_never_varied_has_no_effect(adapter: Any, scale: str, n_units: int) -> None:
    X, Y, groups = session(4, 24, 6, n_units)
    X[:, ::3], Y[:, 1] = 0.1, 0.1
    adapter = set_to(adapter, scale=scale, gain="unit").fit(X, Y, groups=groups)
    moved = X.copy()
    moved[:, ::3] = 1e9
    np.testing.assert_array_equal(adapter.predict(moved), adapter.predict(X))
    np.testing.assert_array_equal(adapter.predict(100 * X)[:, 1], 0.1)


@pytest.mark.parametrize("n_units", [3, 40])
def test_nothing_to_learn_from_or_to_learn_gives_the_mean(adapter: Any, n_units: int) -> None:
    X, Y, _ = session(5, 15, 4, n_units)
    blind = set_to(adapter, gain="total").fit(np.full((15, 4), 0.3), Y)
    np.testing.assert_allclose(blind.predict(np.eye(4)), np.tile(Y.mean(axis=0), (4, 1)))
    constant = set_to(adapter, gain="unit").fit(X, np.tile(Y[:1], (15, 1)))
    np.testing.assert_array_equal(constant.predict(X), np.tile(Y[:1], (15, 1)))
    assert blind.expansion_.shape[0] == constant.expansion_.shape[0] == 0


@pytest.mark.parametrize("given_dtype", [np.float16, np.float32, np.float64, np.int64])
def test_half_the_precision_is_kept_and_computed_in_full(adapter: Any, given_dtype) -> None:
    X, Y, groups = session(6, 21, 6, 50)
    Y = (10 * Y).astype(given_dtype)
    full = set_to(adapter, gain="total").fit(X, Y.astype(np.float64), groups=groups)
    adapter = set_to(adapter, gain="total").fit(X, Y, groups=groups)
    expected = np.float32 if given_dtype in (np.float16, np.float32) else np.float64
    assert adapter.predict(X).dtype == adapter.expansion_.dtype == adapter.y_mean_.dtype == expected
    np.testing.assert_allclose(adapter.predict(X), full.predict(X), rtol=2e-6, atol=1e-4)


def test_saved_and_loaded_it_predicts_bit_for_bit_the_same(adapter: Any) -> None:
    X, Y, groups = session(7, 30, 8, 60)
    fitted = set_to(adapter, gain="unit", scale="unit_variance").fit(X, Y, groups=groups)
    again = adapter_from_arrays(fitted.to_arrays())
    assert type(again) is type(fitted)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(searched(again), searched(fitted))
    for name in fitted._own_shapes(1, 1):
        assert getattr(again, f"{name}_") == getattr(fitted, f"{name}_")
        lacking = fitted.to_arrays()
        del lacking[name]
        with pytest.raises(BundleError, match=f"lacks the arrays {name}"):
            adapter_from_arrays(lacking)
    np.testing.assert_array_equal(set_to(again).fit(X, Y, groups=groups).predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"choose_by": "luck"}, UnknownNameError, "unknown choose_by 'luck'.*error, direction"),
        ({"gain": "all"}, UnknownNameError, "unknown gain 'all'"),
        ({"scale": "std"}, UnknownNameError, "unknown scale 'std'"),
        ({"cv": 1}, InputError, "cv=1, expected between 2 and"),
    ],
)
def test_wrong_policies_are_named(adapter: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    X, Y, _ = session(8, 12, 3, 4)
    with pytest.raises(error, match=message):
        set_to(adapter, **options).fit(X, Y)


@pytest.mark.parametrize("given", [0, (1, 2.5), (), True, [[1]], (1, -2), "2", None])
def test_numbers_of_components_are_whole_and_above_0(given: Any) -> None:
    with pytest.raises(InputError, match=r"ranks=.*, expected one or more whole numbers of at least 1"):
        checked_numbers("ranks", given)


@pytest.mark.parametrize("n_units", [4, 40])
def test_what_is_not_finite_is_named(adapter: Any, n_units: int) -> None:
    X, Y, _ = session(9, 12, 3, n_units)
    Y[5, 2] = np.nan
    with pytest.raises(NonFiniteError, match="Y holds NaN at sample 5, unit 2"):
        adapter.fit(X, Y)
    X[2, 1] = np.inf
    with pytest.raises(NonFiniteError, match="X holds inf at sample 2, feature 1"):
        adapter.fit(X, Y)


def test_shapes_that_do_not_fit_are_named(adapter: Any) -> None:
    X, Y, groups = session(10, 12, 3, 4)
    with pytest.raises(ShapeError, match="X has 12 samples and Y has 11"):
        adapter.fit(X, Y[:11])
    with pytest.raises(ShapeError, match="groups has shape"):
        adapter.fit(X, Y, groups=groups[:5])
    with pytest.raises(ShapeError, match="X has 2 features"):
        adapter.fit(X, Y, groups=groups).predict(X[:, :2])
