"""Gain: giving predictions the size of what they predict.

Ridge predictions are shrunk towards the mean, the more so the noisier the recording; a deep network fed
with such faint activity sees nothing. A gain scales the prediction's deviation from the mean so that, on the
training samples, its variance is that of the true activations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..unit_blocks import Floats, blocks

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
    """The gain of a map, by its policy: a number, or (n_units,) of the expansion's dtype.

    `scores` (n_samples, k) are those of the training samples; `power` (n_units,) is each unit's sum of squared
    deviations from its mean; `total`, where known already, is the predicted power of all units together; for
    `predictable` see `restoring_gain`.

    Examples
    --------
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
    """Sum of squares of each column of ``scores @ expansion``, (n_samples, k) and (k, n_units), which is never
    formed.
    """
    gram = scores.T @ scores
    power = np.empty(expansion.shape[1])
    for units in blocks(*expansion.shape):
        block = expansion[:, units].astype(np.float64)
        power[units] = np.einsum("ij,ij->j", block, gram @ block)
    # Rounding may leave a sum of squares of nothing just below zero.
    return np.maximum(power, 0.0)


def restoring_gain(predicted: ArrayLike, true: ArrayLike, predictable: ArrayLike = 1.0) -> Floats:
    """The factor on deviations that turns the predicted power into the true; 1 where nothing is predicted.

    What is predicted of a unit that the features know nothing of is rounding, which must not be blown up. `predictable`
    is the largest part of a target's amplitude that the map could predict: a strength far above the features' own size
    leaves little of any target; what it leaves is no rounding.

    Examples
    --------
    >>> restoring_gain([1.0, 0.0], [4.0, 4.0])
    array([2., 1.])
    """
    predicted, true = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    something = predicted > ROUNDING * np.asarray(predictable) ** 2 * true
    return np.where(something, np.sqrt(true / np.where(something, predicted, 1.0)), 1.0)
