from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from pyriemann.geometry.ajd import ajd_pham
from pyriemann.geometry.mean import mean_logeuclid, mean_riemann
from pyriemann.geometry.tangentspace import upper as their_upper

from hotwire.decoder.features.geometry import (
    disjoint_pairs,
    inverse_root,
    joint_diagonaliser,
    log_euclidean_mean,
    of_eigenvalues,
    riemannian_mean,
    upper,
)


def made(n_matrices: int = 12, n: int = 5, n_samples: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_matrices, n_samples, n)) @ rng.normal(size=(n, n))
    return x.swapaxes(1, 2) @ x / n_samples


def test_functions_of_matrices() -> None:
    C = made()
    for matrix, log, inverse in zip(C, of_eigenvalues(np.log, C), inverse_root(C), strict=True):
        np.testing.assert_allclose(log, scipy.linalg.logm(matrix), atol=1e-10)
        np.testing.assert_allclose(inverse @ matrix @ inverse, np.eye(5), atol=1e-9)


@pytest.mark.parametrize("spread", [0.0, 0.1, 3.0])
def test_means_equal_pyriemanns(spread: float) -> None:
    C = made() * np.exp(spread * np.random.default_rng(1).normal(size=12))[:, None, None]
    for ours, theirs in ((riemannian_mean, mean_riemann), (log_euclidean_mean, mean_logeuclid)):
        expected = theirs(C)
        np.testing.assert_allclose(ours(C), expected, atol=1e-10 * np.abs(expected).max())


def test_the_mean_moves_with_the_matrices() -> None:
    """Affine invariance: the mean of A C A' is A mean A'."""
    C = made()
    A = np.random.default_rng(2).normal(size=(5, 5))
    np.testing.assert_allclose(riemannian_mean(A @ C @ A.T), A @ riemannian_mean(C) @ A.T, rtol=1e-6)


def test_upper_triangle_keeps_lengths() -> None:
    S = made(1)[0]
    np.testing.assert_allclose(upper(S), their_upper(S), rtol=1e-15)
    assert np.linalg.norm(upper(S)) == pytest.approx(np.linalg.norm(S))


def test_what_can_be_diagonalised_is() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(5, 5))
    C = np.array([mixing @ np.diag(rng.uniform(0.5, 5, 5)) @ mixing.T for _ in range(4)])
    V = joint_diagonaliser(C)
    turned = V.T @ C @ V
    diagonals = np.array([np.diag(np.diag(one)) for one in turned])
    np.testing.assert_allclose(turned, diagonals, atol=1e-7 * np.abs(turned).max())


@pytest.mark.parametrize("n", [2, 5, 8])
def test_joint_diagonaliser_equals_pyriemanns(n: int) -> None:
    """But for the order and the lengths of the directions."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 200, n)) * np.exp(0.5 * rng.normal(size=(4, 1, n))) @ rng.normal(size=(n, n))
    C = x.swapaxes(1, 2) @ x
    ours = joint_diagonaliser(C)
    theirs = ajd_pham(C, eps=1e-12, n_iter_max=100)[0].T
    cosines = np.abs((ours / np.linalg.norm(ours, axis=0)).T @ (theirs / np.linalg.norm(theirs, axis=0)))
    assert sorted(cosines.argmax(axis=0)) == list(range(n))
    np.testing.assert_allclose(cosines.max(axis=0), 1, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_every_pair_meets_once(n: int) -> None:
    met = [pair for i, j in disjoint_pairs(n) for pair in zip(i.tolist(), j.tolist(), strict=True)]
    assert sorted(met) == [(i, j) for i in range(n) for j in range(i + 1, n)]
    for i, j in disjoint_pairs(n):
        assert len({*i.tolist(), *j.tolist()}) == len(i) + len(j)


def test_joint_diagonaliser_of_single_numbers() -> None:
    np.testing.assert_allclose(joint_diagonaliser(np.array([[[4.0]], [[12.0]]])), [[8.0**-0.5]])


def test_joint_diagonaliser_of_equal_matrices() -> None:
    C = np.stack([made(1)[0]] * 3)
    V = joint_diagonaliser(C)
    turned = V.T @ C[0] @ V
    np.testing.assert_allclose(turned, np.diag(np.diag(turned)), atol=1e-6 * np.abs(turned).max())
