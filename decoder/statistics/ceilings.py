"""How well anything could do, given the noise: estimated from repeats of the same stimulus."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from ...errors import InputError, ShapeError
from .correlations import profile_correlation


def single_responses(responses: NDArray, stimulus: NDArray) -> NDArray[np.float64] | None:
    """Arrange single responses (n_responses, n_units) for `noise_ceiling`; None where a stimulus has only one.

    The stimuli (n_responses,) are names or numbers; the result is (n_stimuli, n_units, n_repeats), in ascending order
    of these, NaN where a stimulus has fewer repeats than others.

    Examples
    --------
    >>> single_responses(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array(["b", "a", "b", "a"]))[:, 0]
    array([[2., 4.],
           [1., 3.]])
    """
    row, n = np.unique(stimulus, return_inverse=True, return_counts=True)[1:]
    if n.min() < 2:
        return None
    found = np.full((len(n), responses.shape[1], int(n.max())), np.nan)
    order = np.argsort(row, kind="stable")
    found[row[order], :, np.arange(len(order)) - np.repeat(np.cumsum(n) - n, n)] = responses[order]
    return found


def noise_ceiling(repeats: ArrayLike, *, n_splits: int = 100, seed: int = 0) -> NDArray[np.float64]:
    """Reliability of each unit's average over its repeats: the most of its variance that any model could explain.

    The repeats of each sample are split at random into two equal halves (of an odd number one repeat is left out each
    time), and the halves' averages are correlated over samples. The mean correlation r of all splits is stepped up to
    the reliability of the average over all repeats,

        k r / (1 + (k - 1) r),    k = mean(1 / repeats in a half) / mean(1 / repeats in all),

    the formula of Spearman and Brown (k = 2 where all numbers of repeats are even and the same). Its square root is the
    correlation of the true mean response with the average. Values at or below zero: the unit does not respond. Repeats
    are (n_samples, n_units, n_repeats), NaN where there was none; an InputError is raised unless each sample has two
    for each unit.

    References
    ----------
    Spearman (1910), Correlation calculated from faulty data. Brit. J. Psychol. 3, 271-295. Brown (1910), Some
    experimental results in the correlation of mental abilities. Brit. J. Psychol. 3, 296-322.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.normal(size=(5000, 1, 1))  # as strong as the noise of a single repeat
    >>> noise_ceiling(signal + rng.normal(size=(5000, 1, 4))).round(2)  # 1 / (1 + 1/4)
    array([0.8])
    """
    repeats, n = _checked(repeats)
    n_half = n // 2
    present = np.isfinite(repeats)
    values = np.where(present, repeats, 0.0)
    # One order for all units of a sample: units with the same repeats are split alike; one sort serves all if all have.
    kinds = present[:, :1] if (present == present[:, :1]).all() else present
    rng = np.random.default_rng(seed)
    correlation = np.zeros(repeats.shape[1])
    for _ in tqdm(range(n_splits), desc="splitting repeats", delay=1, disable=None):
        drawn = rng.random((len(repeats), 1, repeats.shape[2]))
        position = np.argsort(np.argsort(np.where(kinds, drawn, np.inf), axis=2), axis=2)
        first = position < n_half[:, :, None]
        second = (position < 2 * n_half[:, :, None]) & ~first
        halves = [(values * half).sum(axis=2) / n_half for half in (first, second)]
        correlation += profile_correlation(*halves) / n_splits
    k = (1 / n_half).mean(axis=0) / (1 / n).mean(axis=0)
    return k * correlation / (1 + (k - 1) * correlation)


def explained_per_ceiling(explained: ArrayLike, ceiling: ArrayLike) -> NDArray[np.float64]:
    """The explained variance divided by the noise ceiling: the explained share of what can be explained.

    The ceiling's share of the variance of an average over repeats is the power of the signal, so the result is the
    signal power explained; with the squared correlation as `explained` it is the squared normalised correlation.

    Both are (n_units,), for the same averages over repeats: from `explained_variance` and `noise_ceiling`. The share
    may pass 1 by chance; it is NaN where the ceiling is not above zero.

    References
    ----------
    Sahani & Linden (2003), How linear are auditory cortical responses? Adv. Neural Inf. Process. Syst. 15, 109-116
    (signal power). Schoppe et al. (2016), Measuring the performance of neural models. Front. Comput. Neurosci. 10, 10
    (normalised correlation).

    Examples
    --------
    >>> explained_per_ceiling([0.2, 0.2], [0.5, 0.0])
    array([0.4, nan])
    """
    explained, ceiling = np.asarray(explained, np.float64), np.asarray(ceiling, np.float64)
    if explained.shape != ceiling.shape:
        raise ShapeError(f"ceiling: expected one for each unit of explained {explained.shape}, got {ceiling.shape}")
    return np.divide(explained, ceiling, out=np.full_like(explained, np.nan), where=ceiling > 0)


def unbiased_r2(repeats: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Squared correlation of each unit's expected response with a prediction, (n_units,), without the bias of noise.

    Of the averages y over n repeats, and a prediction v of unit length, both centred over samples::

        ((v'y)^2 - sum_i v_i^2 s_i^2 / n_i) / (y'y - (1 - 1/m) sum_i s_i^2 / n_i)

    with m samples, and s_i^2 the variance between the n_i repeats of sample i. What is subtracted is what noise adds on
    average to the explained variance and to the variance. A single value may be below 0 or above 1 by chance; NaN for a
    constant prediction, and where the averages vary no more than noise does. The sign of the correlation is lost.

    Repeats are (n_samples, n_units, n_repeats) as for `noise_ceiling`, predictions (n_samples, n_units).

    References
    ----------
    Pospisil & Bair (2021), The unbiased estimation of the fraction of variance explained by a model. PLoS Comput. Biol.
    17, e1009212: their estimator r2_ER. Here each sample has noise of its own, so no square roots of counts are needed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.normal(size=(5000, 1))
    >>> predicted = signal + rng.normal(size=(5000, 1))  # half of its variance is the signal's
    >>> unbiased_r2(signal[..., None] + 2 * rng.normal(size=(5000, 1, 4)), predicted).round(1)
    array([0.5])
    """
    repeats, n = _checked(repeats)
    predicted = np.asarray(predicted, np.float64)
    if predicted.shape != repeats.shape[:2]:
        raise ShapeError(f"predicted: expected (n_samples, n_units) as repeats {repeats.shape}, got {predicted.shape}")
    noise = np.nanvar(repeats, axis=2, ddof=1) / n
    y, v = np.nanmean(repeats, axis=2), predicted - predicted.mean(axis=0)
    y -= y.mean(axis=0)
    length = (v * v).sum(axis=0)
    varies = predicted.max(axis=0) > predicted.min(axis=0)
    explained = ((v * y).sum(axis=0) ** 2 - (v * v * noise).sum(axis=0)) / np.where(varies, length, np.nan)
    signal = (y * y).sum(axis=0) - (1 - 1 / len(y)) * noise.sum(axis=0)
    return np.divide(explained, signal, out=np.full_like(signal, np.nan), where=signal > 0)


def _checked(repeats: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The repeats, and their number for each sample and unit."""
    repeats = np.asarray(repeats, np.float64)
    if repeats.ndim != 3 or not repeats.size:
        raise ShapeError(f"repeats: expected (n_samples, n_units, n_repeats), got shape {repeats.shape}")
    if np.isinf(repeats).any():
        raise InputError("repeats: expected finite numbers, or NaN where there was no repeat, got infinity")
    n = np.isfinite(repeats).sum(axis=2)
    few = np.argwhere(n < 2)
    if len(few):
        sample, unit = few[0]
        raise InputError(
            f"repeats: expected at least two of each sample, got {n[sample, unit]} of sample {sample} in unit {unit}; "
            f"{len(np.unique(few[:, 0]))} samples have too few, leave them out"
        )
    return repeats, n
