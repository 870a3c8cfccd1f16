"""The default strengths, which do the same to features in any unit in every kind of adapter; and how one is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter, unit_blocks
from hotwire.adapters.blending import blended, gram
from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.recursive import RecursiveAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.adapters.ridge import ridge
from hotwire.adapters.ridge.dual import DualRidge
from hotwire.adapters.ridge.strengths import (
    MOST_DEFAULTS,
    STRONGEST,
    WEAKEST,
    checked_alphas,
    default_alphas,
    most_predictable,
)
from hotwire.errors import InputError

GRID = (0.03, 1.0, 30.0, 1000.0)
UNITS = (1e-13, 1e-6, 1e6)
"""Tesla, volts for microvolts, and the other way round."""


def unequal(n_features: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
    X, Y, runs = unequal()
    plain: Any = KINDS[kind]().set_params(gain=gain)
    scaled: Any = KINDS[kind]().set_params(gain=gain)
    expected = plain.fit(X, Y, groups=runs).predict(X)
    np.testing.assert_allclose(scaled.fit(X * unit, Y, groups=runs).predict(X * unit), expected, rtol=1e-6, atol=1e-6)
    assert np.corrcoef(expected.ravel(), Y.ravel())[0, 1] > 0.5  # it is no comparison of nothing with nothing


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n_features", [12, 90])
@pytest.mark.parametrize("options", [{}, {"alpha_per": "unit"}, {"scale": "unit_variance"}, {"choose_by": "direction"}])
def test_ridge_chooses_the_same_in_any_unit(options: dict[str, Any], n_features: int, unit: float) -> None:
    X, Y, runs = unequal(n_features)
    plain = RidgeAdapter(**options).fit(X, Y, groups=runs)
    scaled = RidgeAdapter(**options).fit(X * unit, Y, groups=runs)
    to_unit = 1.0 if "scale" in options else unit**2
    np.testing.assert_allclose(scaled.alpha_, np.asarray(plain.alpha_) * to_unit, rtol=1e-9)
    np.testing.assert_allclose(scaled.alphas_, plain.alphas_ * to_unit, rtol=1e-9)
    np.testing.assert_allclose(np.asarray(scaled.cv_errors_), np.asarray(plain.cv_errors_), rtol=1e-6)


@pytest.mark.parametrize("unit", UNITS)
def test_dual_ridge_in_any_unit(unit: float) -> None:
    X, Y, runs = unequal(90)
    adapter = RidgeAdapter(gain="total")
    expected = adapter.fit(X, Y, groups=runs).predict(X)
    dual = DualRidge(adapter, X * unit, groups=runs)
    np.testing.assert_allclose(blended(dual.blend(dual.fit(gram(Y)), X * unit), Y), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("gain", ["total", "unit"])
@pytest.mark.parametrize("n_units", [3, 40])
def test_a_gain_makes_good_what_a_named_strength_takes(gain: str, n_units: int) -> None:
    """A strength of 1 beside features in tesla leaves 1e-26 of the targets: that is little, but no rounding."""
    X, Y, _ = unequal()
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
    X, Y, _ = unequal()
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
    X, Y, runs = unequal()
    unfitted: Any = KINDS[kind]()
    adapter = unfitted.fit(X, Y, groups=runs)
    arrays = adapter.to_arrays()
    assert {type(of) for of in arrays.values()} == {np.ndarray}
    loaded: Any = KINDS[kind].from_arrays(arrays)
    for name in ("alpha_", "alphas_"):
        assert type(getattr(loaded, name, None)) is type(getattr(adapter, name, None))
    old = {name: of for name, of in arrays.items() if name != "alphas" and (kind, name) != ("recursive", "alpha")}
    np.testing.assert_array_equal(KINDS[kind].from_arrays(old).predict(X), adapter.predict(X))


def data(seed: int, n_samples: int, n_features: int, n_units: int):
    rng = np.random.default_rng(seed)
    X = rng.normal(loc=3.0, size=(n_samples, n_features))
    Y = X @ rng.normal(size=(n_features, n_units)) * rng.uniform(0, 1, n_units) + 5 * rng.normal(size=(1, n_units))
    return X, Y + 3 * rng.normal(size=Y.shape)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(6, 20), st.integers(1, 30), st.sampled_from(["none", "unit_variance"]))
def test_generalised_cross_validation_by_the_hat_matrix(seed: int, n_samples: int, n_features: int, scale: str):
    X, Y = data(seed, n_samples, n_features, 7)
    known = X - X.mean(axis=0)
    known = known / known.std(axis=0) if scale == "unit_variance" else known
    expected = []
    for alpha in GRID:
        hat = known @ np.linalg.solve(known.T @ known + alpha * np.eye(n_features), known.T) + 1 / n_samples
        residual = Y - hat @ Y
        expected.append((residual**2).mean(axis=0) / (1 - np.trace(hat) / n_samples) ** 2)
    by_unit = RidgeAdapter(GRID, alpha_per="unit", cv="gcv", scale=scale).fit(X, Y)
    for_all = RidgeAdapter(GRID, cv="gcv", scale=scale).fit(X, Y)
    np.testing.assert_allclose(np.asarray(by_unit.cv_errors_), expected, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(for_all.cv_errors_), np.mean(expected, axis=1), rtol=1e-6)
    assert for_all.alpha_ == GRID[int(np.argmin(np.mean(expected, axis=1)))]


def test_generalised_cross_validation_would_divide_groups() -> None:
    X, Y = data(0, 12, 4, 3)
    with pytest.raises(InputError, match="divide groups"):
        RidgeAdapter(cv="gcv").fit(X, Y, groups=np.arange(12) // 3)


@pytest.mark.parametrize(("n_samples", "n_features"), [(60, 90), (120, 20)])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize("choose_by", ["error", "direction"])
def test_ill_conditioned_features_and_units_far_from_zero(
    monkeypatch: pytest.MonkeyPatch, n_samples: int, n_features: int, alpha_per: str, choose_by: str
) -> None:
    """Singular values over six decades, units that vary by a thousandth of their mean, in float32 and float64."""
    monkeypatch.setattr(ridge, "SINGLE_FROM", 0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features)) * np.geomspace(1e-3, 1e3, n_features)
    X = X @ np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    units = X @ rng.normal(size=(n_features, 300)) / 1e3 + 0.3 * rng.normal(size=(n_samples, 300))
    Y = (units / units.std(axis=0) + 1e3).astype(np.float32)
    groups = np.arange(n_samples) % 6
    adapter = RidgeAdapter(alpha_per=alpha_per, choose_by=choose_by)
    single, full = (adapter.fit(X, of, groups=groups) and adapter.predict(X) for of in (Y, Y.astype(np.float64)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, full, atol=3e-4)  # of units that vary by 1, which float32 holds to 6e-5
    again = [RidgeAdapter(alpha_per=alpha_per, choose_by=choose_by).fit(X, of, groups=groups) for of in (Y, Y * 1.0)]
    np.testing.assert_array_equal(again[0].alpha_, again[1].alpha_)


@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_what_float32_cannot_tell_is_decided_in_float64(monkeypatch: pytest.MonkeyPatch, alpha_per: str) -> None:
    """Noise-free targets: errors fall to 1e-13 of the variance, which sums in float32 do not resolve."""
    monkeypatch.setattr(ridge, "SINGLE_FROM", 0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 10))
    Y = (X @ rng.normal(size=(10, 200))).astype(np.float32)
    grid = (3e-5, 6e-5, 1.2e-4)
    precisions = []
    init = unit_blocks.UnitBlocks.__init__

    def spied(self, *arguments, **named):
        init(self, *arguments, **named)
        precisions.append(self.dtype)

    monkeypatch.setattr(unit_blocks.UnitBlocks, "__init__", spied)
    single = RidgeAdapter(grid, alpha_per=alpha_per).fit(X, Y, groups=np.arange(80) % 5)
    assert precisions[0] == np.float32
    assert np.float64 in precisions
    full = RidgeAdapter(grid, alpha_per=alpha_per).fit(X, Y.astype(np.float64), groups=np.arange(80) % 5)
    np.testing.assert_array_equal(single.alpha_, full.alpha_)
