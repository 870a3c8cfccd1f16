"""95 % intervals over runs: Student's t over the means of whole runs, with what the folds of a cross-validation share.

Each run is decoded by a model that was fitted to the other runs, so two runs' values are not independent: each run is
in the training of the other. The variance of run means alone is too small, about twofold where there is nothing to
decode. The variance of a mean over R runs is taken as

    s2 (1 + shared) / (1 - shared / (R - 1)),

with s2 that of independent runs, and `shared` what pairs of trials add by being counted twice, once with each of the
two in the training: see `shared`. An interval of shares is that of their log odds: it stays within 0 and 1, is wider
on the side of one half, and has a width where all runs are perfect.

References
----------
Nadeau & Bengio (2003), Inference for the generalization error. Machine Learning 52, 239-281: their correction
1/R + n_test/n_train is, up to terms of 1/R, the one here for ``shared = 1``. Bengio & Grandvalet (2004), No unbiased
estimator of the variance of k-fold cross-validation. J. Mach. Learn. Res. 5, 1089-1105. Brown, Cai & DasGupta
(2001), Interval estimation for a binomial proportion. Stat. Sci. 16, 101-133 (log odds). Wilson (1927),
Probable inference, the law of succession, and statistical inference. J. Am. Stat. Assoc. 22, 209-212 (rates).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, nan, pi, sqrt, tanh
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_RUNS = 4
"""With fewer runs there is no interval: their spread says too little."""
FEW_RUNS = 10
"""With fewer runs than these, intervals are approximate."""

MANY = 10_000
"""With more degrees of freedom Student's t is normal."""

Counts = Literal["decisions", "comparisons"]
"""What a share counts: each trial as right or wrong, or by comparisons with many others."""
NO_INTERVAL = (nan, nan)


class Spread(NamedTuple):
    """The variance of a mean, and the degrees of freedom that it is known with."""

    variance: float
    freedom: float

    def plus(self, other: Spread) -> Spread:
        """That of a sum of two independent parts (Satterthwaite 1946, Biometrics Bulletin 2, 110-114)."""
        total = self.variance + other.variance
        parts = sum(one.variance**2 / one.freedom for one in (self, other) if one.variance > 0)
        return Spread(total, total**2 / parts if parts > 0 else min(self.freedom, other.freedom))

    def times(self, factor: float) -> Spread:
        return Spread(self.variance * factor, self.freedom)


def shared(value: float, chance: float, counts: Counts) -> float:
    """How much of a share's variance the pairs of trials add that are in each other's training.

    A decoder's score of trial i is a sum over the trials j in its training, and i weighs as much in the score of j.
    Where there is nothing to decode, the scores of i are thus correlated with those of all j, and these correlations
    add up to 1: the variance of a mean score doubles. A share of comparisons follows the scores; a decision has only
    the part that is linear in its score, f(z)^2 / (p (1 - p)) for the share p = F(z) of right ones (F, f: the normal
    distribution and its density), 2 / pi at one half. With signal, decoders of different folds become alike, and less
    is shared; the distance to 1, relative to that of chance, describes this over the simulations of
    ``benchmarks/intervals.py``.

    Examples
    --------
    >>> [round(shared(value, 0.5, "decisions"), 2) for value in (0.5, 0.7, 0.9, 1.0)]
    [0.64, 0.35, 0.07, 0.0]
    >>> shared(0.5, 0.5, "comparisons")
    1.0
    """
    if not 0 < value < 1:
        return 0.0
    normal = NormalDist()
    linear = normal.pdf(normal.inv_cdf(value)) ** 2 / (value * (1 - value))
    if counts == "comparisons":
        linear *= np.pi / 2
    return float(round(linear, 12) * (min(1.0, (1 - value) / (1 - chance)) if chance < 1 else 1.0))


def spread_over(means: ArrayLike, weights: ArrayLike) -> Spread:
    """The variance of the weighted mean of independent runs' means (n_runs,), the weights adding up to 1.

    Squared deviations are divided by 1 - weight, which makes them unbiased where the variance of a run's mean is
    inversely proportional to its weight. The degrees of freedom are those of as many equal runs as weigh the same.
    """
    means, weights = np.asarray(means, np.float64), np.asarray(weights, np.float64)
    off = means - (weights * means).sum()
    return Spread(float((weights**2 * off**2 / (1 - weights)).sum()), 1 / float((weights**2).sum()) - 1)


def with_shared(spread: Spread, value: float, chance: float, counts: Counts) -> Spread:
    """The variance of a cross-validated share, from that of independent runs."""
    part = shared(value, chance, counts)
    return spread.times((1 + part) / (1 - part / max(spread.freedom, LEAST_RUNS - 1)))


def share_interval(share: float, spread: Spread, n_trials: float) -> tuple[float, float]:
    """95 % interval of a share of this spread, from `n_trials` trials.

    Student's t around the log odds. These are of the share with one trial more that is right and one that is wrong, so
    that they are finite; with the variance of `one_trial`, a share of 1 has about the interval of independent trials.

    Examples
    --------
    >>> low, high = share_interval(1.0, Spread(0.0, 7), 100)
    >>> round(low, 3), high
    (0.947, 1.0)
    """
    centre = (n_trials * share + 1) / (n_trials + 2)
    middle = log(centre / (1 - centre))
    half = _student(spread.freedom) * sqrt(spread.variance + one_trial(n_trials)) / (centre * (1 - centre))
    low, high = ((1 + tanh(end / 2)) / 2 for end in (middle - half, middle + half))
    return min(low, share), max(high, share)


def mean_interval(value: float, spread: Spread, n_trials: float) -> tuple[float, float]:
    """95 % interval of a difference of shares, with the variance of `one_trial` added."""
    half = _student(spread.freedom) * sqrt(spread.variance + one_trial(n_trials))
    return value - half, value + half


def one_trial(n_trials: float) -> float:
    """The least variance of a share: half the square of its smallest step, one trial.

    With it, and `n_trials` independent trials that are all right, the log odds have nearly the exact interval.
    """
    return 0.5 / n_trials**2


def interval_over(
    values: ArrayLike, groups: ArrayLike, *, chance: float, counts: Counts = "decisions"
) -> tuple[float, float]:
    """95 % interval of the cross-validated mean over all trials, over groups (runs); NaN for fewer than four of them.

    Values, from 0 to 1, are (n_trials,) or (n_repeats, n_trials). Repetitions, such as shuffles, are averaged, and
    their own spread is added: few shuffles give a wide interval, however many runs each of them decides on.

    Examples
    --------
    >>> right = [1, 1, 1, 0, 1, 1, 0, 1]
    >>> low, high = interval_over(right, [1, 1, 2, 2, 3, 3, 4, 4], chance=0.5)
    >>> round(low, 2), round(high, 2)
    (0.11, 0.98)
    >>> interval_over(right, [1, 1, 1, 2, 2, 2, 3, 3], chance=0.5)
    (nan, nan)
    """
    values = np.atleast_2d(np.asarray(values, np.float64))
    means, weights = run_means(values, groups)
    return share_interval_over(means, weights, values.shape[1], chance=chance, counts=counts)


def share_interval_over(
    means: NDArray, weights: NDArray, n_trials: float, *, chance: float, counts: Counts
) -> tuple[float, float]:
    """`interval_over` from each run's share (n_repeats, n_runs) and weight (n_runs,), which add up to 1."""
    if means.shape[1] < LEAST_RUNS or not np.isfinite(means).all():
        return NO_INTERVAL
    each = means @ weights
    value = round(float(each.mean()), 12)  # weights add up to 1 up to rounding only
    spread = with_shared(spread_over(means.mean(axis=0), weights), value, chance, counts)
    if len(each) > 1:
        spread = spread.plus(Spread(float(each.var(ddof=1)) / len(each), len(each) - 1))
    return share_interval(value, spread, n_trials)


def run_means(values: NDArray, groups: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean (n_repeats, n_runs) of each run's values (n_repeats, n_trials), and the run's share of all trials."""
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    size = np.bincount(codes)
    return np.stack([np.bincount(codes, weights=one) / size for one in values]), size / len(codes)


def jackknife_interval(value: float, without: ArrayLike) -> tuple[float, float]:
    """95 % interval of an estimate, from the estimates (n_runs,) that leave out one run each; NaN for fewer than four.

    References
    ----------
    Tukey (1958), Bias and confidence in not-quite large samples. Ann. Math. Stat. 29, 614.

    Examples
    --------
    >>> [round(end, 2) for end in jackknife_interval(2.0, [1.9, 2.0, 2.1, 2.0])]
    [1.61, 2.39]
    """
    without = np.asarray(without, np.float64)
    n = len(without)
    if n < LEAST_RUNS:
        return NO_INTERVAL
    half = _student(n - 1) * float(np.std(without)) * sqrt(n - 1)
    return value - half, value + half


def rate_interval(count: NDArray, amount: NDArray) -> tuple[float, float]:
    """95 % interval of the sum of counts per sum of amounts, both (n_runs,), over runs; NaN for fewer than four.

    As Wilson's interval is for shares, this one is for rates: the amount that has this variance is that of a Poisson
    process. One event more is added to the variance, so that a rate of 0 has an upper end.

    Examples
    --------
    >>> low, high = rate_interval(np.zeros(5), np.full(5, 2.0))
    >>> low, round(high, 2)
    (0.0, 0.77)
    """
    count, amount = count[amount > 0], amount[amount > 0]
    if len(count) < LEAST_RUNS:
        return NO_INTERVAL
    total = float(amount.sum())
    rate = float(count.sum()) / total
    spread = spread_over(count / amount, amount / total)
    exposure = (rate + 1 / total) / (spread.variance + 1 / total**2)
    t2 = _student(spread.freedom) ** 2 / exposure
    half = sqrt(t2 * rate + t2**2 / 4)
    return max(0.0, rate + t2 / 2 - half), rate + t2 / 2 + half


@lru_cache(maxsize=1000)
def _student(freedom: float) -> float:
    """The 97.5 % point of Student's t, of one degree of freedom at least; a rig has no scipy to ask."""
    if freedom > MANY:
        return NormalDist().inv_cdf(0.975)
    n = max(freedom, 1.0)
    t = np.linspace(0.0, 13.0, 13_001)  # up to the point for one degree of freedom, 12.7
    density = (1 + t**2 / n) ** (-(n + 1) / 2) * exp(lgamma((n + 1) / 2) - lgamma(n / 2)) / sqrt(n * pi)
    up_to = 0.5 + np.cumsum((density[1:] + density[:-1]) / 2) * (t[1] - t[0])
    return float(np.interp(0.975, up_to, t[1:]))
