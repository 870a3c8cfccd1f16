"""Means over subjects: Student's t interval, and exact p by sign flips. Subjects are independent of each other."""

from __future__ import annotations

from itertools import product
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ShapeError
from .intervals import jackknife_interval
from .permutation import N_PERMUTATIONS, exceedance

LEAST_SUBJECTS = 4
"""With fewer subjects there is neither interval nor p."""


class SubjectsMean(NamedTuple):
    """A mean over subjects, its 95 % interval, and p of its being above chance; NaN for fewer than four subjects."""

    value: float
    low: float
    high: float
    p_value: float


def mean_over_subjects(values: ArrayLike, chance: ArrayLike = 0.0) -> SubjectsMean:
    """The mean of one value for each subject (n_subjects,), as a sample of all the people there are.

    The interval is Student's t. p is one-sided: the share of all ways to flip the signs of values minus `chance` (each
    subject's own, or one for all) whose mean is at least as high. It is exact if, without an effect, a subject is as
    likely to be so far above chance as below; with more than 13 subjects it is from 10,000 random flips.

    References
    ----------
    Fisher (1935), The Design of Experiments, section 21. Good (2005), Permutation, Parametric and Bootstrap Tests of
    Hypotheses, section 3.2.

    Examples
    --------
    >>> found = mean_over_subjects([0.7, 0.8, 0.6, 0.9], chance=0.5)
    >>> [round(one, 3) for one in found]
    [0.75, 0.545, 0.955, 0.062]
    >>> mean_over_subjects([0.7, 0.8, 0.6])
    SubjectsMean(value=0.7000000000000001, low=nan, high=nan, p_value=nan)
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not values.size:
        raise ShapeError(f"values: expected one for each subject, (n_subjects,), got {values.shape}")
    n, mean = len(values), float(values.mean())
    if n < LEAST_SUBJECTS:
        return SubjectsMean(mean, nan, nan, nan)
    # Of a mean, Tukey's interval is Student's.
    low, high = jackknife_interval(mean, (n * mean - values) / (n - 1))
    above = values - np.broadcast_to(np.asarray(chance, np.float64), values.shape)
    return SubjectsMean(mean, low, high, exceedance(float(above.mean()), _flips(n) @ above / n))


def _flips(n: int) -> NDArray[np.float64]:
    """All signs but those that were seen, (n_flips, n), where they are few; else random ones."""
    if 2**n - 1 <= N_PERMUTATIONS:
        return np.array(list(product((1.0, -1.0), repeat=n)))[1:]
    return np.random.default_rng(0).choice([1.0, -1.0], (N_PERMUTATIONS, n))
