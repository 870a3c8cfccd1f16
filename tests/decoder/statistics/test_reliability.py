"""Calibration error, Brier score and log loss: against scikit-learn, by hand, and for perfect probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from hotwire.decoder.statistics.reliability import (
    brier_score,
    calibration_error,
    error_if_perfect,
    log_loss,
    reliability,
    reliability_bins,
    right_if_perfect,
)


def made(n: int, n_classes: int, seed: int = 0, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and truth drawn by them; with another temperature they are wrong."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(n, n_classes))
    p, given = (np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in (logits, logits / temperature))
    truth = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return given, truth


@pytest.mark.parametrize("n_classes", [2, 5])
def test_scores_are_scikit_learns(n_classes: int) -> None:
    p, truth = made(300, n_classes)
    assert log_loss(p, truth) == pytest.approx(metrics.log_loss(truth, p))
    distances = [((row - np.eye(n_classes)[right]) ** 2).sum() for row, right in zip(p, truth, strict=True)]
    assert brier_score(p, truth) == pytest.approx(np.mean(distances))
    if n_classes == 2:
        assert brier_score(p, truth) == pytest.approx(2 * metrics.brier_score_loss(truth, p[:, 1]))


def test_bins_are_scikit_learns() -> None:
    p, truth = made(500, 3)
    hit = p.argmax(axis=1) == truth
    right, confidence = calibration_curve(hit, p.max(axis=1), n_bins=15)
    bins = reliability_bins(p, truth)
    np.testing.assert_allclose(bins.right, right)
    np.testing.assert_allclose(bins.confidence, confidence)
    assert bins.n_trials.sum() == 500


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.95, 0.05]] * 4 + [[0.4, 0.6]] * 6)
    truth = [0, 0, 0, 1, 1, 1, 1, 0, 0, 0]
    assert calibration_error(p, truth) == pytest.approx(0.4 * abs(0.75 - 0.95) + 0.6 * abs(0.5 - 0.6))
    assert calibration_error([[1.0, 0.0]], [0]) == 0
    assert log_loss([[1.0, 0.0]], [1]) == pytest.approx(-np.log(1e-15))


def test_perfect_probabilities_have_the_error_that_is_expected_of_them() -> None:
    errors, expected, exceeded = [], [], 0
    for seed in range(60):
        p, truth = made(96, 4, seed)
        errors.append(calibration_error(p, truth))
        mean, high = error_if_perfect(p)
        expected.append(mean)
        exceeded += errors[-1] > high
    assert np.mean(errors) == pytest.approx(np.mean(expected), rel=0.08)
    assert 0 < exceeded < 9  # 3 expected


def test_probabilities_that_are_too_sure_exceed_it() -> None:
    p, truth = made(96, 4, temperature=0.3)
    one = reliability(p, truth)
    assert one.calibration_error > one.if_perfect_high > one.if_perfect
    perfect = reliability(*made(96, 4))
    assert perfect.brier < one.brier
    assert perfect.log_loss < one.log_loss


def test_nineteen_of_twenty_dots_are_where_perfect_ones_would_be() -> None:
    inside = []
    for seed in range(40):
        p, truth = made(400, 3, seed)
        low, high = right_if_perfect(p)
        right = reliability_bins(p, truth).right
        inside += ((low <= right) & (right <= high)).tolist()
    assert 0.93 < np.mean(inside) < 0.995
