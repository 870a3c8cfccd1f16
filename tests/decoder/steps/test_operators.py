"""Each step against an independent reference."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from hotwire.decoder.steps import (
    Detrend,
    ExponentialBaseline,
    Lag,
    RunningBaseline,
    RunningDetrend,
    RunningZScore,
    SquareRoot,
    Step,
    ZScore,
)
from hotwire.errors import InputError


def run(step: Step, X: np.ndarray, rate_hz: float = 1.0) -> np.ndarray:
    state = step.open(X.shape[1], rate_hz)
    return np.concatenate([state.push(X), state.finish()])


def samples(n: int = 90, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 3)) + np.arange(n)[:, None] * [0.1, -0.02, 0] + [5, 100, 0]).astype(np.float32)


def test_detrend_equals_scipy() -> None:
    X = samples()
    expected = scipy.signal.detrend(X.astype(np.float64), axis=0)
    np.testing.assert_allclose(run(Detrend(), X), expected, atol=1e-6)
    np.testing.assert_allclose(run(Detrend(order=0), X), X - X.mean(axis=0), atol=2e-5)


def test_detrend_of_higher_order_removes_that_polynomial() -> None:
    t = np.linspace(0, 1, 50)[:, None]
    X = (3 + 2 * t - 5 * t**2 + 4 * t**3).astype(np.float32)
    assert np.abs(run(Detrend(order=3), X)).max() < 1e-5
    assert np.abs(run(Detrend(order=2), X)).max() > 0.1


def test_detrend_needs_more_samples_than_coefficients() -> None:
    with pytest.raises(InputError, match="order 2 needs a run of more than 3 samples, got 3"):
        run(Detrend(order=2), samples(3))


def test_zscore_equals_scipy_and_leaves_constant_features_zero() -> None:
    X = samples()
    X[:, 2] = 0.1
    out = run(ZScore(), X)
    np.testing.assert_allclose(out[:, :2], np.asarray(scipy.stats.zscore(X[:, :2].astype(np.float64))), atol=1e-6)
    np.testing.assert_array_equal(out[:, 2], 0.0)


def past(X: np.ndarray, i: int, window: int | None) -> np.ndarray:
    return X[max(0, i + 1 - window) if window else 0 : i + 1].astype(np.float64)


@pytest.mark.parametrize("window", [None, 1, 7, 30, 200])
def test_running_baseline(window: int | None) -> None:
    X = samples()
    expected = [X[i] - past(X, i, window).mean(axis=0) for i in range(len(X))]
    np.testing.assert_allclose(run(RunningBaseline(window), X), expected, atol=1e-6)


@pytest.mark.parametrize("window", [None, 7, 30, 200])
def test_running_zscore(window: int | None) -> None:
    X = samples()
    out = run(RunningZScore(window, min_samples=5), X)
    np.testing.assert_array_equal(out[:4], 0.0)
    for i in range(4, len(X)):
        seen = past(X, i, window)
        np.testing.assert_allclose(out[i], (X[i] - seen.mean(axis=0)) / seen.std(axis=0), atol=1e-5)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("window", [7, 30, 200])
def test_running_detrend(window: int, order: int) -> None:
    X = samples()
    out = run(RunningDetrend(window, order=order), X)
    np.testing.assert_array_equal(out[: order + 1], 0.0)
    for i in range(order + 1, len(X)):
        seen = past(X, i, window)
        t = np.linspace(-1, 1, len(seen))
        fit = np.polyfit(t, seen, order).sum(axis=0)  # its value at t = 1
        np.testing.assert_allclose(out[i], X[i] - fit, atol=2e-5)


def test_exponential_baseline_settles_on_its_time_constant() -> None:
    X = np.zeros((400, 1), np.float32)
    X[100:] = 1.0
    out = run(ExponentialBaseline(time_constant_s=20.0), X)
    np.testing.assert_array_equal(out[:100], 0.0)
    # after the plain mean has given way, a step is forgotten to 1/e within one time constant
    np.testing.assert_allclose(out[100 + 19, 0], np.exp(-1.0), atol=1e-6)
    first = run(ExponentialBaseline(time_constant_s=20.0), samples())[:5]
    np.testing.assert_allclose(first, run(RunningBaseline(), samples())[:5], atol=1e-6)


def test_lag() -> None:
    X = samples(10)
    np.testing.assert_array_equal(run(Lag(lag_samples=3), X), X[3:])
    np.testing.assert_array_equal(run(Lag(lag_s=0.0), X), X)
    assert run(Lag(lag_samples=20), X).shape == (0, 3)
    assert Lag(lag_s=5.0).delay_samples(1 / 2.5) == 2
    with pytest.warns(UserWarning, match="lag_s: 5 s are 2.5 samples at 0.5 Hz; 3 are taken, which are 6 s"):
        assert Lag(lag_s=5.0).delay_samples(1 / 2.0) == 3
    for settings in ({}, {"lag_s": 1.0, "lag_samples": 1}):
        with pytest.raises(InputError, match="exactly one of the two"):
            Lag(**settings)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("step", [RunningBaseline(60), RunningZScore(60), RunningDetrend(60, order=2)], ids=str)
def test_nothing_drifts_over_a_million_samples(step: Step) -> None:
    """The millionth sample is as good as the hundredth: large past values leave no trace in the sums."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000_000, 1)).astype(np.float32)
    X[:900_000] *= 1e6
    long = run(step, X)[-100:]
    short = run(step, X[-400:])[-100:]
    np.testing.assert_allclose(long, short, atol=2e-6)


def test_a_large_offset_does_not_drown_the_variance() -> None:
    rng = np.random.default_rng(0)
    X = (1e4 + rng.normal(size=(3000, 1))).astype(np.float32)
    out = run(RunningZScore(100), X)
    seen = X[-100:].astype(np.float64)
    np.testing.assert_allclose(out[-1], (X[-1] - seen.mean(axis=0)) / seen.std(axis=0), rtol=1e-6)


def test_a_feature_that_went_flat_is_zero() -> None:
    X = samples(60)
    X[20:, 0] = 123.456
    out = run(RunningZScore(10, min_samples=2), X)
    np.testing.assert_array_equal(out[29:, 0], 0.0)
    assert (out[29:, 1] != 0).all()


def test_square_root_makes_the_noise_of_counts_alike() -> None:
    counts = np.random.default_rng(0).poisson([16.0, 64.0, 256.0], size=(20_000, 3)).astype(np.float32)
    out = run(SquareRoot(), counts)
    np.testing.assert_array_equal(out, np.sqrt(counts))
    np.testing.assert_allclose(out.var(axis=0), 0.25, rtol=0.1)  # Bartlett 1936


def test_square_root_of_what_is_no_count() -> None:
    with pytest.raises(InputError, match=r"got -1.0 in feature 1 of sample 2"):
        run(SquareRoot(), np.array([[1, 0], [0, 1], [0, -1]], np.float32))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RunningBaseline(0.0), "window_s: expected a number above 0.0, got 0.0"),
        (lambda: RunningBaseline(np.nan), "finite number, got nan"),
        (lambda: RunningBaseline("x"), "finite number, got 'x'"),  # type: ignore[arg-type]
        (lambda: RunningBaseline(0.4).open(1, 1.0), "at least one sample"),
        (lambda: RunningZScore(5.0).open(1, 1.0), "integer of at least 10, got 5"),
        (lambda: RunningZScore(min_samples=1), "min_samples: expected an integer of at least 2"),
        (lambda: RunningDetrend(5.0, order=4), "expected 0 to 3"),
        (lambda: RunningDetrend(2.0).open(1, 1.0), "at least 3 samples"),
        (lambda: Detrend(order=-1), "order: expected an integer of at least 0"),
        (lambda: ExponentialBaseline(0), "time_constant_s"),
        (lambda: Lag(lag_s=-1.0), "lag_s: expected a number of at least 0.0"),
        (lambda: Lag(lag_samples=1.5), "lag_samples: expected an integer"),  # type: ignore[arg-type]
    ],
)
def test_wrong_settings(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
