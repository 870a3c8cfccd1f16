"""Calibrated probabilities: against scikit-learn, and for scores of any unit and quality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from hotwire.decoder.statistics.calibration import LEAST_SLOPE, ScoreCalibration, fit_calibration, smoothed, softmax
from hotwire.decoder.statistics.reliability import calibration_error, log_loss
from hotwire.errors import InputError, ShapeError


class Margin(LogisticRegression):
    """A classifier whose decision function is its only feature."""

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0]


def made(
    n: int, n_classes: int, seed: int = 0, *, unit: float = 1.0, good: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    scores = rng.normal(size=(n, n_classes))
    scores[np.arange(n), truth] += good
    return unit * scores, truth


@pytest.mark.parametrize("n", [20, 400])
def test_two_classes_are_scikit_learns_sigmoid(n: int) -> None:
    """Which is Platt's, with his targets."""
    scores, truth = made(n, 2, unit=40.0)
    scores += [0.0, 80.0]
    margin = scores[:, [1]] - scores[:, [0]]
    classifier = FrozenEstimator(Margin().fit(margin, truth))
    theirs = CalibratedClassifierCV(classifier, method="sigmoid").fit(margin, truth)
    ours = fit_calibration(scores, truth).probabilities(scores)
    np.testing.assert_allclose(ours, theirs.predict_proba(margin), atol=1e-5)


def test_with_many_trials_it_is_logistic_regression() -> None:
    """Unpenalised, with certain targets: smoothing fades."""
    scores, truth = made(20_000, 2, unit=3.0)
    scores += [0.0, 1.0]
    fitted = fit_calibration(scores, truth)
    theirs = LogisticRegression(C=np.inf).fit(scores[:, [1]] - scores[:, [0]], truth)
    assert 1 / fitted.temperature == pytest.approx(theirs.coef_.item(), rel=3e-3)
    assert fitted.bias[1] - fitted.bias[0] == pytest.approx(theirs.intercept_.item(), abs=3e-3)


def test_more_classes_have_the_likeliest_temperature() -> None:
    scores, truth = made(300, 5, unit=10.0)
    wanted = smoothed(truth, 5)

    def loss(log_temperature: float) -> float:
        return -(wanted * log_softmax(scores / np.exp(log_temperature), axis=1)).sum()

    found: Any = minimize_scalar(loss, bounds=(-5, 8), method="bounded", options={"xatol": 1e-9})
    expected = np.exp(found.x)
    fitted = fit_calibration(scores, truth)
    assert fitted.temperature == pytest.approx(expected, rel=1e-4)
    assert fitted.bias == (0.0,) * 5


def test_it_finds_what_made_the_truth() -> None:
    """Scores of known probabilities, in another unit: new trials are as sure as they are right."""
    rng = np.random.default_rng(3)
    logits = 2 * rng.normal(size=(8000, 4))
    truth = (softmax(logits).cumsum(axis=1) > rng.random((8000, 1))).argmax(axis=1)
    fitted = fit_calibration(7 * logits[:4000], truth[:4000])
    assert fitted.temperature == pytest.approx(7, rel=0.05)
    new = fitted.probabilities(7 * logits[4000:])
    assert calibration_error(new, truth[4000:]) < 0.03 < calibration_error(softmax(7 * logits[4000:]), truth[4000:])


@settings(max_examples=60)
@given(
    n=st.integers(1, 60),
    n_classes=st.integers(2, 6),
    exponent=st.integers(-6, 6),
    good=st.sampled_from([-30.0, -1.0, 0.0, 1.0, 30.0]),
    seed=st.integers(0, 999),
)
def test_the_order_of_classes_stays_whatever_the_scores(
    n: int, n_classes: int, exponent: int, good: float, seed: int
) -> None:
    """Above all a temperature is never 0 or negative: not for perfect, useless or reversed scores, in any unit."""
    scores, truth = made(n, n_classes, seed, unit=10.0**exponent, good=good)
    fitted = fit_calibration(scores, truth)
    assert 0 < fitted.temperature < np.inf
    probabilities = fitted.probabilities(scores)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    without_bias = ScoreCalibration(fitted.temperature, (0.0,) * n_classes).probabilities(scores)
    np.testing.assert_array_equal(without_bias.argmax(axis=1), scores.argmax(axis=1))
    if n_classes > 2:
        np.testing.assert_array_equal(probabilities.argmax(axis=1), scores.argmax(axis=1))
    # Another unit changes nothing.
    again = fit_calibration(scores * 1000, truth)
    assert again.temperature == pytest.approx(1000 * fitted.temperature, rel=1e-4)


def test_perfect_scores_are_no_surer_than_so_few_trials_allow() -> None:
    truth = np.arange(24) % 2
    scores = 1e6 * np.eye(2)[truth]
    probabilities = fit_calibration(scores, truth).probabilities(scores)
    np.testing.assert_allclose(probabilities.max(axis=1), 13 / 14, rtol=1e-6)
    truth = np.arange(24) % 8
    scores = 1e6 * np.eye(8)[truth]
    np.testing.assert_allclose(fit_calibration(scores, truth).probabilities(scores).max(axis=1), 25 / 26, rtol=1e-6)


@pytest.mark.parametrize("good", [0.0, -3.0], ids=["useless", "reversed"])
def test_scores_that_do_not_go_with_classes_give_their_shares(good: float) -> None:
    rng = np.random.default_rng(1)
    truth = (np.arange(3000) % 6 == 0).astype(int)
    scores = rng.normal(size=(3000, 2))
    scores[np.arange(3000), truth] += good
    fitted = fit_calibration(scores, truth)
    np.testing.assert_allclose(fitted.probabilities(scores)[:, 1], 1 / 6, atol=0.03)
    if good < 0:
        size = np.std(scores[:, 1] - scores[:, 0]) / 2
        assert fitted.temperature == pytest.approx(size / LEAST_SLOPE, rel=0.3)


def test_scores_that_are_all_the_same_have_the_shares() -> None:
    truth = np.repeat([0, 1], [30, 10])
    fitted, expected = fit_calibration(np.zeros((40, 2)), truth), smoothed(truth, 2).mean(axis=0)
    np.testing.assert_allclose(fitted.probabilities([[0.0, 0.0]])[0], expected, rtol=1e-6)
    assert fit_calibration(np.zeros((8, 3)), [0, 1, 2, 0, 1, 2, 0, 1]).temperature == 1.0


def test_there_is_a_bias_only_where_the_trials_give_a_reason() -> None:
    """Without one it would be as likely to make decisions worse: about one in six has a bias by chance."""
    fits = [fit_calibration(*made(100, 2, seed)) for seed in range(60)]
    assert 2 <= sum(one.bias != (0.0, 0.0) for one in fits) <= 20
    for seed in range(20):
        scores, truth = made(100, 2, seed)
        assert fit_calibration(scores + np.array([0.0, 2.0]), truth).bias[1] < -0.5


def test_one_class_alone() -> None:
    """As where the training runs happen to hold the other one nowhere."""
    scores, _ = made(10, 2)
    fitted = fit_calibration(scores, np.zeros(10, int))
    assert fitted.probabilities(scores)[:, 0].mean() == pytest.approx(11 / 12, abs=0.01)


@settings(max_examples=20)
@given(seed=st.integers(0, 99))
def test_it_never_fits_worse_than_the_scores_as_they_are(seed: int) -> None:
    scores, truth = made(200, 3, seed, unit=5.0)
    assert log_loss(fit_calibration(scores, truth).probabilities(scores), truth) <= log_loss(softmax(scores), truth)


def test_moving_the_prior_is_bayes_rule() -> None:
    before = ScoreCalibration(2.0, (0.0, 0.5))
    p = before.probabilities([[1.0, 3.0]])
    moved = before.moved(np.log([0.5, 0.5]) - np.log([0.9, 0.1])).probabilities([[1.0, 3.0]])
    expected = p * [0.5 / 0.9, 0.5 / 0.1]
    np.testing.assert_allclose(moved, expected / expected.sum())


def test_comes_back_from_what_it_is_saved_as() -> None:
    made = ScoreCalibration(0.1, (0.25, -0.25))
    assert ScoreCalibration.from_dict(made.to_dict(), 2) == made


def test_errors_say_what_would_do() -> None:
    with pytest.raises(InputError, match="at least one trial"):
        fit_calibration(np.zeros((0, 2)), [])
    with pytest.raises(ShapeError, match="scores: expected"):
        fit_calibration(np.zeros((3, 2)), [0])
    for temperature in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="temperature: expected a number above 0"):
            ScoreCalibration(temperature, (0.0, 0.0))
    with pytest.raises(InputError, match="bias: expected a finite number"):
        ScoreCalibration(1.0, (0.0, np.inf))
    with pytest.raises(InputError, match="bias: expected 3 numbers"):
        ScoreCalibration.from_dict({"temperature": 1.0, "bias": [0.0, 0.0]}, 3)
