"""One fold of a cross-validation: what is chosen and fitted without its held-out trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..linear import Linear
from ..settings import Settings
from ..statistics.calibration import ScoreCalibration
from .choices import Choice, SettingsSearch
from .fold_data import FoldData
from .splits import HeldOut


@dataclass(frozen=True)
class FittedFold:
    """What was chosen and fitted without the held-out trials of one outer fold.

    `train` and `test` are positions of trials to fit on and to decide on. `whitened`, if given, is X of both; `linear`
    then takes these and has no whitener. `calibration` is None where probabilities are the network's own.
    """

    settings: Settings
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    linear: Linear
    by_class: bool = False
    whitened: tuple[NDArray, NDArray] | None = None
    calibration: ScoreCalibration | None = None

    def of_own_trials(self, data: FoldData) -> FittedFold:
        """The fold with its own trials whitened by samples, without the whitener: of a whole brain it takes GB."""
        whitener = self.linear.whitener
        if whitener is None or not self.settings.whitens_samples:
            return self
        whitened = whitener.transform(self.to_fit(data)), whitener.transform(self.to_decide(data))
        return replace(self, linear=replace(self.linear, whitener=None), whitened=whitened)

    def to_fit(self, data: FoldData) -> NDArray:
        """X of the trials `train`, as `linear` takes them."""
        return data.trials_to_fit(self.settings).X[self.train] if self.whitened is None else self.whitened[0]

    def to_decide(self, data: FoldData) -> NDArray:
        """X of the trials `test`, as `linear` takes them."""
        return data.trials(self.settings).X[self.test] if self.whitened is None else self.whitened[1]


def tested(folds: Sequence[FittedFold]) -> NDArray[np.intp]:
    """Positions of all trials that some fold decides on, in order."""
    return np.sort(np.concatenate([fold.test for fold in folds]))


def gathered(folds: Sequence[FittedFold], parts: Sequence[NDArray]) -> NDArray:
    """What is there of each fold's held-out trials, for all `tested` trials in order."""
    return np.concatenate(parts)[np.argsort(np.concatenate([fold.test for fold in folds]))]


def fit_fold(
    data: FoldData, settings: Settings, choose: Sequence[Choice], held_out: HeldOut, inner_folds: int
) -> FittedFold:
    """Choose and fit on all trials except the held-out ones."""
    search = SettingsSearch(data, held_out, inner_folds)
    settings = search.choose(settings, choose)
    to_fit, trials = data.trials_to_fit(settings), data.trials(settings)
    by_class, whitener = held_out.by_class, search.whitener(settings)
    # Live windows also give trials without an event, which have no class.
    train = np.flatnonzero(held_out.trains(to_fit.run, data.truth(to_fit) if by_class else None))
    test = np.flatnonzero(held_out.tests(trials.run, data.truth(trials) if by_class else None))
    linear = data.fit(settings, train, data.keys(to_fit)[train], whitener, by_class=by_class)
    return FittedFold(settings, train, test, linear, by_class, calibration=search.calibration(settings))
