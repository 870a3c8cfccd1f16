"""The decoder of continuous targets, and the field's filters to compare it with: a Wiener and a Kalman filter.

Each predicts the targets of held-out runs from the activity there, and makes its choices within its training runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....adapters.other.delayed import DelayedAdapter
from ....adapters.other.delays import delayed
from ...run_splits import split_runs
from ...statistics.regression import PredictedTargets, mean_of_dims
from .kalman import Floats, KalmanFilter, Quantity, states_of

N_INNER = 4
N_PARTS = 5
"""Contiguous parts of a single training run, which are left out in turn where there is no other run."""


@dataclass(frozen=True)
class FilterSettings:
    """What a filter may use: activity this many samples before, and candidates for a ridge's strength."""

    lags: tuple[int, ...]
    rate_hz: float
    quantity: Quantity
    alphas: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class FilterFold:
    """Samples to fit on and samples to predict: activity (n_samples, n_features), targets (n_samples, n_dims), runs.

    Activity is standardised by the training samples; features that are constant there become 0.
    """

    activity: Floats
    targets: Floats
    runs: NDArray
    test_activity: Floats
    test_runs: NDArray

    @classmethod
    def of(cls, activity: Floats, targets: Floats, runs: NDArray, held_out: Sequence[Any]) -> FilterFold:
        test = np.isin(runs, held_out)
        train = ~test
        mean, scale = activity[train].mean(axis=0), activity[train].std(axis=0)
        scale[scale <= 1e-12 * np.abs(mean)] = np.inf
        return cls(
            (activity[train] - mean) / scale, targets[train], runs[train], (activity[test] - mean) / scale, runs[test]
        )

    @cached_property
    def groups(self) -> NDArray:
        """What is left out in turn to choose something: runs, or contiguous parts of a single one."""
        if len(set(self.runs.tolist())) > 1:
            return self.runs
        return np.arange(len(self.runs)) * N_PARTS // len(self.runs)

    def inner(self) -> list[tuple[FilterFold, NDArray[np.bool_]]]:
        """Folds of the training samples, and which of these each holds out."""
        names = list(dict.fromkeys(self.groups.tolist()))
        made = []
        for held_out in split_runs(names, min(N_INNER, len(names))):
            test = np.isin(self.groups, held_out)
            fold = FilterFold(
                self.activity[~test], self.targets[~test], self.groups[~test], self.activity[test], self.groups[test]
            )
            made.append((fold, test))
        return made


def complete(runs: NDArray, lags: Sequence[int]) -> NDArray[np.bool_]:
    """Which samples have all their delayed activity within their run, (n_samples,).

    Examples
    --------
    >>> complete(np.array([1, 1, 1, 2, 2, 2]), (0, 1)).tolist()
    [False, True, True, False, True, True]
    """
    inside = np.ones((len(runs), 1))
    return (delayed(inside, lags, runs) == 1).all(axis=1)


def ridge(fold: FilterFold, settings: FilterSettings) -> tuple[Floats, DelayedAdapter]:
    """Predictions of the decoder: ridge on delayed activity, its strength chosen by leaving training runs out."""
    adapter = DelayedAdapter(settings.lags, settings.alphas).fit(fold.activity, fold.targets, groups=fold.groups)
    return np.asarray(adapter.predict(fold.test_activity, groups=fold.test_runs), np.float64), adapter


def wiener(fold: FilterFold, settings: FilterSettings) -> tuple[Floats, dict[str, str]]:
    """Least squares on the same delayed activity, with nothing to hold it back."""
    rows = complete(fold.runs, settings.lags)
    table = delayed(fold.activity, settings.lags, fold.runs)[rows]
    table_mean, mean = table.mean(axis=0), fold.targets[rows].mean(axis=0)
    weights = np.linalg.lstsq(table - table_mean, fold.targets[rows] - mean, rcond=None)[0]
    test = delayed(fold.test_activity, settings.lags, fold.test_runs)
    return (test - table_mean) @ weights + mean, {}


def kalman(fold: FilterFold, settings: FilterSettings) -> tuple[Floats, dict[str, str]]:
    """A Kalman filter whose one lag is chosen among those of the decoder, in inner folds of the training runs."""
    lags = list(settings.lags)
    scores = np.array([_inner_r2(fold, settings, lag) for lag in lags] if len(lags) > 1 else [0.0])
    lag = lags[int(np.where(np.isfinite(scores), scores, -np.inf).argmax())]
    return _kalman(fold, settings, lag), {"lag": str(lag)}


def _inner_r2(fold: FilterFold, settings: FilterSettings, lag: int) -> float:
    predicted, mean = np.empty_like(fold.targets), np.empty_like(fold.targets)
    for one, test in fold.inner():
        predicted[test], mean[test] = _kalman(one, settings, lag), one.targets.mean(axis=0)
    return mean_of_dims(PredictedTargets(fold.targets, predicted, mean, fold.groups).r2())


def _kalman(fold: FilterFold, settings: FilterSettings, lag: int) -> Floats:
    states = states_of(fold.targets, fold.runs, settings.rate_hz, settings.quantity)
    fitted = KalmanFilter().fit(delayed(fold.activity, (lag,), fold.runs), states, fold.runs)
    n_dims, part = fold.targets.shape[1], ("position", "velocity").index(settings.quantity)
    found = fitted.predict(delayed(fold.test_activity, (lag,), fold.test_runs), fold.test_runs)
    return found[:, part * n_dims : (part + 1) * n_dims]


Filter = Callable[[FilterFold, FilterSettings], tuple[Floats, dict[str, str]]]
"""From a fold to predictions (n_test, n_dims) and what was chosen, in words."""
FIELD: Mapping[str, Filter] = {"wiener": wiener, "kalman": kalman}
DESCRIPTIONS = {
    "wiener": "Wiener filter: least squares on the same delayed activity",
    "kalman": (
        "Kalman filter with position, velocity and acceleration as its state and one lag, chosen in the training runs "
        "(Wu et al. 2006, Neural Computation 18, 80–118)"
    ),
}
