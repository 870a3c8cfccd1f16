from __future__ import annotations

import numpy as np
import pytest

from hotwire.adapters.row_space import SINGLE_GRAM, WIDE_FROM, deviations_in_row_space, is_wide, row_space
from hotwire.adapters.unit_blocks import UnitBlocks
from hotwire.adapters.whiten import Whitener


def brain(n_samples: int = 30, n_features: int = 400) -> np.ndarray:
    """Voxels far from zero that share much of their variation, in float32."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, n_features)) * 5
    return (1000 + shared + rng.normal(size=(n_samples, n_features))).astype(np.float32)


def test_inner_products_and_sums_of_samples_are_kept() -> None:
    samples, rng = brain(), np.random.default_rng(1)
    space = row_space(samples)
    assert space.coordinates.shape == (30, 30)
    inner = samples.astype(np.float64) @ samples.T
    np.testing.assert_allclose(space.coordinates @ space.coordinates.T, inner, rtol=1e-12)
    weights = rng.normal(size=(4, 30))
    sums = weights @ samples.astype(np.float64)
    np.testing.assert_allclose(space.coordinates_of(sums), weights @ space.coordinates, atol=1e-5)
    again = space.features_of(weights @ space.coordinates)
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, sums, rtol=1e-5, atol=1e-3)


def test_samples_that_depend_on_each_other_have_fewer_coordinates() -> None:
    samples = brain()
    samples[3] = samples[1]
    space = row_space(samples)
    assert space.coordinates.shape == (30, 29)
    np.testing.assert_allclose(space.features_of(space.coordinates), samples, rtol=1e-5)


def test_what_is_outside_of_the_space_is_lost() -> None:
    samples = np.eye(3, 6)
    assert row_space(samples).coordinates_of(np.eye(6)[4:]).tolist() == np.zeros((2, 3)).tolist()


@pytest.mark.parametrize("n_samples", [30, 500], ids=["fewer samples", "more samples"])
@pytest.mark.parametrize("count", ["samples", "effective samples"])
def test_coordinates_are_whitened_as_the_features_are(n_samples: int, count: str) -> None:
    """Shrinkage depends on the number of features; more samples than coordinates take the other way of solving."""
    rng = np.random.default_rng(2)
    samples = brain(40, 300).astype(np.float64)
    samples = rng.normal(size=(n_samples, 40)) @ samples if n_samples > 40 else samples[:n_samples]
    space = row_space(samples)
    whitener = Whitener(count).fit(space.coordinates, n_dimensions=300)
    of_features = Whitener(count).fit(samples + 1e-9 * rng.normal(size=samples.shape))
    assert whitener.shrinkage_ == pytest.approx(of_features.shrinkage_, rel=1e-6)
    ours, theirs = whitener.transform(space.coordinates[:9]), of_features.transform(samples[:9])
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, rtol=1e-4, atol=1e-4 * np.abs(theirs @ theirs.T).max())


def test_wide_is_wider_than_long() -> None:
    assert [is_wide(10, WIDE_FROM), is_wide(10, WIDE_FROM - 1), is_wide(WIDE_FROM, WIDE_FROM)] == [True, False, False]


@pytest.mark.parametrize(("common", "weakest", "single"), [(0.3, 0.0, True), (30.0, 0.0, False), (30.0, 1e7, True)])
def test_float32_is_taken_where_it_is_exact_enough(common: float, weakest: float, single: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6000)) + common * rng.normal(size=(20, 3)) @ rng.normal(size=(3, 6000))
    features = X.astype(np.float32)
    assert deviations_in_row_space(X, weakest).features.dtype == np.float64
    of = deviations_in_row_space(features, weakest)
    assert of.features.dtype == (np.float32 if single else np.float64)
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    Y, alpha = rng.normal(size=(20, 4)), max(weakest, 1.0)
    Y -= Y.mean(axis=0)
    expected = centred.T @ np.linalg.solve(centred @ centred.T + alpha * np.eye(20), Y)
    found = of.weights_of((of.values / (of.values**2 + alpha))[:, np.newaxis] * (of.left.T @ Y))
    assert np.linalg.norm(found - expected) < 5e-5 * np.linalg.norm(expected)


def test_a_feature_that_the_shown_ones_do_not_tell_of_is_seen() -> None:
    X = np.random.default_rng(0).normal(size=(20, 6000)).astype(np.float32)
    assert deviations_in_row_space(X).features.dtype == np.float32
    X[:, 1] *= 1e5
    assert deviations_in_row_space(X).features.dtype == np.float64


@pytest.mark.parametrize("n_samples", [20, 60, 300])
@pytest.mark.parametrize("kind", ["noise", "shared", "rectified", "one direction", "far from zero", "one large"])
def test_a_gram_matrix_in_float32_is_as_exact_as_it_is_told(n_samples: int, kind: str) -> None:
    rng = np.random.default_rng(n_samples)
    X, shared = rng.normal(size=(n_samples, 30_000)), rng.normal(size=(n_samples, 20))
    if kind == "shared":
        X += 0.3 * shared @ rng.normal(size=(20, 30_000))
    elif kind == "rectified":  # as a layer's activations
        X = np.maximum(X + 2 * shared[:, :1] + 0.5 * shared @ rng.normal(size=(20, 30_000)), 0)
    elif kind == "one direction":
        X = 0.001 * X + shared[:, :1] * np.abs(rng.normal(size=30_000))
    elif kind == "far from zero":
        X += 1000
    elif kind == "one large":
        X[:, 5] *= 1000
    single = X.astype(np.float32)
    exact = UnitBlocks(single).gram()
    # That of the mean, whose size is 0, is left out: nothing is predicted along it.
    off = UnitBlocks(single, "as given").gram() - exact
    off = off - off.mean(axis=0) - off.mean(axis=1, keepdims=True) + off.mean()
    size = np.sqrt(exact.diagonal().max() * np.linalg.eigvalsh(exact)[-1])
    assert np.abs(np.linalg.eigvalsh(off)).max() < SINGLE_GRAM * size
