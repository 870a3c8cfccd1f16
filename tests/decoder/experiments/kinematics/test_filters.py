"""The Kalman filter against the whole Gaussian at once, and the decoder and Wiener filter against dense tables."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from hotwire.adapters.other.delays import delayed
from hotwire.decoder.experiments.kinematics.filters import FilterFold, FilterSettings, complete, kalman, ridge, wiener
from hotwire.decoder.experiments.kinematics.kalman import KalmanFilter, states_of

from .made_reaches import RATE_HZ, reaches

LAGS = (0, 1, 2, 3)


def random_filter(n_states: int, n_features: int, seed: int = 0) -> KalmanFilter:
    rng = np.random.default_rng(seed)
    made = KalmanFilter()
    made.A = 0.9 * np.linalg.qr(rng.normal(size=(n_states, n_states)))[0]
    made.H = rng.normal(size=(n_features, n_states))
    halves = [rng.normal(size=(n, n)) for n in (n_states, n_features, n_states)]
    made.W, made.Q, made.start = (half @ half.T for half in halves)
    made.state_mean, made.activity_mean = rng.normal(size=n_states), rng.normal(size=n_features)
    return made


def conditioned(of: KalmanFilter, activity: np.ndarray) -> np.ndarray:
    """The last state's mean given all activity, from the covariance of all states and all activity together."""
    n, n_states = len(activity), len(of.A)
    marginal = [of.start]
    for _ in range(n - 1):
        marginal.append(of.A @ marginal[-1] @ of.A.T + of.W)
    states = np.zeros((n, n_states, n, n_states))
    for i in range(n):
        for j in range(i + 1):
            states[i, :, j] = np.linalg.matrix_power(of.A, i - j) @ marginal[j]
            states[j, :, i] = states[i, :, j].T
    states = states.reshape(n * n_states, -1)
    seen = np.kron(np.eye(n), of.H)
    total = seen @ states @ seen.T + np.kron(np.eye(n), of.Q)
    found = states @ seen.T @ np.linalg.solve(total, (activity - of.activity_mean).ravel())
    return found[-n_states:] + of.state_mean


def test_the_kalman_filter_conditions_on_all_activity_so_far() -> None:
    of, activity = random_filter(3, 5), np.random.default_rng(1).normal(size=(8, 5))
    found = of.predict(activity, np.zeros(8))
    for n in range(1, 9):
        np.testing.assert_allclose(found[n - 1], conditioned(of, activity[:n]), rtol=1e-9)


def test_a_run_of_the_kalman_filter_begins_anew_and_settles() -> None:
    of, activity = random_filter(2, 4), np.random.default_rng(2).normal(size=(400, 4))
    both = of.predict(np.vstack([activity, activity]), np.repeat([1, 2], 400))
    np.testing.assert_array_equal(both[:400], both[400:])
    np.testing.assert_allclose(both[399], conditioned(of, activity[-60:]), rtol=1e-6)  # what is long ago is forgotten


def test_a_fitted_kalman_filter_finds_what_made_the_data() -> None:
    rng, of = np.random.default_rng(3), random_filter(2, 4, seed=3)
    states, run = np.zeros((6_000, 2)), np.repeat([1, 2], 3_000)
    noise = rng.multivariate_normal([0, 0], of.W, len(states))
    for i in range(1, len(states)):
        states[i] = of.A @ states[i - 1] + noise[i]
    activity = states @ of.H.T + rng.multivariate_normal(np.zeros(4), of.Q, len(states))
    fitted = KalmanFilter().fit(activity, states, run)
    for name in ("A", "W", "H", "Q"):
        np.testing.assert_allclose(
            getattr(fitted, name), getattr(of, name), atol=0.15 * np.abs(getattr(of, name)).max()
        )


def test_states_are_sums_and_differences_within_runs() -> None:
    velocity, run = np.array([[1.0], [2.0], [4.0], [8.0]]), np.array([1, 1, 2, 2])
    found = states_of(velocity, run, 2.0, "velocity")
    assert found.tolist() == [[0.5, 1, 2], [1.5, 2, 2], [2, 4, 8], [6, 8, 8]]


@pytest.fixture(scope="module")
def fold() -> tuple[FilterFold, np.ndarray]:
    recording, targets = reaches()
    truth = targets.at_samples_of(recording)
    return FilterFold.of(recording.data.astype(float), truth, recording.run, [5]), truth[recording.run == 5]


def test_ridge_and_wiener_are_those_of_the_table(fold: tuple[FilterFold, np.ndarray]) -> None:
    one, _ = fold
    settings = FilterSettings(LAGS, RATE_HZ, "velocity", (30.0,))
    table, test = delayed(one.activity, LAGS, one.runs), delayed(one.test_activity, LAGS, one.test_runs)
    expected = Ridge(30.0).fit(table, one.targets).predict(test)
    np.testing.assert_allclose(ridge(one, settings)[0], expected, atol=1e-6)
    rows = complete(one.runs, LAGS)
    expected = LinearRegression().fit(table[rows], one.targets[rows]).predict(test)
    np.testing.assert_allclose(wiener(one, settings)[0], expected, atol=1e-8)


def test_the_kalman_filter_chooses_a_lag_at_which_activity_is_there(fold: tuple[FilterFold, np.ndarray]) -> None:
    one, truth = fold
    found, chosen = kalman(one, FilterSettings(LAGS, RATE_HZ, "velocity"))
    assert chosen in ({"lag": "1"}, {"lag": "2"})  # activity comes two samples before, and movement is smooth
    assert np.corrcoef(found[:, 0], truth[:, 0])[0, 1] > 0.7


def test_a_single_training_run_is_left_out_in_parts() -> None:
    recording, targets = reaches(n_runs=2)
    one = FilterFold.of(recording.data.astype(float), targets.at_samples_of(recording), recording.run, [2])
    assert np.diff(one.groups).min() == 0  # contiguous
    assert np.bincount(one.groups).tolist() == [40] * 5
    assert [test.sum() for _, test in one.inner()] == [80, 40, 40, 40]
