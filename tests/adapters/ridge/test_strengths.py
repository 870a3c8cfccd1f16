"""Strengths that are chosen in float32 are those that float64 chooses; generalised cross-validation by its formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter, unit_blocks
from hotwire.adapters.ridge import ridge
from hotwire.errors import InputError

GRID = (0.03, 1.0, 30.0, 1000.0)


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
