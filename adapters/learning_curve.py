"""Learning curves: how good a map is by the number of samples it learned from, and what more samples would buy.

What a score lacks of the best possible one is taken to fall as an inverse power law towards a rest that stays. With a
known start, the score of a map that has learned nothing, the law is anchored there; without, it knows no beginning::

    |limit - score(n)| = rest + drop * (1 + n / delay)^-c      rest + drop = |limit - start|
    |limit - score(n)| = rest + drop * n^-c                    start unknown

Give the start of scores that begin with the first sample: the second law has no bound there, and what it forecasts from
a session that began at chance is too low. Intervals are profiles of the likelihood: the extremes over all such curves
whose squared error is not significantly above the least. They hold as far as the law does.

References
----------
Figueroa, Zeng-Treitler, Kandula & Ngo (2012), Predicting sample size required for classification performance. BMC Med.
Inform. Decis. Mak. 12, 8 (the second law; here all scores weigh the same). Viering & Loog (2023), The shape of learning
curves: a review. IEEE Trans. Pattern Anal. Mach. Intell. 45, 7799-7819 (power laws with a shift). Bates & Watts (1988),
Nonlinear regression analysis and its applications, chapter 6 (profiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as f_distribution
from sklearn.base import clone
from tqdm import tqdm

from ..errors import InputError, ShapeError
from .factored import FactoredAdapter
from .power_law import AnchoredLaw, Law, PowerLaw
from .ridge.folds import encode_groups
from .unit_blocks import Floats

CONFIDENCE = 0.95
LEAST_SCORES, LEAST_SIZES = 5, 4


@dataclass(frozen=True)
class Forecast:
    """An expected value and its 95 % interval."""

    value: float
    low: float
    high: float


class LearningCurve:
    """An inverse power law through scores that were measured at several sizes.

    Parameters
    ----------
    sizes : (n_scores,) array-like
        How much was learned from, in samples or in minutes; the same size may come several times.
    scores : (n_scores,) array-like
        How good the map then was, on samples that it did not learn from.
    limit : float
        The best possible score, 1 for an accuracy or a correlation, 0 for an error. Whether higher or lower scores are
        better follows from the side of it that they are on.
    start : float, optional
        The score of a map that has learned nothing, e.g. chance, or 0 for a correlation.

    Raises
    ------
    ShapeError
        If there is not one size for each score.
    InputError
        If a size is not above 0, scores are not finite, or scores and start do not lie on one side of `limit`.

    Attributes
    ----------
    silent : str or None
        Why the curve cannot tell what more samples buy: too few scores, or scores that do not get better by more than
        they scatter. None where it can.

    Examples
    --------
    >>> sizes = np.array([10, 20, 40, 80, 160, 320])
    >>> curve = LearningCurve(sizes, 0.9 - 2 / sizes + 0.005 * np.array([1, -1, 1, -1, 1, -1]))
    >>> print(curve.sentence(320, "trials"))
    320 more trials are expected to raise the score from 0.89 to 0.90 (by 0.00, 95 % interval 0.00 to 0.01).
    >>> print(LearningCurve([1, 2, 3], [0.5, 0.6, 0.7]).sentence(10, "minutes"))
    What 10 more minutes buy cannot be told yet: there are 3 scores at 3 sizes, and it takes 5 at 4.
    """

    def __init__(self, sizes: ArrayLike, scores: ArrayLike, limit: float = 1.0, *, start: float | None = None) -> None:
        self.sizes, self.scores = np.asarray(sizes, np.float64), np.asarray(scores, np.float64)
        self.limit, self.start = float(limit), start
        if self.sizes.ndim != 1 or self.sizes.shape != self.scores.shape or not len(self.sizes):
            raise ShapeError(
                f"sizes has shape {self.sizes.shape} and scores {self.scores.shape}, expected one size for each score"
            )
        _require_above_0("sizes", self.sizes)
        lacking = self.limit - np.append(self.scores, [] if start is None else start)
        if not np.isfinite(lacking).all():
            raise InputError("scores, limit or start: expected finite numbers, got NaN or infinity")
        if lacking.min() < 0 < lacking.max() or start == limit:
            raise InputError(
                f"limit={limit}, expected the best possible score, but start={start} and scores from "
                f"{self.scores.min()} to {self.scores.max()} are not all worse"
            )
        self._sign = -1.0 if lacking.min() < 0 else 1.0
        self._largest = float(self.sizes.max())
        self.silent = self._why_silent()

    def at(self, size: float) -> Forecast:
        """The score to expect at a size, measured or not.

        Raises
        ------
        InputError
            If `size` is not above 0, or the curve is `silent`.
        """
        _require_above_0("size", size)
        return _forecast(self.limit - self._sign * self._lacking({size: 1.0}))

    def gain(self, extra: float) -> Forecast:
        """By how much the score gets better from the largest size measured to one that is larger by `extra`.

        Raises
        ------
        InputError
            If `extra` is not above 0, or the curve is `silent`.
        """
        _require_above_0("extra", extra)
        return _forecast(self._lacking({self._largest: 1.0, self._largest + extra: -1.0}))

    def sentence(self, extra: float, unit: str = "samples") -> str:
        """What `extra` more of the unit buy, in one sentence."""
        if self.silent is not None:
            return f"What {extra:g} more {unit} buy cannot be told yet: {self.silent}."
        now, then, gain = self.at(self._largest), self.at(self._largest + extra), self.gain(extra)
        verb = "raise" if self._sign > 0 else "lower"
        return (
            f"{extra:g} more {unit} are expected to {verb} the score from {now.value:.2f} to {then.value:.2f} "
            f"(by {gain.value:.2f}, 95 % interval {gain.low:.2f} to {gain.high:.2f})."
        )

    @cached_property
    def _law(self) -> Law:
        lacking = np.abs(self.limit - self.scores)
        if self.start is None:
            return PowerLaw(self.sizes, lacking)
        return AnchoredLaw(self.sizes, lacking, abs(self.limit - self.start))

    def _why_silent(self) -> str | None:
        n_scores, n_sizes = len(self.scores), len(np.unique(self.sizes))
        if n_scores < LEAST_SCORES or n_sizes < LEAST_SIZES:
            return f"there are {n_scores} scores at {n_sizes} sizes, and it takes {LEAST_SCORES} at {LEAST_SIZES}"
        if self._law.flat_error <= self._allowed(self._law.n_more):
            return "the scores do not get better by more than they scatter"
        return None

    def _allowed(self, n_more: int) -> float:
        """The squared error up to which a law with so many parameters less is not significantly worse (F test)."""
        dof = len(self.scores) - 3
        return self._law.least_error * (1 + n_more * float(f_distribution.ppf(CONFIDENCE, n_more, dof)) / dof)

    def _lacking(self, terms: dict[float, float]) -> Floats:
        """A weighted sum of what is lacking at some sizes: its best value, least and most."""
        if self.silent is not None:
            raise InputError(f"scores: the curve cannot tell: {self.silent}")
        return np.array(self._law.extremes(terms, self._allowed(1)))


@dataclass(frozen=True, eq=False)
class Measured:
    """Scores by the number of groups learned from.

    Attributes
    ----------
    n_groups : (n_sizes,) array of int
    n_samples : (n_orders, n_sizes) array of int
        How many samples that were.
    scores : (n_orders, n_sizes) array
        On groups held out in that order.
    """

    n_groups: NDArray[np.intp]
    n_samples: NDArray[np.intp]
    scores: Floats

    def curve(self, limit: float = 1.0, *, start: float | None = None) -> LearningCurve:
        """The power law through the means over the orders.

        Orders share their samples, so their scores scatter together: means count once for each size.
        """
        return LearningCurve(self.n_samples.mean(axis=0), self.scores.mean(axis=0), limit, start=start)


def explained(true: NDArray, predicted: NDArray) -> float:
    """The share of the variance, summed over units, that a prediction explains; 1 is perfect, below 0 is harmful.

    Examples
    --------
    >>> explained(np.array([[1.0], [2.0], [3.0]]), np.array([[1.5], [2.0], [2.5]]))
    0.75
    """
    return float(1 - np.square(true - predicted).sum() / np.square(true - true.mean(axis=0)).sum())


def learning_curve(
    adapter: FactoredAdapter,
    X: ArrayLike,
    Y: ArrayLike,
    groups: ArrayLike,
    sizes: Sequence[int] | None = None,
    *,
    n_orders: int = 5,
    score: Callable[[NDArray, NDArray], float] = explained,
    seed: int = 0,
) -> Measured:
    """Measure how scores on held-out groups grow with the groups learned from.

    In each random order of the groups the last fifth is held out, and training groups are added from the front on. An
    adapter that learns on (with a `partial_fit`) goes on learning; any other is fitted anew at each size.

    Parameters
    ----------
    adapter : FactoredAdapter
        Unfitted; cloned.
    X : (n_samples, n_features) array-like
    Y : (n_samples, n_units) or (n_samples,) array-like
    groups : (n_samples,) array-like
        Runs, photographs: samples with equal labels are never divided.
    sizes : sequence of int, optional
        Numbers of groups to learn from, rising; left out, all that leave a fifth to be held out.
    n_orders : int
    score : callable
        Of the true and the predicted activations of held-out samples; `explained` by default.
    seed : int
        Of the orders.

    Raises
    ------
    InputError
        If there are too few groups, or `sizes` do not rise from 1 to at most those.

    Examples
    --------
    >>> from hotwire.adapters.other.recursive import RecursiveAdapter
    >>> rng = np.random.default_rng(0)
    >>> voxels = rng.normal(size=(100, 8))
    >>> layer = voxels @ rng.normal(size=(8, 5)) + rng.normal(size=(100, 5))
    >>> measured = learning_curve(RecursiveAdapter(), voxels, layer, np.arange(100) // 10)
    >>> measured.n_groups, measured.scores.shape
    (array([1, 2, 3, 4, 5, 6, 7, 8]), (5, 8))
    >>> bool(measured.curve().at(200).value > measured.scores[:, 0].mean())
    True
    """
    features, targets = np.asarray(X), np.asarray(Y)
    codes = encode_groups(groups, len(features))
    n_groups = int(codes.max()) + 1
    most = n_groups - max(1, n_groups // 5)
    wanted = np.arange(1, most + 1) if sizes is None else np.asarray(sizes)
    if not len(wanted) or wanted[0] < 1 or wanted[-1] > most or (np.diff(wanted) <= 0).any():
        raise InputError(
            f"sizes={wanted.tolist()}, expected rising numbers of groups from 1 to {most}: of {n_groups} groups a "
            "fifth, and at least one, is held out"
        )
    rng = np.random.default_rng(seed)
    n_samples, scores = np.empty((n_orders, len(wanted)), np.intp), np.empty((n_orders, len(wanted)))
    for number in tqdm(range(n_orders), desc="learning curve", delay=1, disable=None):
        place = rng.permutation(n_groups)[codes]
        held_out = place >= most
        learner: Any = clone(adapter)
        learns_on = hasattr(learner, "partial_fit")
        before = 0
        for column, size in enumerate(wanted):
            train = place < size
            if learns_on:
                further = train & (place >= before)
                learner.partial_fit(features[further], targets[further])
                before = size
            else:
                learner.fit(features[train], targets[train], groups=codes[train])
            n_samples[number, column] = train.sum()
            scores[number, column] = score(targets[held_out], learner.predict(features[held_out]))
    return Measured(wanted, n_samples, scores)


def _forecast(of_three: Floats) -> Forecast:
    value, *ends = of_three.tolist()
    return Forecast(value, min(ends), max(ends))


def _require_above_0(name: str, sizes: ArrayLike) -> None:
    values = np.asarray(sizes, np.float64)
    if not (np.isfinite(values) & (values > 0)).all():
        raise InputError(f"{name}={sizes!r}, expected finite numbers above 0")
