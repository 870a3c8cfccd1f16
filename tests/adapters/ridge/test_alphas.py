"""Strengths that nobody names do the same to features in any unit, in every kind of adapter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.recursive import RecursiveAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.adapters.ridge.alphas import (
    MOST_DEFAULTS,
    STRONGEST,
    WEAKEST,
    checked_alphas,
    default_alphas,
    most_predictable,
)
from hotwire.adapters.ridge.blending import blended, gram
from hotwire.adapters.ridge.dual import DualRidge
from hotwire.errors import InputError

UNITS = (1e-13, 1e-6, 1e6)
"""Tesla, volts for microvolts, and the other way round."""


def data(n_features: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of unequal size, with means, units that follow them in part, and five runs."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, n_features)) * np.geomspace(1, 30, n_features) + 5 * rng.normal(size=n_features)
    Y = X @ rng.normal(size=(n_features, 40)) / 30 + rng.normal(size=(50, 40))
    return X, Y, np.arange(50) // 10


@settings(max_examples=200)
@given(st.floats(1e-30, 1e30), st.integers(-13, 13))
def test_the_default_strengths_follow_the_features(size: float, exponent: int) -> None:
    alphas = default_alphas(size)
    assert MOST_DEFAULTS - 1 <= len(alphas) <= MOST_DEFAULTS
    assert WEAKEST * size * (1 - 1e-5) <= alphas[0] <= WEAKEST * size * 10**0.5
    assert STRONGEST * size / 10**0.5 <= alphas[-1] <= STRONGEST * size * (1 + 1e-5)
    np.testing.assert_allclose(default_alphas(size * 100.0**exponent), alphas * 100.0**exponent, rtol=1e-9)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("gain", ["none", "total", "unit"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_predicts_the_same_in_any_unit(kind: str, gain: str, unit: float) -> None:
    X, Y, runs = data()
    plain: Any = KINDS[kind]().set_params(gain=gain)
    scaled: Any = KINDS[kind]().set_params(gain=gain)
    expected = plain.fit(X, Y, groups=runs).predict(X)
    np.testing.assert_allclose(scaled.fit(X * unit, Y, groups=runs).predict(X * unit), expected, rtol=1e-6, atol=1e-6)
    assert np.corrcoef(expected.ravel(), Y.ravel())[0, 1] > 0.5  # it is no comparison of nothing with nothing


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n_features", [12, 90])
@pytest.mark.parametrize("options", [{}, {"alpha_per": "unit"}, {"scale": "unit_variance"}, {"choose_by": "direction"}])
def test_ridge_chooses_the_same_in_any_unit(options: dict[str, Any], n_features: int, unit: float) -> None:
    X, Y, runs = data(n_features)
    plain = RidgeAdapter(**options).fit(X, Y, groups=runs)
    scaled = RidgeAdapter(**options).fit(X * unit, Y, groups=runs)
    to_unit = 1.0 if "scale" in options else unit**2
    np.testing.assert_allclose(scaled.alpha_, np.asarray(plain.alpha_) * to_unit, rtol=1e-9)
    np.testing.assert_allclose(scaled.alphas_, plain.alphas_ * to_unit, rtol=1e-9)
    np.testing.assert_allclose(np.asarray(scaled.cv_errors_), np.asarray(plain.cv_errors_), rtol=1e-6)


@pytest.mark.parametrize("unit", UNITS)
def test_dual_ridge_in_any_unit(unit: float) -> None:
    X, Y, runs = data(90)
    adapter = RidgeAdapter(gain="total")
    expected = adapter.fit(X, Y, groups=runs).predict(X)
    dual = DualRidge(adapter, X * unit, groups=runs)
    np.testing.assert_allclose(blended(dual.blend(dual.fit(gram(Y)), X * unit), Y), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("gain", ["total", "unit"])
@pytest.mark.parametrize("n_units", [3, 40])
def test_a_gain_makes_good_what_a_named_strength_takes(gain: str, n_units: int) -> None:
    """A strength of 1 beside features in tesla leaves 1e-26 of the targets: that is little, but no rounding."""
    X, Y, _ = data()
    Y = Y[:, :n_units]
    adapter = RidgeAdapter(1.0, gain=gain).fit(X * 1e-13, Y)
    predicted = adapter.predict(X * 1e-13)
    np.testing.assert_allclose(predicted.var(axis=0).sum(), Y.var(axis=0).sum(), rtol=1e-6)
    strong = RidgeAdapter(1e26, gain=gain).fit(X, Y)
    np.testing.assert_allclose(predicted, strong.predict(X), rtol=1e-6, atol=1e-6)
    dual = DualRidge(RidgeAdapter(1.0, gain="total"), X * 1e-13)
    if gain == "total":
        np.testing.assert_allclose(dual.fit(gram(Y)).gain, adapter.gain_, rtol=1e-6)
    for other in (BandedAdapter(None, 1.0, gain=gain), ReducedRankAdapter(12, 1.0, gain=gain)):
        np.testing.assert_allclose(other.fit(X * 1e-13, Y).predict(X * 1e-13), predicted, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match=r"alpha=1.0, expected at most .*leave alpha out"):
        RecursiveAdapter(1.0, gain=gain).fit(X * 1e-13, Y)


def test_a_gain_does_not_blow_up_rounding() -> None:
    """A target at right angles to all features, to the last bit but one."""
    X = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    Y = np.array([[1.0], [1.0], [-1.0], [-1.0]]) * np.pi
    assert RidgeAdapter(1.0, gain="unit").fit(X, Y).gain_ == 1.0
    assert RidgeAdapter(1.0, gain="total").fit(X * 1e-13, Y).gain_ == 1.0


def test_what_share_ridge_can_predict() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    X -= X.mean(axis=0)
    left, values, _ = np.linalg.svd(X, full_matrices=False)
    best = left[:, :1]
    predicted = RidgeAdapter(7.0).fit(X, best).predict(X)
    np.testing.assert_allclose(np.linalg.norm(predicted), most_predictable(7.0, float(values[0] ** 2)))


def test_features_that_do_not_vary() -> None:
    adapter = RidgeAdapter(gain="total").fit(np.full((6, 2), 1e-9), np.arange(6.0))
    np.testing.assert_allclose(adapter.predict(np.full((1, 2), 1e-9)), [2.5])


def test_named_strengths_are_as_they_are_named() -> None:
    assert checked_alphas(None) is None
    X, Y, _ = data()
    for alphas in ([1.0, 1e3], [30.0, 0.5]):
        np.testing.assert_array_equal(RidgeAdapter(alphas).fit(X * 1e-6, Y).alphas_, alphas)
    with pytest.raises(InputError, match=r"alphas='weak', expected one or more finite numbers above 0"):
        checked_alphas("weak")


def test_what_a_stream_begins_with_sets_the_recursive_strength_however_long_it_is() -> None:
    X = 1e-6 * np.random.default_rng(0).normal(size=(400, 3))
    Y = np.zeros((400, 2))
    for n in (40, 100, 400):
        strength = RecursiveAdapter().partial_fit(X[:n], Y[:n]).alpha_
        assert strength is not None
        assert strength == pytest.approx(1e-11, rel=0.6)
    with pytest.raises(InputError, match="alpha=None, expected a number above 0"):
        RecursiveAdapter().partial_fit(0.1 + X[:1].repeat(7, axis=0), Y[:7])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_saved_states_are_arrays(kind: str) -> None:
    X, Y, runs = data()
    unfitted: Any = KINDS[kind]()
    adapter = unfitted.fit(X, Y, groups=runs)
    arrays = adapter.to_arrays()
    assert {type(of) for of in arrays.values()} == {np.ndarray}
    loaded: Any = KINDS[kind].from_arrays(arrays)
    for name in ("alpha_", "alphas_"):
        assert type(getattr(loaded, name, None)) is type(getattr(adapter, name, None))
    old = {name: of for name, of in arrays.items() if name != "alphas" and (kind, name) != ("recursive", "alpha")}
    np.testing.assert_array_equal(KINDS[kind].from_arrays(old).predict(X), adapter.predict(X))
