"""How many independent samples autocorrelated ones are worth, and the shrinkage for that number, against the truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from hotwire.adapters.effective_samples import effective_samples, lag_sums_of, lag_sums_of_gram, run_lengths
from hotwire.adapters.whiten import Whitener
from hotwire.errors import ShapeError, UnknownNameError


def autocorrelated(rng: np.random.Generator, rho: NDArray | float, n_runs: int, n: int, p: int) -> NDArray:
    """AR(1) samples of variance 1, (n_runs * n, p), each feature with its own rho; each run starts stationary."""
    rho = np.broadcast_to(rho, (p,))
    runs = np.empty((n_runs, n + 200, p))
    for feature, of in enumerate(rho.tolist()):
        noise = rng.normal(size=(n_runs, n + 200)) * np.sqrt(1 - of**2)
        runs[:, :, feature] = lfilter([1.0], [1.0, -of], noise, axis=1)
    return runs[:, 200:].reshape(-1, p)


def with_spectrum(rng: np.random.Generator, p: int, power: float) -> tuple[NDArray, NDArray]:
    """A covariance whose variances fall with a power, and its root."""
    variances = np.arange(1, p + 1) ** -power
    directions = np.linalg.qr(rng.normal(size=(p, p)))[0]
    scaled = directions * np.sqrt(variances * p / variances.sum())
    return scaled @ scaled.T, scaled.T


@pytest.mark.parametrize(("rho", "n"), [(0.0, 4000), (0.5, 4000), (0.9, 4000), (-0.8, 4000)])
def test_of_an_autoregressive_process(rho: float, n: int) -> None:
    """n / n_eff = (1 + rho^2) / (1 - rho^2), also where neighbours have opposite signs."""
    samples = autocorrelated(np.random.default_rng(0), rho, 5, n, 20)
    found = effective_samples(lag_sums_of(samples - samples.mean(axis=0), [n] * 5), [n] * 5)
    assert 5 * n / found == pytest.approx((1 + rho**2) / (1 - rho**2), rel=0.05)


def test_of_an_oscillation() -> None:
    """A resonance at an eighth of the rate, whose autocorrelation is a damped wave: zeros in it are not its end."""
    rng, radius = np.random.default_rng(0), 0.97
    poles = [1.0, -2 * radius * np.cos(np.pi / 4), radius**2]
    samples = np.asarray(lfilter([1.0], poles, rng.normal(size=(20_000, 10)), axis=0))
    impulse = lfilter([1.0], poles, np.r_[1.0, np.zeros(2000)])
    rho = np.correlate(impulse, impulse, "full")[2000:]
    expected = 1 + 2 * np.square(rho[1:] / rho[0]).sum()
    found = effective_samples(lag_sums_of(samples - samples.mean(axis=0), [20_000]), [20_000])
    assert 20_000 / found == pytest.approx(expected, rel=0.05)
    assert expected > 15


def test_both_sums_are_those_of_pairs_within_runs() -> None:
    rng, lengths = np.random.default_rng(0), [7, 1, 12, 3]
    X = rng.normal(size=(23, 5))
    run = np.repeat(np.arange(4), lengths)
    expected = [
        sum(float(X[i] @ X[i + lag]) for i in range(23 - lag) if run[i] == run[i + lag]) for lag in range(max(lengths))
    ]
    np.testing.assert_allclose(lag_sums_of(X, lengths), expected, atol=1e-12)
    np.testing.assert_allclose(lag_sums_of_gram(X @ X.T, lengths), expected, atol=1e-12)
    assert run_lengths(run) == lengths


def test_the_precision_of_a_covariance_is_that_of_so_many_independent_samples() -> None:
    """Drawn 400 times: the mean squared error of all entries, autocorrelated and independent."""
    rng, n, p = np.random.default_rng(0), 200, 5
    error = {
        rho: np.mean(
            [np.square(X.T @ X / n - np.eye(p)).sum() for X in autocorrelated(rng, rho, 400, n, p).reshape(400, n, p)]
        )
        for rho in (0.0, 0.8)
    }
    worth = effective_samples(np.power(0.8, np.arange(n), dtype=np.float64) * np.arange(n, 0.0, -1.0), [n])
    assert error[0.8] / error[0.0] == pytest.approx(n / worth, rel=0.1)


SCENES = [
    (4, 60, 40, 0.7, 0.0),
    (4, 60, 40, 0.9, 1.0),
    (6, 100, 40, 0.9, 1.0),
    (4, 50, 300, 0.7, 0.0),
    (4, 50, 300, 0.9, 1.0),
]


@pytest.mark.parametrize(("n_runs", "n", "p", "rho", "power"), SCENES)
def test_shrinkage_and_covariance_are_nearer_the_best(n_runs: int, n: int, p: int, rho: float, power: float) -> None:
    """Of known covariance; the oracle has the weight of the least expected error. Narrow and wide, flat and steep."""
    rng = np.random.default_rng(1)
    truth, root = with_spectrum(rng, p, power)
    weights: dict[str, list[float]] = {"samples": [], "effective samples": []}
    apart, errors = [], []
    for _ in range(20):
        X = autocorrelated(rng, rho, n_runs, n, p) @ root
        centred = X - X.mean(axis=0)
        sample = centred.T @ centred / len(X)
        apart.append(sample - np.eye(p) * np.trace(sample) / p)
        errors.append(sample - truth)
        for count, of in weights.items():
            of.append(Whitener(count).fit(X, groups=np.repeat(np.arange(n_runs), n)).shrinkage_)
    one, other = np.stack(apart), np.stack(errors)
    best = float((one * other).sum() / np.square(one).sum())
    gap = {count: abs(np.mean(of) - best) for count, of in weights.items()}
    lost = {
        count: np.square(other - np.reshape(of, (-1, 1, 1)) * one).sum() - np.square(other - best * one).sum()
        for count, of in weights.items()
    }
    assert gap["effective samples"] < 0.5 * gap["samples"]
    assert lost["effective samples"] < 0.5 * lost["samples"]


@pytest.mark.parametrize("shape", [(400, 30), (120, 300)], ids=["narrow", "wide"])
def test_independent_samples_are_all_of_them(shape: tuple[int, int]) -> None:
    X = np.random.default_rng(0).normal(size=shape) * np.geomspace(1, 20, shape[1])
    plain, effective = Whitener().fit(X), Whitener("effective samples").fit(X)
    assert plain.n_effective_ == shape[0]
    assert effective.n_effective_ == pytest.approx(shape[0], rel=0.05)
    assert effective.shrinkage_ == pytest.approx(plain.shrinkage_, rel=0.05)


@pytest.mark.parametrize("p", [30, 300], ids=["narrow", "wide"])
def test_runs_are_not_neighbours_and_the_rest_of_the_whitening_is_the_same(p: int) -> None:
    rng = np.random.default_rng(0)
    X = autocorrelated(rng, 0.8, 4, 50, p) + np.repeat(rng.normal(size=(4, p)), 50, axis=0)
    runs = np.repeat(np.arange(4), 50)
    whole, parted = Whitener("effective samples").fit(X), Whitener("effective samples").fit(X, groups=runs)
    again = Whitener("effective samples").fit(X, groups=np.array(list("cabd"))[runs])
    assert parted.n_effective_ != whole.n_effective_
    assert again.shrinkage_ == parted.shrinkage_
    np.testing.assert_array_equal(Whitener().fit(X, groups=runs).transform(X), Whitener().fit(X).transform(X))
    centred = X - X.mean(axis=0)
    sample = centred.T @ centred / len(X)
    shrunk = (1 - parted.shrinkage_) * sample + parted.shrinkage_ * np.eye(p) * np.trace(sample) / p
    matrix = parted.pulled_back(np.eye(p))
    np.testing.assert_allclose(matrix @ shrunk @ matrix, np.eye(p), atol=1e-8)
    saved = Whitener.from_arrays(parted.to_arrays())
    assert (saved.n_effective_, saved.shrinkage_) == (parted.n_effective_, parted.shrinkage_)
    old = {name: of for name, of in parted.to_arrays().items() if name != "n_effective"}
    assert np.isnan(Whitener.from_arrays(old).n_effective_)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6)])
def test_where_nothing_varies(shape: tuple[int, int]) -> None:
    whitener = Whitener("effective samples").fit(np.ones(shape))
    assert (whitener.shrinkage_, whitener.n_effective_) == (0.0, shape[0])


def test_wrong_arguments() -> None:
    with pytest.raises(UnknownNameError, match="There are: samples, effective samples"):
        Whitener("all").fit(np.eye(4))
    with pytest.raises(ShapeError, match="groups: expected the run of each of 4 samples"):
        Whitener("effective samples").fit(np.eye(4), groups=[1, 2])
