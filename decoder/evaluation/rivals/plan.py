"""What classifiers of the field take in a fold, before they run."""

from __future__ import annotations

from collections.abc import Sequence

from ....adapters.plan import DECOMPOSED, FitPlan
from ...settings import Settings
from ..choices import Choice
from ..trial_data import TrialData
from .base import Rival
from .choosing import own_choices

CANDIDATES = 4
"""How many settings of its own a classifier tries, about."""

COPIES = 5
"""Of the trials in a fit: scaled to one size, those of the inner fold, standardised."""


def fits_of_rivals(rivals: Sequence[Rival], choices: Sequence[Choice], inner_folds: int) -> int:
    """How often classifiers are fitted in a fold."""
    return sum(max(1, _tried(one, choices)) * inner_folds + 1 for one in rivals)


def plan_rivals(
    data: TrialData, settings: Settings, rivals: Sequence[Rival], choices: Sequence[Choice], inner_folds: int, n: int
) -> FitPlan:
    """What all classifiers take in a fold that trains on `n` trials: their inputs under all settings, and the fits."""
    trials, p = data.trials(settings), data.n_features(settings) * data.trials(settings).n_times
    inputs = max((max(1, _tried(one, choices)) for one in rivals), default=0) * float(len(trials)) * p
    least = min(n, p)
    fit = float(n) * p * least + DECOMPOSED * float(least) ** 3
    operations, itemsize = fits_of_rivals(rivals, choices, inner_folds) * CANDIDATES * fit, 8.0
    if data.prepared.n_dimensions(settings.steps) is not None:  # inputs are computed from coordinates
        operations, itemsize = operations + inputs * data.prepared.of(settings.steps).n_samples, 4.0
    return FitPlan("dual", operations, itemsize * inputs + 8.0 * COPIES * n * p if rivals else 0.0)


def _tried(classifier: Rival, choices: Sequence[Choice]) -> int:
    return sum(len(of.values) for of in own_choices(classifier, choices))
