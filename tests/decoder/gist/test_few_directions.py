from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import block_diag, toeplitz

from hotwire.adapters import Whitener
from hotwire.adapters.ridge.strengths import default_alphas
from hotwire.decoder.gist.chunks import splitter_for
from hotwire.decoder.gist.few_directions import FewDirections, fit_few_directions, white
from hotwire.decoder.gist.noise import NoiseEstimate

N_RUNS, LENGTH, N_COLUMNS, N_VOXELS, R = 4, 30, 6, 5, 0.4


def problem(seed: int = 0, rank: int = 2) -> tuple[np.ndarray, np.ndarray, NoiseEstimate, np.ndarray, np.ndarray]:
    """A design, voxels that follow few directions of it in slow and shared noise, this noise, runs, and the map."""
    rng = np.random.default_rng(seed)
    runs = np.repeat(np.arange(N_RUNS), LENGTH)
    mixing = np.eye(N_VOXELS) + rng.normal(size=(N_VOXELS, N_VOXELS))
    covariance = mixing @ mixing.T
    values, vectors = np.linalg.eigh(np.linalg.inv(covariance))
    root = (vectors * np.sqrt(values)) @ vectors.T
    whitener = Whitener.from_arrays({"mean": np.zeros(N_VOXELS), "matrix": root, "shrinkage": np.zeros(())})
    design = rng.normal(1.0, size=(len(runs), N_COLUMNS))
    weights = rng.normal(size=(N_COLUMNS, rank)) @ rng.normal(size=(rank, N_VOXELS)) * 0.5
    slow = np.linalg.cholesky(toeplitz(R ** np.arange(LENGTH)) / (1 - R**2))
    noise = np.concatenate([slow @ rng.normal(size=(LENGTH, N_VOXELS)) @ mixing.T for _ in range(N_RUNS)])
    return design, 5.0 + design @ weights + noise, NoiseEstimate(R, whitener), runs, weights


def fitted(design: np.ndarray, data: np.ndarray, noise: NoiseEstimate, runs: np.ndarray) -> FewDirections:
    splitter, groups = splitter_for(runs, 4, gap=3)
    folds = [(np.asarray(train), np.asarray(held)) for train, held in splitter.split(design, None, groups)]
    return fit_few_directions(design, data, noise, runs, folds, splitter, groups)


def dense(X: np.ndarray, Y: np.ndarray, rank: int, alpha: float) -> np.ndarray:
    """The map of a rank with the least penalised error: the ridge, seen along what it fits of data with the penalty as
    further samples.
    """
    longer = np.vstack([X, np.sqrt(alpha) * np.eye(X.shape[1])])
    ridge = np.linalg.lstsq(longer, np.vstack([Y, np.zeros((X.shape[1], Y.shape[1]))]), rcond=None)[0]
    along = np.linalg.svd(longer @ ridge)[2][:rank]
    return ridge @ along.T @ along


def test_is_the_dense_reference() -> None:
    """Rank, strength, map and predictions are those of whole covariances, of all ranks and strengths in turn."""
    design, data, noise, runs, _ = problem()
    found = fitted(design, data, noise, runs)
    of_run = np.linalg.inv(np.linalg.cholesky(toeplitz(R ** np.arange(LENGTH)) / (1 - R**2)))
    in_time = block_diag(*[of_run] * N_RUNS)
    X = in_time @ (design - design.mean(axis=0))
    Y = in_time @ (data - data.mean(axis=0)) @ noise.whitener.matrix_
    np.testing.assert_allclose(white(data - data.mean(axis=0), runs, noise), Y, atol=1e-9)
    alphas = default_alphas(float(np.linalg.norm(X - X.mean(axis=0), 2)) ** 2)
    errors = {}
    for rank in (1, 2, 4, N_VOXELS):
        for alpha in alphas:
            error = 0.0
            for run in range(N_RUNS):
                rest, held = runs != run, runs == run
                means = X[rest].mean(axis=0), Y[rest].mean(axis=0)
                of = dense(X[rest] - means[0], Y[rest] - means[1], rank, alpha)
                error += np.square(Y[held] - means[1] - (X[held] - means[0]) @ of).sum()
            errors[rank, alpha] = error / Y.size
    rank, alpha = min(errors, key=lambda key: errors[key])
    assert found.rank == rank == 2
    assert found.error == pytest.approx(errors[rank, alpha], rel=1e-9)

    def in_voxels(rows: np.ndarray) -> np.ndarray:
        of = dense(X[rows] - X[rows].mean(axis=0), Y[rows] - Y[rows].mean(axis=0), rank, alpha)
        return of @ np.linalg.inv(noise.whitener.matrix_)

    weights = in_voxels(runs >= 0)
    np.testing.assert_allclose(found.weights, weights, atol=1e-8)
    np.testing.assert_allclose(found.intercept, data.mean(axis=0) - design.mean(axis=0) @ weights, atol=1e-8)
    expected = data.mean(axis=0) + (design[runs == 1] - design.mean(axis=0)) @ in_voxels(runs != 1)
    np.testing.assert_allclose(found.predicted[runs == 1], expected, atol=1e-8)


def test_finds_the_directions() -> None:
    design, data, noise, runs, weights = problem(seed=3, rank=1)
    found = fitted(design, data, noise, runs)
    assert found.rank == 1
    np.testing.assert_allclose(found.weights, weights, atol=0.35)
    assert np.linalg.matrix_rank(found.weights) == 1
