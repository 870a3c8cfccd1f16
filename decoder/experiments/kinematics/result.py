"""The result of decoding continuous targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...run_splits import RunFolds
from ...statistics.difference import Difference
from ...statistics.measures import Measure
from ...statistics.regression import PredictedTargets
from ...steps import Step
from .filters import FilterSettings
from .kalman import Quantity


@dataclass(frozen=True, eq=False)
class FilterOutcome:
    """What a decoder or filter predicted on held-out runs, its measures, and each measure of each dimension."""

    found: PredictedTargets
    measures: Mapping[str, Measure]
    by_dim: Mapping[str, list[float]]


@dataclass(frozen=True, eq=False)
class KinematicsEvaluation:
    """The result of `evaluate_kinematics`.

    Attributes
    ----------
    names : tuple of str
        The dimensions.
    time_s, run : array (n_scored,)
        The time of each scored sample in its run, and the run.
    fold_runs : tuple of tuple
        The runs that each fold holds out.
    decoder : FilterOutcome
    controls : dict of str to dict of str to float
        The mean of each measure: ``"shifted in time"``, of the shifts that p is from; ``"targets of other runs"``, of
        decoders whose training runs had the targets of other runs (not with fewer than two training runs).
    field : dict of str to FilterOutcome
    differences : dict of str to Difference
        The decoder's R2 minus each filter's.
    chosen : dict of str to list of dict
        What each filter chose in each fold, in words.
    alphas, at_edge : tuple
        The strength of each fold, and whether it was the first or last of those tried.
    """

    names: tuple[str, ...]
    quantity: Quantity
    settings: FilterSettings
    steps: tuple[Step, ...]
    time_s: NDArray[np.float64]
    run: NDArray
    fold_runs: tuple[tuple[Any, ...], ...]
    folds: RunFolds
    decoder: FilterOutcome
    controls: Mapping[str, Mapping[str, float]]
    field: Mapping[str, FilterOutcome]
    differences: Mapping[str, Difference]
    chosen: Mapping[str, list[dict[str, str]]]
    alphas: tuple[float, ...]
    at_edge: tuple[bool, ...]
    n_permutations: int
    n_shuffles: int

    def rows(self) -> dict[str, FilterOutcome]:
        """The decoder and the filters of the field."""
        return {"decoder": self.decoder, **self.field}
