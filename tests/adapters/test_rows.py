"""A row's product, and a sample's prediction, are the same bits whatever comes with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.rows import each_row


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.integers(1, 200),
    st.integers(1, 600),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["C", "F"]),
)
def test_any_part_in_any_order_gives_the_same_bits(seed, n_rows, n, k, dtype, order) -> None:
    rng = np.random.default_rng(seed)
    X, matrix = rng.normal(size=(n_rows, n)).astype(dtype), rng.normal(size=(n, k)).astype(dtype)
    whole = each_row(X, np.asarray(matrix, order=order))
    assert whole.dtype == dtype
    np.testing.assert_allclose(whole, X.astype(float) @ matrix, rtol=1e-4, atol=1e-4 * n)
    some = rng.permutation(n_rows)[: rng.integers(1, n_rows + 1)]
    assert each_row(X[some], matrix).tobytes() == whole[some].tobytes()
    assert each_row(X[::-1], matrix).tobytes() == whole[::-1].tobytes()


def test_no_rows() -> None:
    assert each_row(np.empty((0, 3)), np.ones((3, 2))).shape == (0, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_features", "n_units"), [(3, 2), (20, 12), (530, 576), (51, 3001)])
def test_predictions_do_not_depend_on_how_many_are_made(n_features: int, n_units: int, dtype: type) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, n_features)), rng.normal(size=(60, n_units)).astype(dtype)
    adapter = RidgeAdapter(gain="total").fit(X, Y)
    together = adapter.predict(X)
    one_by_one = np.concatenate([adapter.predict(row[None]) for row in X])
    assert together.tobytes() == one_by_one.tobytes()
    assert adapter.predict(X[17:48]).tobytes() == together[17:48].tobytes()
