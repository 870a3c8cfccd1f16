"""The wide axis is walked in blocks; its low-rank scores stand for it exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from hotwire.adapters import unit_blocks
from hotwire.adapters.unit_blocks import UnitBlocks, blocks, low_rank_scores, spread, sum_of_squares


@given(st.integers(0, 2**22), st.integers(0, 40))
def test_blocks_cover_every_column_once_within_their_budget(n_rows: int, n_columns: int) -> None:
    cut = list(blocks(n_rows, n_columns))
    assert [column for units in cut for column in range(n_columns)[units]] == list(range(n_columns))
    assert all((units.stop - units.start) * n_rows <= max(unit_blocks.BLOCK_ELEMENTS, n_rows) for units in cut)


@pytest.mark.parametrize("block_elements", [2**21, 10])
def test_mean_and_power(monkeypatch: pytest.MonkeyPatch, block_elements: int) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", block_elements)
    Y = np.random.default_rng(0).normal(loc=5.0, size=(8, 31))
    held = UnitBlocks(Y)
    np.testing.assert_allclose(held.mean, Y.mean(axis=0))
    np.testing.assert_allclose(held.power, 8 * Y.var(axis=0))
    centred = np.hstack([block.copy() for _, block in held.blocks("test")])
    np.testing.assert_allclose(centred, Y - Y.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(held.deviations("test"), centred, atol=1e-14)
    np.testing.assert_allclose(held.deviations("test", np.empty((8, 31), np.float32)), centred, atol=1e-6)


def test_many_blocks_are_rounded_alike_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 2**14)
    Y = np.random.default_rng(0).normal(size=(130, 3000)).astype(np.float32)
    results = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            held = UnitBlocks(Y, "as given")
            results.append((held.gram(), held.mean, held.power, spread(np.eye(130)[:, :70], held, np.float32)))
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_constant_unit_leaves_exactly_nothing() -> None:
    # 0.1 added up ten times and divided is not 0.1.
    held = UnitBlocks(np.full((10, 1), 0.1))
    assert held.mean[0] == 0.1
    assert held.power[0] == 0.0


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 60), st.integers(1, 12))
def test_scores_and_their_spread_are_the_targets(seed: int, n_samples: int, n_units: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(n_samples, rank)) @ rng.normal(size=(rank, n_units)) + rng.normal(size=n_units)
    held = UnitBlocks(Y)
    scores = low_rank_scores(held)
    assert scores.shape[1] <= min(n_samples - 1, n_units, rank)
    loadings = spread(scores / sum_of_squares(scores), held, np.float64)
    size = np.abs(Y).max()
    np.testing.assert_allclose(scores @ loadings, Y - Y.mean(axis=0), atol=1e-6 * size)
    # Lengths of any errors are kept, which is why strengths can be chosen on the scores.
    errors = rng.normal(size=scores.shape) * np.sqrt(sum_of_squares(scores))
    np.testing.assert_allclose(np.linalg.norm(errors @ loadings), np.linalg.norm(errors), rtol=1e-6)


def test_constant_targets_have_no_scores() -> None:
    assert low_rank_scores(UnitBlocks(np.full((6, 20), 0.1))).shape == (6, 0)
