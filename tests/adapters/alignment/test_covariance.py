from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power
from sklearn.base import clone
from sklearn.covariance import LedoitWolf, ledoit_wolf_shrinkage

from hotwire.adapters.alignment.covariance import CovarianceAligner
from hotwire.adapters.shrunk_covariance import shrinkage_for
from hotwire.errors import BundleError, NonFiniteError, ShapeError, UnknownNameError

seeds = st.integers(0, 2**16)
matches = st.sampled_from(["mean", "variance", "covariance"])
quick = settings(max_examples=30)


def samples(rng: np.random.Generator, n_samples: int, n_features: int) -> np.ndarray:
    mixed = rng.normal(size=(n_samples, n_features)) @ rng.normal(size=(n_features, n_features))
    return mixed + 10 * rng.normal(size=n_features)


def shrunk(table: np.ndarray, shrinkage: float) -> np.ndarray:
    covariance = np.cov(table.T, bias=True).reshape(table.shape[1], -1)
    level = np.trace(covariance) / len(covariance)
    return (1 - shrinkage) * covariance + shrinkage * level * np.eye(len(covariance))


@quick
@given(n_samples=st.integers(2, 60), n_features=st.integers(1, 30), seed=seeds)
def test_shrinkage_is_that_of_scikit_learn(n_samples: int, n_features: int, seed: int) -> None:
    table = samples(np.random.default_rng(seed), n_samples, n_features)
    table -= table.mean(axis=0)
    assert shrinkage_for(table) == pytest.approx(ledoit_wolf_shrinkage(table, assume_centered=True), abs=1e-9)


@quick
@given(n_source=st.integers(3, 60), n_target=st.integers(3, 60), n_features=st.integers(2, 20), seed=seeds)
def test_covariances_by_the_dense_formula(n_source: int, n_target: int, n_features: int, seed: int) -> None:
    """More features than samples, and the reverse."""
    rng = np.random.default_rng(seed)
    source, target = samples(rng, n_source, n_features), samples(rng, n_target, n_features)
    aligner = CovarianceAligner().fit(source, target)
    shrinkage = max(LedoitWolf().fit(source).shrinkage_, LedoitWolf().fit(target).shrinkage_)
    assert aligner.shrinkage_ == pytest.approx(shrinkage)
    if shrinkage < 1e-3:
        return
    before, wanted = shrunk(source, shrinkage), shrunk(target, shrinkage)
    dense = fractional_matrix_power(before, -0.5) @ fractional_matrix_power(wanted, 0.5)
    aligned = aligner.transform(source)
    np.testing.assert_allclose(aligned, (source - source.mean(axis=0)) @ dense + target.mean(axis=0), atol=1e-6)


@quick
@given(match=matches, n_features=st.integers(1, 20), seed=seeds)
def test_matched_moments(match: str, n_features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = samples(rng, 4000, n_features), samples(rng, 5000, n_features)
    aligner = CovarianceAligner(match).fit(source, target)
    aligned = aligner.transform(source)
    np.testing.assert_allclose(aligned.mean(axis=0), target.mean(axis=0), atol=1e-6)
    if match == "mean":
        np.testing.assert_allclose(aligned - aligned.mean(axis=0), source - source.mean(axis=0), atol=1e-6)
    if match == "variance":
        np.testing.assert_allclose(aligned.var(axis=0), target.var(axis=0))
        correlation = np.corrcoef(np.column_stack([source, aligned]).T)
        np.testing.assert_allclose(np.diag(correlation, n_features), 1.0)
    if match == "covariance":
        before, wanted = (shrunk(of, aligner.shrinkage_) for of in (source, target))
        made = aligner.transform(np.eye(n_features) + source.mean(axis=0)) - target.mean(axis=0)
        np.testing.assert_allclose(made.T @ before @ made, wanted, atol=1e-6 * np.abs(wanted).max())


@quick
@given(
    match=matches, n_source=st.integers(2, 30), n_target=st.integers(2, 30), n_features=st.integers(1, 40), seed=seeds
)
def test_there_and_back_again(match: str, n_source: int, n_target: int, n_features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(n_source, n_features)), rng.normal(3.0, 2.0, size=(n_target, n_features))
    aligner = CovarianceAligner(match).fit(source, target)
    reverse = CovarianceAligner(match).fit(target, source)
    aligned = aligner.transform(source)
    np.testing.assert_allclose(aligner.inverse_transform(aligned), reverse.transform(aligned), atol=1e-6)
    if n_features < min(n_source, n_target) or aligner.shrinkage_ > 1e-3 or match != "covariance":
        np.testing.assert_allclose(aligner.inverse_transform(aligned), source, atol=1e-6)
    weights = rng.normal(size=(n_features, 3))
    pulled = (source - aligner.source_mean_) @ aligner.pulled_back(weights) + aligner.target_mean_ @ weights
    np.testing.assert_allclose(pulled, aligned @ weights, atol=1e-6)


@quick
@given(match=matches, n_samples=st.integers(3, 40), n_features=st.integers(1, 30), seed=seeds)
def test_the_same_session_stays_as_it_is(match: str, n_samples: int, n_features: int, seed: int) -> None:
    """In whatever order its samples come, and however often."""
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(n_samples, n_features))
    target = np.concatenate([source, source])[rng.permutation(2 * n_samples)]
    aligned = CovarianceAligner(match).fit(source, target).transform(source)
    np.testing.assert_allclose(aligned, source, atol=1e-7)


@pytest.mark.parametrize("match", ["mean", "variance", "covariance"])
def test_constant_features(match: str) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(30, 4)), rng.normal(size=(40, 4))
    source[:, 1], target[:, 2] = 5.0, 6.0
    aligner = CovarianceAligner(match).fit(source, target)
    aligned = aligner.transform(source)
    assert np.isfinite(aligned).all()
    np.testing.assert_allclose(aligned.mean(axis=0), target.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(aligner.inverse_transform(aligned), source, atol=1e-7)
    still = CovarianceAligner(match).fit(np.ones((5, 4)), target).transform(np.ones((2, 4)))
    np.testing.assert_allclose(still, np.tile(target.mean(axis=0), (2, 1)))
    np.testing.assert_allclose(CovarianceAligner(match).fit(source, np.ones((5, 4))).transform(source).mean(axis=0), 1)


def test_many_features_take_little_memory() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2, 30, 8000))
    tracemalloc.start()
    CovarianceAligner().fit(source, target).transform(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * source.nbytes < 8000**2 * 8 / 10


def test_what_cannot_be_aligned() -> None:
    table = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.raises(UnknownNameError, match="There are: mean, variance, covariance"):
        CovarianceAligner("scale").fit(table, table)
    with pytest.raises(ShapeError, match=r"X_target has 2 features, .* expecting 3"):
        CovarianceAligner().fit(table, table[:, :2])
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        CovarianceAligner().fit(table[:1], table)
    bad = table.copy()
    bad[3, 1] = np.inf
    with pytest.raises(NonFiniteError, match="X_target holds inf at sample 3, feature 1"):
        CovarianceAligner().fit(table, bad)
    with pytest.raises(NonFiniteError, match="X holds inf at sample 3, feature 1"):
        CovarianceAligner().fit(table, table).transform(bad)


@pytest.mark.parametrize("match", ["mean", "variance", "covariance"])
def test_saved_state_aligns_alike(match: str) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(10, 4)), rng.normal(size=(3, 4))
    aligner: Any = clone(CovarianceAligner(match))
    aligner.fit(source, target)
    arrays = aligner.to_arrays()
    again = CovarianceAligner.from_arrays(arrays)
    assert again.get_params() == {"match": match}
    np.testing.assert_array_equal(again.transform(source), aligner.transform(source))
    with pytest.raises(BundleError, match=r"array target_mean has shape \(3,\), expected \(4,\)"):
        CovarianceAligner.from_arrays(arrays | {"target_mean": np.zeros(3)})
