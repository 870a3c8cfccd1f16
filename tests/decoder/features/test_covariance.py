from __future__ import annotations

import numpy as np
import pytest
import sklearn.covariance
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hotwire.decoder.features.covariance import lwf, oas, scm, spanned

from .made_trials import average_referenced, oscillating


@given(
    x=arrays.arrays(np.float64, st.tuples(st.integers(3, 12), st.integers(1, 8)), elements=st.floats(-5, 5, width=16))
)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (scm, sklearn.covariance.empirical_covariance),
        (lwf, lambda x: sklearn.covariance.ledoit_wolf(x)[0]),
        (oas, lambda x: sklearn.covariance.oas(x)[0]),
    ],
)
def test_equal_to_scikit_learns(ours, theirs, x) -> None:
    x = x + np.random.default_rng(0).normal(size=x.shape)
    expected = theirs(x)
    if ours is not scm and x.shape[1] == 1:
        expected = sklearn.covariance.empirical_covariance(x)  # shrinking one variance towards itself
    np.testing.assert_allclose(ours(x - x.mean(axis=0)), expected, atol=1e-12 * np.abs(expected).max())


def test_spanned_space() -> None:
    X, _ = oscillating()
    full = scm(X.reshape(-1, 6))
    np.testing.assert_array_equal(spanned(full), np.eye(6))
    np.testing.assert_array_equal(spanned(full * np.outer(scales := 10.0 ** np.arange(0, -12, -2), scales)), np.eye(6))
    referenced = average_referenced(X).astype(np.float32).astype(np.float64).reshape(-1, 6)
    space = spanned(scm(referenced))
    assert space.shape == (6, 5)
    np.testing.assert_allclose(space.T @ space, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.ones(6) @ space, 0, atol=1e-6)
