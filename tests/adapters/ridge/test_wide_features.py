"""Features far more than samples, such as a network's layer, into few units: by one Gram matrix, exact."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import row_space, unit_blocks
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import InputError, NonFiniteError

from ..made_sessions import searched

GRID = (0.03, 1.0, 30.0, 1000.0)
TIGHT: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


def wide_session(n_units: int, dtype: Any = np.float32):
    """Features far from zero, a few of them constant, and few units."""
    rng = np.random.default_rng(23)
    X = rng.normal(size=(30, 10)) @ rng.normal(size=(10, 300)) + rng.normal(size=(30, 300)) + 50
    X[:, ::50] = 0.1
    Y = X @ rng.normal(size=(300, n_units)) / 30 + 3 * rng.normal(size=(30, n_units))
    return X.astype(dtype), Y, np.arange(30) // 5


@pytest.mark.parametrize("n_units", [3, 50])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"choose_by": "direction", "gain": "total"},
        {"cv": 4, "gain": "unit", "alphas": GRID},
        {"cv": "gcv", "alphas": (10.0, 1e3, 1e5)},
    ],
)
def test_wide_features_are_solved_by_their_samples(
    monkeypatch: pytest.MonkeyPatch, n_units: int, alpha_per: str, options: dict[str, Any]
) -> None:
    X, Y, groups = wide_session(n_units)
    groups = None if options.get("cv") == "gcv" else groups
    full = RidgeAdapter(alpha_per=alpha_per, **options).fit(X, Y, groups=groups)
    monkeypatch.setattr(row_space, "WIDE_FROM", 200)
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 1000)
    wide = RidgeAdapter(alpha_per=alpha_per, **options).fit(X, Y, groups=groups)
    assert "projection_" in vars(full)
    assert "projection_" not in vars(wide)
    np.testing.assert_allclose(wide.alpha_, full.alpha_, rtol=1e-9)
    np.testing.assert_allclose(searched(wide), searched(full), rtol=1e-5)
    moved = 1.5 * X
    moved[:, ::50] = 1e9
    np.testing.assert_allclose(wide.predict(moved), full.predict(moved), **TIGHT)
    assert wide.projection_.shape == full.projection_.shape
    assert RidgeAdapter.from_arrays(wide.to_arrays()).predict(X).tobytes() == wide.predict(X).tobytes()


def test_wide_features_are_read_once_for_all_strengths_and_folds_and_never_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 2**14)
    walks, each = [], unit_blocks.UnitBlocks.each
    monkeypatch.setattr(
        unit_blocks.UnitBlocks, "each", lambda self, what, *rest: walks.append(what) or each(self, what, *rest)
    )
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 200_000)).astype(np.float32), rng.normal(size=(20, 3))
    adapter = RidgeAdapter(alpha_per="unit")
    tracemalloc.start()
    try:
        adapter.fit(X, Y, groups=np.arange(20) // 4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 2
    assert [what for what in walks if "features" in what] == ["Gram matrix of the features"]


def test_wide_features_that_change_before_their_weights_are_formed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_space, "WIDE_FROM", 200)
    X, Y, _ = wide_session(3)
    adapter = RidgeAdapter(GRID).fit(X, Y)
    X[3, 7] += 1.0
    with pytest.raises(InputError, match="X was changed after the fit"):
        adapter.predict(X)
    X[2, 3] = np.nan
    with pytest.raises(NonFiniteError, match=r"^X holds NaN at sample 2, feature 3,"):
        RidgeAdapter(GRID).fit(X, Y)


def test_strengths_too_weak_for_a_gram_matrix_of_wide_features(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y, groups = wide_session(3, np.float64)
    X = X[:, :8] @ np.random.default_rng(0).normal(size=(8, 300))
    full = RidgeAdapter((1e-8, 1e-4)).fit(X, Y, groups)
    monkeypatch.setattr(row_space, "WIDE_FROM", 200)
    wide = RidgeAdapter((1e-8, 1e-4)).fit(X, Y, groups)
    np.testing.assert_array_equal(wide.predict(X), full.predict(X))


@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_weak_strengths_are_no_trouble_where_no_direction_is_small(
    monkeypatch: pytest.MonkeyPatch, alpha_per: str
) -> None:
    X, Y, groups = wide_session(3, np.float64)
    full = RidgeAdapter((1e-6, 1e-3, 1e3), alpha_per=alpha_per).fit(X, Y, groups)
    monkeypatch.setattr(row_space, "WIDE_FROM", 200)
    wide = RidgeAdapter((1e-6, 1e-3, 1e3), alpha_per=alpha_per).fit(X, Y, groups)
    assert "projection_" not in vars(wide)
    np.testing.assert_allclose(searched(wide), searched(full), rtol=1e-8)
    np.testing.assert_allclose(wide.predict(X), full.predict(X), **TIGHT)
