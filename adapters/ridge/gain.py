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


GAINS = ("none", "total", "unit")
"""Policies: no gain; one factor that restores the variance summed over units; a factor for each unit."""


def gain_for(
    policy: str,
    scores: Floats,
    expansion: NDArray,
    power: Floats,
    total: float | None = None,
    predictable: ArrayLike = 1.0,
) -> float | NDArray:
    """The gain of a map, by its policy.

    Parameters
    ----------
    policy : {"none", "total", "unit"}
    scores : (n_samples, k) array
        What the training samples' features give.
    expansion : (k, n_units) array
    power : (n_units,) array
        Each unit's sum of squared deviations from its mean, in training.
    total : float, optional
        The predicted power of all units together, where it is known already.
    predictable : float or (n_units,) array-like
        See `restoring_gain`.

    Returns
    -------
    float or (n_units,) array
        Of the expansion's dtype.

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
    """Sum of squares of each column of ``scores @ expansion``, which is never formed.

    Parameters
    ----------
    scores : (n_samples, k) array
    expansion : (k, n_units) array

    Returns
    -------
    (n_units,) array of float64

    Examples
    --------
    >>> predicted_power(np.array([[1.0], [2.0]]), np.array([[1.0, 0.0, 3.0]]))
    array([ 5.,  0., 45.])
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

    Parameters
    ----------
    predicted, true : array-like of the same shape
        Sums of squared deviations from the mean, e.g. of each unit, or of all units together. What is
        predicted of a unit that the features know nothing of is rounding, which must not be blown up.
    predictable : array-like that broadcasts with them
        The largest part of a target's amplitude that the map could predict. A strength far above the features' own
        size leaves little of any target; what it leaves is no rounding.

    Examples
    --------
    >>> restoring_gain([1.0, 0.0], [4.0, 4.0])
    array([2., 1.])
    """
    predicted, true = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    something = predicted > ROUNDING * np.asarray(predictable) ** 2 * true
    return np.where(something, np.sqrt(true / np.where(something, predicted, 1.0)), 1.0)
