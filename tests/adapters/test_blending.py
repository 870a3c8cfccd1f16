"""Products along the wide axis against plain ones, block by block and from memory maps."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import unit_blocks
from hotwire.adapters.blending import blended, by_key, gram


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_blocks_and_memory_maps_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype) -> None:
    rng = np.random.default_rng(0)
    table = (10 * rng.normal(size=(20, 90)) + 5).astype(dtype)
    np.save(tmp_path / "table.npy", table)
    A = rng.normal(size=(6, 20))
    A[:, [3, 11]] = 0.0
    exact, deviations = A @ table.astype(np.float64), table - table.astype(np.float64).mean(axis=0)
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 50)
    for given_ in (table, np.load(tmp_path / "table.npy", mmap_mode="r")):
        np.testing.assert_allclose(gram(given_), deviations @ deviations.T, rtol=1e-10, atol=1e-9)
        out = np.zeros((6, 90), dtype=np.float32)
        assert blended(A, given_, out=out) is out
        np.testing.assert_allclose(out, exact, rtol=1e-5, atol=1e-4)
    assert blended(np.zeros((2, 20)), table).tolist() == np.zeros((2, 90)).tolist()


def test_memory_stays_small_beside_a_wide_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", 2**16)
    table = np.lib.format.open_memmap(tmp_path / "wide.npy", mode="w+", dtype=np.float32, shape=(20, 400_000))
    table[:, ::7] = np.random.default_rng(0).normal(size=(20, 1))
    out = np.empty((3, 400_000), dtype=np.float32)
    tracemalloc.start()
    try:
        gram(table)
        blended(np.full((3, 20), 0.05), table, out=out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < table.nbytes / 3  # the mean of each unit is a tenth of it


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 20))
@settings(max_examples=40)
def test_keys_are_summed(seed: int, n_keys: int, n_train: int) -> None:
    rng = np.random.default_rng(seed)
    A, keys = rng.normal(size=(3, n_train)), rng.integers(n_keys, size=n_train)
    np.testing.assert_allclose(by_key(A, keys, n_keys), A @ np.eye(n_keys)[keys], atol=1e-12)
