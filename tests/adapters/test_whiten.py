from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf, ledoit_wolf_shrinkage
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters import plan as plan_module
from hotwire.adapters.shrunk_covariance import shrinkage_for
from hotwire.adapters.whiten import Whitener
from hotwire.errors import BundleError, InputError, NonFiniteError

quick = settings(max_examples=40)
seeds = st.integers(0, 2**16)
SHAPES = pytest.mark.parametrize("shape", [(50, 4), (12, 40)], ids=["narrow", "wide"])


def dense(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse root of scikit-learn's covariance, what has no variance left out."""
    reference = LedoitWolf().fit(samples.astype(np.float64))
    variance, directions = np.linalg.eigh(reference.covariance_)
    kept = variance > variance.max() * len(variance) * np.finfo(float).eps
    return reference.location_, directions[:, kept] / np.sqrt(variance[kept]) @ directions[:, kept].T


def voxels(rng: np.random.Generator, n_samples: int, n_features: int, rank: int = 1000) -> np.ndarray:
    """Far from zero, most of it shared."""
    rank = min(rank, n_samples)
    scores = rng.normal(size=(n_samples, rank)) * np.linspace(1, 10, rank)
    return scores @ rng.normal(size=(rank, n_features)) + 100 * rng.normal(size=n_features)


@parametrize_with_checks([Whitener()])
def test_scikit_learn_conventions(estimator, check) -> None:
    check(estimator)


@settings(max_examples=30)
@given(n_samples=st.integers(3, 60), n_features=st.integers(1, 30), seed=seeds)
def test_whitens_the_covariance_of_scikit_learn(n_samples: int, n_features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(n_samples, n_features)) @ rng.normal(size=(n_features, n_features))
    reference = LedoitWolf().fit(samples)
    whitener = Whitener().fit(samples)
    assert (whitener.matrix_ is None) == (n_features > n_samples)
    assert whitener.shrinkage_ == pytest.approx(reference.shrinkage_, abs=1e-12)
    if reference.shrinkage_ > 1e-6:
        matrix = whitener.pulled_back(np.eye(n_features))
        np.testing.assert_allclose(matrix @ reference.covariance_ @ matrix, np.eye(n_features), atol=1e-6)


@quick
@given(
    n_samples=st.integers(2, 40),
    more=st.integers(-5, 60),
    rank=st.integers(1, 40),
    n_constant=st.integers(0, 3),
    single=st.booleans(),
    seed=seeds,
)
def test_by_the_dense_formula(n_samples: int, more: int, rank: int, n_constant: int, single: bool, seed: int) -> None:
    """On both sides of as many features as samples; with repeated samples, and features that do not vary."""
    rng = np.random.default_rng(seed)
    n_features = max(2, n_samples + more)
    samples = voxels(rng, n_samples, n_features, rank)
    samples[:, : min(n_constant, n_features - 1)] = 7.1
    samples = samples.astype(np.float32 if single else np.float64)
    mean, matrix = dense(samples)
    whitener = Whitener().fit(samples)
    new = np.concatenate([samples, voxels(rng, 5, n_features)])
    expected = (new - mean) @ matrix
    largest = np.abs(matrix).max() * np.abs(new - mean).max()
    np.testing.assert_allclose(whitener.transform(new), expected, atol=1e-9 * largest)
    weights = rng.normal(size=(n_features, 3))
    np.testing.assert_allclose(whitener.pulled_back(weights), matrix @ weights, atol=1e-9 * np.abs(matrix).max())
    back = whitener.inverse_transform(whitener.transform(samples))
    np.testing.assert_allclose(back, samples, atol=1e-6 * np.abs(samples).max())


@pytest.mark.parametrize("shape", [(5, 2500), (80, 79), (80, 81), (300, 1001), (1200, 900)])
def test_the_shrinkage_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    """Which forms the covariance block by block; from the Gram matrix of the samples it is the same."""
    samples = voxels(np.random.default_rng(0), *shape)
    expected = ledoit_wolf_shrinkage(samples)
    assert Whitener().fit(samples).shrinkage_ == pytest.approx(expected, abs=1e-12)
    assert shrinkage_for(samples - samples.mean(axis=0)) == pytest.approx(expected, abs=1e-12)


@SHAPES
def test_constant_features_stay_out(shape: tuple[int, int]) -> None:
    samples = np.random.default_rng(0).normal(size=shape)
    samples[:, 2] = 7.1
    whitener = Whitener().fit(samples)
    whitened = whitener.transform(samples)
    assert np.isfinite(whitened).all()
    np.testing.assert_allclose(whitened[:, 2], 0.0, atol=1e-14)
    assert whitener.mean_[2] == 7.1
    np.testing.assert_allclose(whitener.pulled_back(np.eye(shape[1]))[2, [0, 1, 3]], 0.0, atol=1e-14)


@pytest.mark.parametrize("shape", [(5, 3), (7, 3), (3, 7), (2, 1000)])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_where_nothing_varies_nothing_is_left(shape: tuple[int, int], value: float) -> None:
    """The mean of seven times 0.1 is not 0.1: what rounding leaves must not be blown up."""
    whitener = Whitener().fit(np.full(shape, value))
    np.testing.assert_array_equal(whitener.transform(np.full(shape, value)), 0.0)
    np.testing.assert_array_equal(whitener.transform(np.random.default_rng(0).normal(size=shape)), 0.0)
    np.testing.assert_array_equal(whitener.inverse_transform(np.ones(shape)), value)


@pytest.mark.parametrize("shape", [(4, 3), (4, 9), (2, 2), (2, 500)])
def test_without_shrinkage_only_what_varies_is_let_through(shape: tuple[int, int]) -> None:
    """All samples lie alike far on a line: their covariance is not shrunk, and has one direction."""
    n_samples, n_features = shape
    rng = np.random.default_rng(0)
    line = rng.normal(size=n_features)
    samples = np.outer(np.resize([1.0, -1.0], n_samples), line) + 5.0
    whitener = Whitener().fit(samples)
    assert whitener.shrinkage_ == pytest.approx(0.0, abs=1e-12)
    unit = line / np.linalg.norm(line)
    np.testing.assert_allclose(np.linalg.norm(whitener.transform(samples), axis=1), 1.0, rtol=1e-10)
    across = rng.normal(size=n_features)
    across -= unit * (across @ unit)
    np.testing.assert_allclose(whitener.transform(samples[:1] + across), whitener.transform(samples[:1]), atol=1e-10)
    np.testing.assert_allclose(whitener.inverse_transform(whitener.transform(samples)), samples, rtol=1e-10)


@pytest.mark.parametrize("shape", [(25, 50), (60, 30)], ids=["wide", "narrow"])
def test_shrunk_wholly_it_only_scales(shape: tuple[int, int]) -> None:
    n_samples, n_features = shape
    samples = np.eye(n_samples, n_features)
    if n_samples > n_features:
        lengths = np.diag(np.linspace(0.9, 1.1, n_features))
        samples = np.concatenate([lengths, -lengths])
    whitener = Whitener().fit(samples)
    assert whitener.shrinkage_ == pytest.approx(1.0)
    level = 1 / np.sqrt(samples.var(axis=0).mean())
    np.testing.assert_allclose(whitener.transform(samples), (samples - samples.mean(axis=0)) * level, atol=1e-12)


@quick
@given(n_samples=st.integers(3, 40), n_features=st.integers(2, 120), seed=seeds)
def test_neither_batches_nor_the_order_of_features_count(n_samples: int, n_features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = voxels(rng, n_samples, n_features)
    order = rng.permutation(n_features)
    whitener = Whitener().fit(samples)
    whitened = whitener.transform(samples)
    tolerance = 1e-10 * np.abs(whitened).max()
    one_by_one = np.concatenate([whitener.transform(row[np.newaxis]) for row in samples])
    np.testing.assert_allclose(one_by_one, whitened, atol=tolerance)
    np.testing.assert_allclose(Whitener().fit_transform(samples[:, order]), whitened[:, order], atol=tolerance)


def test_a_whole_brain_needs_no_matrix_of_voxels_by_voxels() -> None:
    """Blocks of the wide axis, and float32 that stays it: 40,000 voxels squared would be 12.8 GB."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(60, 1)).astype(np.float32)
    samples = rng.standard_normal((60, 40_000), np.float32) + common + 1000
    tracemalloc.start()
    try:
        whitener = Whitener().fit(samples)
        fitted = tracemalloc.get_traced_memory()[1]
        whitened = whitener.transform(samples[:3])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert whitener.root_ is not None
    assert whitener.root_.directions.shape == (40_000, 59)
    assert fitted < 8 * samples.nbytes
    assert peak < fitted + 2 * whitened.nbytes
    # The common fluctuation, of variance 40,000, counts as much as any other.
    before, after = samples.astype(np.float64).mean(axis=1).std(), whitener.transform(samples).mean(axis=1).std()
    assert before / samples.std(axis=0).mean() > 0.5
    assert after / whitener.transform(samples).std(axis=0).mean() < 0.2


def test_again_on_another_shape() -> None:
    rng = np.random.default_rng(0)
    narrow, wide = rng.normal(size=(50, 4)), rng.normal(size=(5, 40))
    whitener = Whitener().fit(wide)
    assert (whitener.matrix_ is None, whitener.root_ is None) == (True, False)
    again = whitener.fit(narrow)
    assert (again.matrix_ is None, again.root_ is None) == (False, True)
    np.testing.assert_array_equal(again.transform(narrow), Whitener().fit_transform(narrow))


@SHAPES
def test_saved_state_whitens_alike(shape: tuple[int, int]) -> None:
    samples = np.random.default_rng(0).normal(size=shape)
    whitener = Whitener().fit(samples)
    arrays = whitener.to_arrays()
    again = Whitener.from_arrays(arrays)
    np.testing.assert_array_equal(again.transform(samples), whitener.transform(samples))
    np.testing.assert_array_equal(again.inverse_transform(samples), whitener.inverse_transform(samples))
    assert again.shrinkage_ == whitener.shrinkage_
    assert again.to_arrays().keys() == arrays.keys()


def test_a_saved_state_that_does_not_fit_together_is_refused() -> None:
    with pytest.raises(BundleError, match="lacks the arrays matrix"):
        Whitener.from_arrays({"mean": np.zeros(4), "shrinkage": np.zeros(())})
    with pytest.raises(BundleError, match=r"matrix has shape \(3, 4\), expected \(4, 4\)"):
        Whitener.from_arrays({"mean": np.zeros(4), "matrix": np.zeros((3, 4)), "shrinkage": np.zeros(())})
    wide = Whitener().fit(np.random.default_rng(0).normal(size=(5, 9))).to_arrays()
    with pytest.raises(BundleError, match="lacks the arrays gains"):
        Whitener.from_arrays({name: array for name, array in wide.items() if name != "gains"})
    for name, short, expected in (("directions", (8, 4), "(9, 4)"), ("level", (8,), "(9,)"), ("gains", (4, 1), "(4,)")):
        with pytest.raises(BundleError) as caught:
            Whitener.from_arrays({**wide, name: np.zeros(short)})
        assert f"whitener's {name} has shape {short}, expected {expected}" in str(caught.value)


@SHAPES
def test_a_bad_value_is_named(shape: tuple[int, int]) -> None:
    samples = np.zeros(shape)
    samples[3, 1] = np.nan
    with pytest.raises(NonFiniteError, match="NaN at sample 3, feature 1"):
        Whitener().fit(samples)


@SHAPES
def test_more_memory_than_there_is_is_refused(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "machine_bytes", lambda: 1e3)
    n_samples, n_features = shape
    expected = rf"whitening {n_features} features by {n_samples} samples will take .* MB of memory \(about a second\)"
    with pytest.raises(InputError, match=expected + ".* the machine has 0.0 MB: take fewer features"):
        Whitener().fit(np.ones(shape))
