"""Calibrated probabilities: a temperature, and between two classes a bias, that turn scores into probabilities.

    p(c | trial) = softmax over classes of (score(c) / temperature + bias(c))

Both are fitted by maximum likelihood on trials that the scores were not fitted on. One temperature changes no order of
classes; a bias moves the border between two, and is 0 where the trials give no reason for another.

References
----------
Guo, Pleiss, Sun & Weinberger (2017), On calibration of modern neural networks. ICML, section 4.2 (temperature).
Platt (1999), Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers (two classes:
slope and bias; targets that are not quite 0 and 1). Akaike (1974), A new look at the statistical model identification.
IEEE Trans. Autom. Control 19, 716-723 (whether there is a bias).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .measures import checked_scores

LEAST_SLOPE = 0.01
"""Scores keep at least this size, in standard deviations, so that their order is never lost or reversed."""
MOST_STEPS = 100


@dataclass(frozen=True)
class ScoreCalibration:
    """From scores to calibrated probabilities.

    Attributes
    ----------
    temperature : float
        Above 0. From 1 on, probabilities are less sure than the scores say.
    bias : tuple of float
        For each class, added to its score over the temperature.
    """

    temperature: float
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "bias", tuple(self.bias))
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"temperature: expected a number above 0, got {self.temperature!r}; 1.0 changes nothing")
        if not np.isfinite(self.bias).all():
            raise InputError(f"bias: expected a finite number for each class, got {self.bias!r}")

    def probabilities(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Probabilities over the last axis.

        Examples
        --------
        >>> ScoreCalibration(2.0, (0.0, 0.0)).probabilities([[0.0, 2.0], [4.0, 0.0]]).round(3)
        array([[0.269, 0.731],
               [0.881, 0.119]])
        """
        return softmax(self.logits(scores))

    def logits(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Logarithms of the probabilities, up to a constant in each trial."""
        return np.asarray(scores, np.float64) / self.temperature + np.array(self.bias)

    def moved(self, by: ArrayLike) -> ScoreCalibration:
        """The calibration with these logarithms of odds (n_classes,) added to its bias."""
        return ScoreCalibration(self.temperature, tuple((np.array(self.bias) + np.asarray(by)).tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"temperature": self.temperature, "bias": list(self.bias)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], n_classes: int) -> Self:
        """The calibration that `to_dict` described; an InputError where it is not one of `n_classes` classes."""
        made = cls(**saved)
        if len(made.bias) != n_classes:
            raise InputError(f"bias: expected {n_classes} numbers, one for each class, got {len(made.bias)}")
        return made


def softmax(scores: NDArray) -> NDArray[np.float64]:
    """Probabilities over the last axis.

    Examples
    --------
    >>> softmax(np.log([[1.0, 3.0]])).round(2)
    array([[0.25, 0.75]])
    """
    shifted = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log_scores(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores whose softmax these are, up to a constant; a probability may have underflowed to 0."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))


def fit_calibration(scores: ArrayLike, truth: ArrayLike) -> ScoreCalibration:
    """Fit the temperature and, between two classes, the bias, by maximum likelihood.

    Parameters
    ----------
    scores : array (n_trials, n_classes)
        Of trials that they were not fitted on, in any unit.
    truth : array (n_trials,) of int
        The index of each trial's class.

    Returns
    -------
    ScoreCalibration
        Scores that do not go with the classes, or against them, give probabilities near the shares of the classes;
        scores that separate the classes perfectly give ones no surer than so few trials allow, see `smoothed`.

    Raises
    ------
    ShapeError, InputError
        Scores and truth do not agree, or there is no trial.

    Examples
    --------
    >>> scores = np.array([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [0.0, 9.0], [0.0, 9.0]])
    >>> fit_calibration(scores, [0, 0, 1, 1, 1, 0]).probabilities(scores[:1]).round(2)  # 9 : 1 was too sure
    array([[0.6, 0.4]])
    """
    scores, truth = checked_scores(scores, truth)
    if not len(truth):
        raise InputError("scores: expected at least one trial to calibrate by, got none")
    n_classes = scores.shape[1]
    centred = scores - scores.mean(axis=1, keepdims=True, dtype=np.float64)
    size = float(np.sqrt(np.mean(centred**2))) or 1.0
    wanted, design = smoothed(truth, n_classes), (centred / size)[..., None]
    fits = [_fit(design, wanted)]
    if n_classes == 2:
        sides = np.broadcast_to(np.array([-0.5, 0.5])[:, None], (*scores.shape, 1))
        fits.append(_fit(np.concatenate([design, sides], axis=-1), wanted))
    # Akaike (1974): one more parameter has to make the trials likelier by more than a factor of e.
    (slope, *bias), _ = min(fits, key=lambda fit: fit[1] + len(fit[0]))
    of_classes = (-bias[0] / 2, bias[0] / 2) if bias else (0.0,) * n_classes
    return ScoreCalibration(size / slope, of_classes)


def smoothed(truth: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Targets for the probabilities, (n_trials, n_classes): the right class has (n + 1) / (n + 2), not 1.

    With certain targets, scores that happen to separate a few trials would make each later decision certain. Between
    two classes n is the number of trials of the same class (Platt 1999, equation 4). Among more, where one temperature
    is fitted on all of them, n is the number of all trials, and the other classes share the rest.

    Examples
    --------
    >>> smoothed([0, 1, 1], 2).round(2)
    array([[0.67, 0.33],
           [0.25, 0.75],
           [0.25, 0.75]])
    """
    truth = np.asarray(truth, np.intp)
    n = np.bincount(truth, minlength=2)[truth] if n_classes == 2 else np.full(len(truth), len(truth))
    targets = np.repeat(1 / ((n + 2) * max(1, n_classes - 1))[:, None], n_classes, axis=1)
    targets[np.arange(len(truth)), truth] = (n + 1) / (n + 2)
    return targets


def _fit(design: NDArray, wanted: NDArray) -> tuple[list[float], float]:
    """The likeliest parameters, the first of them the slope, and minus the logarithm of their likelihood."""
    start = np.eye(design.shape[-1])[0]
    at = _most_likely(design, wanted, start, free_slope=True)
    if at[0] < LEAST_SLOPE:
        # The likelihood is concave: its maximum over the allowed slopes has the least of them.
        at = _most_likely(design, wanted, np.array([LEAST_SLOPE, *at[1:]]), free_slope=False)
    return at.tolist(), _loss(design, wanted, at)


def _most_likely(design: NDArray, wanted: NDArray, start: NDArray, *, free_slope: bool) -> NDArray[np.float64]:
    """Newton's method on the log likelihood of softmax(design @ parameters), (n_trials, n_classes, n_parameters)."""
    at, free = start.copy(), np.arange(len(start)) >= (0 if free_slope else 1)
    loss = _loss(design, wanted, at)
    for _ in range(MOST_STEPS if free.any() else 0):
        p = softmax(design @ at)
        slope = np.einsum("ij,ijk->k", p - wanted, design)
        means = np.einsum("ij,ijk->ik", p, design)
        curvature = np.einsum("ij,ijk,ijl->kl", p, design, design) - means.T @ means
        curvature += 1e-9 * len(design) * np.eye(len(at))  # scores that are all the same have no curvature
        step = np.zeros(len(at))
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
        # Far from the maximum a full step may go too far.
        while (tried := _loss(design, wanted, at - step)) > loss and np.abs(step).max() > 1e-12:
            step /= 2
        at, before, loss = at - step, loss, min(tried, loss)
        if before - loss <= 1e-12 * before:
            break
    return at


def _loss(design: NDArray, wanted: NDArray, at: NDArray) -> float:
    logits = design @ at
    top = logits.max(axis=1)
    return float((top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - (wanted * logits).sum(axis=1)).sum())
