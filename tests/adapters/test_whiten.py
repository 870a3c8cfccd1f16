from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.whiten import Whitener
from hotwire.errors import BundleError, NonFiniteError


@parametrize_with_checks([Whitener()])
def test_scikit_learn_conventions(estimator, check) -> None:
    check(estimator)


@settings(deadline=None, max_examples=30)
@given(n_samples=st.integers(3, 60), n_features=st.integers(1, 30), seed=st.integers(0, 2**16))
def test_whitens_the_covariance_of_scikit_learn(n_samples: int, n_features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(n_samples, n_features)) @ rng.normal(size=(n_features, n_features))
    reference = LedoitWolf().fit(samples)
    whitener = Whitener().fit(samples)
    assert whitener.shrinkage_ == pytest.approx(reference.shrinkage_, abs=1e-12)
    if reference.shrinkage_ > 1e-6:
        whitened = whitener.matrix_ @ reference.covariance_ @ whitener.matrix_
        np.testing.assert_allclose(whitened, np.eye(n_features), atol=1e-6)


def test_constant_features_stay_out() -> None:
    samples = np.random.default_rng(0).normal(size=(50, 4))
    samples[:, 2] = 7.0
    whitened = Whitener().fit_transform(samples)
    assert np.isfinite(whitened).all()
    np.testing.assert_allclose(Whitener().fit_transform(np.ones((5, 3))), 0.0)


def test_saved_state_whitens_alike() -> None:
    samples = np.random.default_rng(0).normal(size=(50, 4))
    whitener = Whitener().fit(samples)
    again = Whitener.from_arrays(whitener.to_arrays())
    np.testing.assert_array_equal(again.transform(samples), whitener.transform(samples))
    with pytest.raises(BundleError, match="lacks the arrays matrix"):
        Whitener.from_arrays({"mean": np.zeros(4), "shrinkage": np.zeros(())})
    with pytest.raises(BundleError, match=r"expected \(4, 4\)"):
        Whitener.from_arrays({"mean": np.zeros(4), "matrix": np.zeros((3, 4)), "shrinkage": np.zeros(())})


def test_a_bad_value_is_named() -> None:
    samples = np.zeros((5, 3))
    samples[3, 1] = np.nan
    with pytest.raises(NonFiniteError, match="3"):
        Whitener().fit(samples)
