"""Spans and dimensions from inner products, against the activations themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from hotwire.adapters.blending import gram
from hotwire.decoder.experiments.planning.span import Dimensions, dimensions, explained, span_weights


def made(n: int, n_units: int, rank: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 10 + rng.normal(size=(n, rank)) @ (rng.normal(size=(rank, n_units)) * np.geomspace(1, 0.1, rank)[:, None])


cases = given(st.integers(4, 12), st.integers(3, 20), st.integers(1, 8), st.integers(0, 1000))


@cases
def test_dimensions_are_those_of_principal_components(n: int, n_units: int, rank: int, seed: int) -> None:
    table = made(n, n_units, rank, seed)
    shares = PCA().fit(table).explained_variance_ratio_
    found = dimensions(gram(table))
    assert found.participation == pytest.approx(1 / (shares**2).sum(), rel=1e-6)
    for share, count in ((0.9, found.n90), (0.95, found.n95), (0.99, found.n99)):
        assert shares[:count].sum() >= share - 1e-9
        assert shares[: count - 1].sum() < share + 1e-9


def test_stimuli_that_are_all_alike_have_no_dimensions() -> None:
    assert dimensions(gram(np.ones((4, 9)))) == Dimensions(0.0, 0, 0, 0)


@cases
def test_the_nearest_point_is_that_of_least_squares(n: int, n_units: int, rank: int, seed: int) -> None:
    table = made(n, n_units, rank, seed)
    train, new = np.arange(n - 2), np.array([n - 2, n - 1])
    weights = span_weights(gram(table), train, new)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-9)
    assert not weights[:, new].any()
    mean = table[train].mean(axis=0)
    directions = (table[train] - mean).T
    nearest = mean + (directions @ np.linalg.lstsq(directions, (table[new] - mean).T, rcond=1e-9)[0]).T
    np.testing.assert_allclose(weights @ table, nearest, atol=1e-4 * np.abs(table - mean).max())
    missed = ((table[new] - nearest) ** 2).sum(axis=1) / ((table[new] - mean) ** 2).sum(axis=1)
    np.testing.assert_allclose(explained(gram(table), weights, train, new), 1 - missed, atol=1e-6)


@cases
def test_a_training_stimulus_lies_in_the_span(n: int, n_units: int, rank: int, seed: int) -> None:
    table = made(n, n_units, rank, seed)
    train = np.arange(n - 2)
    weights = span_weights(gram(table), train, [0])
    np.testing.assert_allclose(weights @ table, table[[0]], atol=1e-4 * np.abs(table - table.mean(axis=0)).max())


def test_one_training_stimulus_spans_itself_alone() -> None:
    table = made(4, 10, 3, 0)
    weights = span_weights(gram(table), [2], [0, 1])
    np.testing.assert_array_equal(weights, [[0, 0, 1, 0], [0, 0, 1, 0]])
    np.testing.assert_allclose(explained(gram(table), weights, [2], [0, 1]), 0.0, atol=1e-12)
