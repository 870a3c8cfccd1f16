from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import explained_variance_score

from hotwire.decoder.statistics.correlations import (
    explained_variance,
    pattern_correlation,
    profile_correlation,
    similarity,
)
from hotwire.errors import ShapeError


def made(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(9, 5)) * rng.lognormal(size=5) + rng.normal(size=5)
    return true, true + rng.normal(size=(9, 5))


@given(st.integers(0, 2**16))
def test_correlations_are_those_of_numpy(seed: int) -> None:
    true, predicted = made(seed)
    profile = [np.corrcoef(true[:, j], predicted[:, j])[0, 1] for j in range(5)]
    pattern = [np.corrcoef(true[i], predicted[i])[0, 1] for i in range(9)]
    every = [[np.corrcoef(a, b)[0, 1] for b in true[:4]] for a in predicted]
    np.testing.assert_allclose(profile_correlation(true, predicted), profile)
    np.testing.assert_allclose(pattern_correlation(true, predicted), pattern)
    np.testing.assert_allclose(similarity(predicted, true[:4]), every)


@given(st.integers(0, 2**16))
def test_explained_variance_is_that_of_scikit_learn(seed: int) -> None:
    true, predicted = made(seed)
    expected = explained_variance_score(true, predicted, multioutput="raw_values")
    np.testing.assert_allclose(explained_variance(true, predicted), expected)


def test_what_does_not_vary_has_none() -> None:
    """Also where rounding leaves the deviations of a constant not quite at zero."""
    constant = np.full((7, 2), 0.1)
    varying = np.random.default_rng(0).normal(size=(7, 2))
    assert np.isnan(profile_correlation(constant, varying)).all()
    assert np.isnan(profile_correlation(varying, constant)).all()
    assert np.isnan(pattern_correlation(constant, varying)).all()
    assert np.isnan(explained_variance(constant, varying)).all()
    assert np.isnan(similarity(constant, varying)).all()
    assert explained_variance(varying, constant) == pytest.approx(0.0)


def test_wrong_inputs() -> None:
    with pytest.raises(ShapeError, match=r"predicted: expected \(n_samples, n_units\) as true \(3, 2\), got \(3, 1\)"):
        profile_correlation(np.zeros((3, 2)), np.zeros((3, 1)))
    with pytest.raises(ShapeError, match="with the units of predicted"):
        similarity(np.zeros((3, 2)), np.zeros((3, 1)))
