"""Learning curves: the score over the number of training samples, and the gain from more samples.

The difference to the best possible score is assumed to fall as an inverse power law, from a known start (the score
without learning) to a constant rest::

    |limit - score(n)| = rest + drop * (1 + n / delay)^-c      rest + drop = |limit - start|

Intervals are profiles of the likelihood: the extremes over all such curves whose squared error is not significantly
above the least. They are valid only if the law is.

References
----------
Viering & Loog (2023), The shape of learning curves: a review. IEEE Trans. Pattern Anal. Mach. Intell. 45, 7799-7819
(power laws with a shift). Bates & Watts (1988), Nonlinear regression analysis and its applications, chapter 6
(profiles).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as f_distribution

from ...errors import InputError, ShapeError

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
LEAST_SCORES, LEAST_SIZES = 5, 4


@dataclass(frozen=True)
class Forecast:
    """An expected value and its 95 % interval."""

    value: float
    low: float
    high: float


class LearningCurve:
    """An inverse power law through scores at several training sizes.

    Parameters
    ----------
    sizes : (n_scores,) array-like
        The amount of training data, in samples or minutes; sizes may be equal.
    scores : (n_scores,) array-like
        The score on other samples than those of the training.
    limit : float
        The best possible score, 1 for an accuracy or a correlation, 0 for an error. If the scores are above it, lower
        ones are better.
    start : float
        The score without learning, e.g. chance, or 0 for a correlation.

    Attributes
    ----------
    silent : str or None
        Why there is no forecast: too few scores, only the best possible, or no improvement larger than their scatter.
        None if there is one.

    Raises
    ------
    ShapeError, InputError
        If there is not one positive size for each score, or scores and start are not finite and on one side of `limit`.

    Examples
    --------
    >>> sizes = np.array([10, 20, 40, 80, 160, 320])
    >>> curve = LearningCurve(sizes, 0.9 - 4 / (10 + sizes) + 0.005 * np.array([1, -1, 1, -1, 1, -1]), start=0.5)
    >>> print(curve.sentence(320, "trials"))
    320 more trials are expected to raise the score from 0.89 to 0.89 (by 0.01, 95 % interval 0.00 to 0.02).
    >>> print(LearningCurve([1, 2, 3], [0.5, 0.6, 0.7], start=0.4).sentence(10, "minutes"))
    What 10 more minutes buy cannot be told yet: there are 3 scores at 3 sizes, and it takes 5 at 4.
    """

    def __init__(self, sizes: ArrayLike, scores: ArrayLike, limit: float = 1.0, *, start: float) -> None:
        self.sizes, self.scores = np.asarray(sizes, np.float64), np.asarray(scores, np.float64)
        self.limit, self.start = float(limit), start
        if self.sizes.ndim != 1 or self.sizes.shape != self.scores.shape or not len(self.sizes):
            raise ShapeError(
                f"sizes has shape {self.sizes.shape} and scores {self.scores.shape}, expected one size for each score"
            )
        _require_above_0("sizes", self.sizes)
        lacking = self.limit - np.append(self.scores, start)
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
        """The expected score at any size; InputError if it is not above 0, or the curve is `silent`."""
        _require_above_0("size", size)
        return _forecast(self.limit - self._sign * self._lacking({size: 1.0}))

    def gain(self, extra: float) -> Forecast:
        """The expected improvement from the largest measured size to one larger by `extra`; errors as in `at`."""
        _require_above_0("extra", extra)
        return _forecast(self._lacking({self._largest: 1.0, self._largest + extra: -1.0}))

    def sentence(self, extra: float, unit: str = "samples") -> str:
        """The expected gain from `extra` more units of data, in one sentence."""
        if self.silent is not None:
            return f"What {extra:g} more {unit} buy cannot be told yet: {self.silent}."
        now, then, gain = self.at(self._largest), self.at(self._largest + extra), self.gain(extra)
        verb = "raise" if self._sign > 0 else "lower"
        return (
            f"{extra:g} more {unit} are expected to {verb} the score from {now.value:.2f} to {then.value:.2f} "
            f"(by {gain.value:.2f}, 95 % interval {gain.low:.2f} to {gain.high:.2f})."
        )

    @cached_property
    def _law(self) -> PowerLaw:
        return PowerLaw(self.sizes, np.abs(self.limit - self.scores), abs(self.limit - self.start))

    def _why_silent(self) -> str | None:
        n_scores, n_sizes = len(self.scores), len(np.unique(self.sizes))
        if n_scores < LEAST_SCORES or n_sizes < LEAST_SIZES:
            return f"there are {n_scores} scores at {n_sizes} sizes, and it takes {LEAST_SCORES} at {LEAST_SIZES}"
        if not np.abs(self.limit - self.scores).any():
            return f"all {n_scores} scores are the best possible, and do not tell how they grow"
        if self._law.flat_error <= self._allowed(PowerLaw.N_PARAMETERS):
            return "the scores do not get better by more than they scatter"
        return None

    def _allowed(self, n_more: int) -> float:
        """The squared error up to which a law with `n_more` fewer parameters is not significantly worse (F test)."""
        dof = len(self.scores) - PowerLaw.N_PARAMETERS
        return self._law.least_error * (1 + n_more * float(f_distribution.ppf(CONFIDENCE, n_more, dof)) / dof)

    def _lacking(self, terms: dict[float, float]) -> Floats:
        """A weighted sum of the law at some sizes: its best value, and the smallest and largest."""
        if self.silent is not None:
            raise InputError(f"scores: the curve cannot tell: {self.silent}")
        return np.array(self._law.extremes(terms, self._allowed(1)))


class PowerLaw:
    """The law ``rest + (start - rest) * (1 + size / delay)^-c`` of the difference between scores and the best possible
    one, fitted by least squares on a grid of its shapes.

    The rest is linear in one parameter, at least 0, so no starting value is needed (variable projection: Golub &
    Pereyra 1973, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate.
    SIAM J. Numer. Anal. 10, 413-432).

    `lacking` is this difference at each size, at least 0; `start`, above 0, is it before learning. `least_error` is the
    squared error of the fit, `flat_error` that of a law without learning.

    >>> sizes = np.array([1.0, 2.0, 4.0, 8.0])
    >>> law = PowerLaw(sizes, 0.1 + 0.4 / (1 + sizes / 3), start=0.5)
    >>> abs(law.extremes({20.0: 1.0}, law.least_error)[0] - (0.1 + 0.4 / (1 + 20 / 3))) < 0.01
    True
    """

    N_PARAMETERS = 3

    def __init__(self, sizes: Floats, lacking: Floats, start: float) -> None:
        delays, exponents = np.meshgrid(np.geomspace(0.01, 4.0, 80) * sizes.max(), np.geomspace(0.2, 3.0, 40))
        self._delays, self._exponents, self._start = delays.reshape(-1, 1), exponents.reshape(-1, 1), start
        faded = self._fade(sizes)
        learned, target = 1.0 - faded, lacking - start * faded
        self._size = np.square(learned).sum(axis=1)
        self._free = (learned * target).sum(axis=1) / self._size
        # The rest is between nothing and the whole start.
        self._rest = np.clip(self._free, 0.0, start)
        self._free_error = np.square(target - self._free[:, np.newaxis] * learned).sum(axis=1)
        errors = self._free_error + self._size * np.square(self._rest - self._free)
        self._best = int(errors.argmin())
        self.least_error = float(errors[self._best])
        self.flat_error = float(np.square(lacking - start).sum())

    def extremes(self, terms: Mapping[float, float], allowed: float) -> tuple[float, float, float]:
        """A weighted sum of the law at some sizes: as fitted, and its extremes up to a squared error."""
        of_start = self._fade(list(terms)) @ list(terms.values())
        of_rest = sum(terms.values()) - of_start
        best = float(of_rest[self._best] * self._rest[self._best] + self._start * of_start[self._best])
        room = np.sqrt(np.maximum(allowed - self._free_error, 0.0) / self._size)
        low, high = self._free - room, self._free + room
        within = (self._free_error <= allowed) & (low <= self._start) & (high >= 0)
        ends = [of_rest * np.clip(end, 0.0, self._start) + self._start * of_start for end in (low, high)]
        of_all = np.concatenate([[best], *(end[within] for end in ends)])
        return best, float(of_all.min()), float(of_all.max())

    def _fade(self, sizes: ArrayLike) -> Floats:
        """The part not learned yet, (n_shapes, n_sizes)."""
        return (1.0 + np.atleast_1d(np.asarray(sizes, np.float64)) / self._delays) ** -self._exponents


def _forecast(of_three: Floats) -> Forecast:
    value, *ends = of_three.tolist()
    return Forecast(value, min(ends), max(ends))


def _require_above_0(name: str, sizes: ArrayLike) -> None:
    values = np.asarray(sizes, np.float64)
    if not (np.isfinite(values) & (values > 0)).all():
        raise InputError(f"{name}={sizes!r}, expected finite numbers above 0")
