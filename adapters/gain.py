"""Gain: restores the size of predictions.

Ridge shrinks predictions towards the mean, more so for noisy recordings. A deep network does not respond to such weak
activations. A gain scales the prediction's deviation from the mean, so that on the training samples its variance is
that of the true activations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .unit_blocks import Floats, blocks

ROUNDING = 1e-26
"""A predicted power below this part of the largest possible is rounding (1e-13 of the amplitude), not prediction."""


def gain_for(
    policy: str,
    scores: Floats,
    expansion: NDArray,
    power: Floats,
    total: float | None = None,
    predictable: ArrayLike = 1.0,
) -> float | NDArray:
    """The gain of a map by its policy: a number, or (n_units,) of the expansion's dtype.

    `scores` (n_samples, k) are those of the training samples. `power` (n_units,) is each unit's sum of squared
    deviations. `total`, if known already, is the predicted power of all units together. For `predictable` see
    `restoring_gain`.

    >>> gain_for("total", np.array([[1.0], [-1.0]]), np.array([[1.0, 0.0]]), np.array([4.0, 4.0]))
    2.0
    """
    if policy == "none":
        return 1.0
    if policy == "total" and total is not None:
        return float(restoring_gain(total, power.sum(), np.max(predictable)))
    predicted = predicted_power(scores, expansion)
    if policy == "total":
        return float(restoring_gain(predicted.sum(), power.sum(), np.max(predictable)))
    return restoring_gain(predicted, power, predictable).astype(expansion.dtype)


def predicted_power(scores: Floats, expansion: NDArray) -> Floats:
    """Sum of squares of each column of ``scores @ expansion``, (n_samples, k) and (k, n_units), without forming it."""
    gram = scores.T @ scores
    power = np.empty(expansion.shape[1])
    for units in blocks(*expansion.shape):
        block = expansion[:, units].astype(np.float64)
        power[units] = np.einsum("ij,ij->j", block, gram @ block)
    # Rounding may make a sum of squares slightly negative.
    return np.maximum(power, 0.0)


def restoring_gain(predicted: ArrayLike, true: ArrayLike, predictable: ArrayLike = 1.0) -> Floats:
    """The factor on deviations that turns the predicted power into the true one; 1 if nothing is predicted.

    The prediction of a unit that is unrelated to the features is rounding and must not be amplified. `predictable` is
    the largest part of a target's amplitude that the map could predict: with a strength far above the features' size,
    predictions are small but not rounding.

    >>> restoring_gain([1.0, 0.0], [4.0, 4.0])
    array([2., 1.])
    """
    predicted, true = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    something = predicted > ROUNDING * np.asarray(predictable) ** 2 * true
    return np.where(something, np.sqrt(true / np.where(something, predicted, 1.0)), 1.0)
