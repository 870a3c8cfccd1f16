"""How well continuous targets are predicted: R2 against the training mean and Pearson's r, with intervals over runs.

Everywhere ``true``, ``predicted`` and ``mean`` are (n_samples, n_dims), of all held-out samples: the targets, their
predictions, and the mean of the targets in the training of the fold that predicts the sample. ``runs`` (n_samples,) is
the run of each, or whatever else intervals are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .correlations import profile_correlation
from .difference import Difference
from .intervals import jackknife_interval
from .measures import Measure
from .permutation import exceedance

REGRESSION = {"r2": "R2", "r": "Pearson's r"}
"""The name of each measure in figures and tables, in this order."""
CHANCE_REASON = {"r2": "always predicting the training mean", "r": "predictions that do not depend on the brain"}


@dataclass(frozen=True, eq=False)
class PredictedTargets:
    """Predictions of continuous targets on held-out samples; see the module for the arrays."""

    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    mean: NDArray[np.float64]
    runs: NDArray

    def r2(self) -> NDArray[np.float64]:
        """R2 of each dimension, (n_dims,): one minus the squared error divided by that of the training mean.

        Summed over all samples before dividing, so a long run, or one in which more happens, weighs more. Predicting
        the training mean gives 0, and worse predictions less; NaN where the target does not deviate from that mean.
        """
        left, deviation = ((self.true - self.predicted) ** 2).sum(axis=0), ((self.true - self.mean) ** 2).sum(axis=0)
        return 1 - np.divide(left, deviation, out=np.full_like(left, np.nan), where=deviation > 0)

    def r(self) -> NDArray[np.float64]:
        """Pearson's correlation of each dimension, (n_dims,), over all samples; NaN for a constant."""
        return profile_correlation(self.true, self.predicted)

    def values(self) -> dict[str, NDArray[np.float64]]:
        """Each measure of each dimension."""
        return {"r2": self.r2(), "r": self.r()}

    def without(self, run: object) -> PredictedTargets:
        """All other runs."""
        rest = self.runs != run
        return PredictedTargets(self.true[rest], self.predicted[rest], self.mean[rest], self.runs[rest])


def regression_measures(found: PredictedTargets, null: Mapping[str, NDArray] | None = None) -> dict[str, Measure]:
    """The mean over dimensions of R2 and of r, with intervals over runs.

    The interval is Tukey's jackknife over runs, as a ratio of sums is no mean of its runs; there is none for fewer than
    four runs. `null` are values of each measure (n_permutations,) where nothing relates activity and targets; p is the
    share of these that are at least as large, and NaN without them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.normal(size=(400, 2))
    >>> predicted = 0.5 * true + 0.1 * rng.normal(size=(400, 2))
    >>> found = regression_measures(PredictedTargets(true, predicted, np.zeros((400, 2)), np.repeat(np.arange(4), 100)))
    >>> round(found["r2"].value, 2), round(found["r"].value, 2), found["r2"].chance
    (0.75, 0.98, 0.0)
    """
    measures, runs = {}, list(dict.fromkeys(found.runs.tolist()))
    without = [found.without(run).values() for run in runs]
    for name, of_dims in found.values().items():
        value = mean_of_dims(of_dims)
        low, high = jackknife_interval(value, [mean_of_dims(one[name]) for one in without])
        p_value = nan if null is None else exceedance(value, null[name])
        measures[name] = Measure(value, 0.0, low, high, p_value, CHANCE_REASON[name])
    return measures


def r2_difference(found: PredictedTargets, other: PredictedTargets) -> Difference:
    """The mean R2 minus another's, on the same samples, with its jackknife interval over runs."""
    value = mean_of_dims(found.r2()) - mean_of_dims(other.r2())
    runs = dict.fromkeys(found.runs.tolist())
    without = [mean_of_dims(found.without(run).r2()) - mean_of_dims(other.without(run).r2()) for run in runs]
    return Difference(value, *jackknife_interval(value, without))


def mean_of_dims(values: ArrayLike) -> float:
    """The mean of the dimensions that have a value; NaN where none has."""
    values = np.asarray(values, np.float64)
    return float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else float("nan")
