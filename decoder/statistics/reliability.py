"""How far probabilities can be believed: calibration error, Brier score, log loss, and a reliability diagram's bins.

Everywhere ``probabilities`` is (n_trials, n_classes), with rows that sum to 1, and ``truth`` (n_trials,) holds the
index of the right class. A trial's confidence is the probability of its most probable class.

References
----------
Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning. AAAI (expected
calibration error). Guo et al. (2017), On calibration of modern neural networks. ICML, equations 1 to 3 (for the most
probable class). Brier (1950), Verification of forecasts expressed in terms of probability. Monthly Weather Review 78,
1-3, equation 2. Bröcker & Smith (2007), Increasing the reliability of reliability diagrams. Weather and Forecasting 22,
651-661 (what the diagram of perfect probabilities looks like).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .measures import checked_scores

N_BINS = 15
N_DRAWS = 1000
LEAST_PROBABILITY = 1e-15
"""A right class of probability 0 would make the log loss infinite."""


class Bins(NamedTuple):
    """The trials of a reliability diagram by their confidence; empty bins are left out.

    The number of trials in each bin, their mean confidence, and the share of them whose most probable class is right.
    """

    n_trials: NDArray[np.intp]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """How far probabilities can be believed; smaller is better.

    Attributes
    ----------
    calibration_error : float
        The mean distance between how sure the decisions are and how often they are right.
    if_perfect, if_perfect_high : float
        The calibration error that perfect probabilities would have on so few trials, and the one that they exceed in
        5 % of such sessions: bins of few trials differ by luck. Trials are taken as independent.
    brier : float
        The squared distance between probabilities and the right class, from 0 to 2.
    log_loss : float
        Minus the mean logarithm of the right class's probability.
    """

    calibration_error: float
    if_perfect: float
    if_perfect_high: float
    brier: float
    log_loss: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def reliability(probabilities: ArrayLike, truth: ArrayLike) -> Reliability:
    """All measures of probabilities; raise `ShapeError` or `InputError` where they and truth do not agree."""
    mean, high = error_if_perfect(probabilities)
    error = calibration_error(probabilities, truth)
    return Reliability(error, mean, high, brier_score(probabilities, truth), log_loss(probabilities, truth))


def reliability_bins(probabilities: ArrayLike, truth: ArrayLike, n_bins: int = N_BINS) -> Bins:
    """Trials in bins of equal width by their confidence."""
    probabilities, truth = checked_scores(probabilities, truth)
    hit = probabilities.argmax(axis=1) == truth
    return _binned(probabilities.max(axis=1), hit[None], n_bins)[0]


def calibration_error(probabilities: ArrayLike, truth: ArrayLike, n_bins: int = N_BINS) -> float:
    """Expected calibration error: over bins, the mean of |share right - mean confidence|, weighted by their trials.

    Examples
    --------
    >>> round(calibration_error([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]], [0, 0, 1, 0]), 3)
    0.15
    """
    return _error(reliability_bins(probabilities, truth, n_bins))


def error_if_perfect(probabilities: ArrayLike, n_bins: int = N_BINS, *, seed: int = 0) -> tuple[float, float]:
    """The calibration error where each decision is right exactly as often as it is sure: mean, and 95 % quantile.

    The trials keep their confidence, and whether each is right is drawn by it.
    """
    errors = [_error(one) for one in _drawn(probabilities, n_bins, seed)]
    return float(np.mean(errors)), float(np.quantile(errors, 0.95))


def right_if_perfect(
    probabilities: ArrayLike, n_bins: int = N_BINS, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of the share right in each bin, where each decision is right as often as it is sure."""
    right = [one.right for one in _drawn(probabilities, n_bins, seed)]
    low, high = np.quantile(right, [0.025, 0.975], axis=0)
    return low, high


def brier_score(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """The mean over trials of the squared distance to the right class, summed over classes.

    Examples
    --------
    >>> brier_score([[0.5, 0.5], [1.0, 0.0]], [0, 0])
    0.25
    """
    probabilities, truth = checked_scores(probabilities, truth)
    return float(((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1).mean())


def log_loss(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Minus the mean natural logarithm of the right class's probability.

    Examples
    --------
    >>> round(log_loss([[0.5, 0.5], [0.25, 0.75]], [0, 1]), 3)
    0.49
    """
    probabilities, truth = checked_scores(probabilities, truth)
    of_right = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_right, LEAST_PROBABILITY)).mean())


def _error(bins: Bins) -> float:
    return float(bins.n_trials @ np.abs(bins.right - bins.confidence) / bins.n_trials.sum())


def _drawn(probabilities: ArrayLike, n_bins: int, seed: int) -> list[Bins]:
    confidence = np.asarray(probabilities, np.float64).max(axis=1)
    return _binned(confidence, np.random.default_rng(seed).random((N_DRAWS, len(confidence))) < confidence, n_bins)


def _binned(confidence: NDArray, hits: NDArray[np.bool_], n_bins: int) -> list[Bins]:
    """The bins for each row of hits (n_rows, n_trials)."""
    # A confidence on an edge is in the bin below, as 1 is in the last.
    number = np.clip(np.ceil(confidence * n_bins).astype(np.intp) - 1, 0, n_bins - 1)
    count = np.bincount(number, minlength=n_bins)
    some = count > 0
    mean = np.bincount(number, weights=confidence, minlength=n_bins)[some] / count[some]
    of_bin = number == np.flatnonzero(some)[:, None]
    right = hits.astype(np.float64) @ of_bin.T.astype(np.float64) / count[some]
    return [Bins(count[some], mean, one) for one in right]
