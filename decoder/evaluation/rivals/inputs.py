"""What classifiers take of the trials of one outer fold; labels, scale and whitening are of its training alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...features.base import by_trial
from ...settings import Settings
from ...windows import Trials
from ..choices import SettingsSearch
from ..fold_data import FoldData
from ..splits import HeldOut
from ..threads import once
from ..trial_data import TrialData
from .base import Rival, TrialShape

Positions = NDArray[np.intp]
InputsOf = Callable[[Positions, Positions], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From positions of trials to fit on, and of trials to decide on, to a classifier's inputs for both."""


class FoldInputs:
    """The trials of an outer fold under all settings tried, which classifiers share."""

    def __init__(self, data: FoldData, held_out: HeldOut, inner_folds: int) -> None:
        self.data, self.held_out = data, held_out
        # Nothing here refers to `self`, so that all is freed after the last use: whitening a whole brain takes GB.
        self._vectors = once(partial(_whitened, data, SettingsSearch(data, held_out, inner_folds)))

    def positions(self, settings: Settings) -> tuple[Positions, Positions, Positions]:
        """Positions of the trials to fit on, of those to decide on in the training runs, and of the held-out ones."""
        to_fit, trials = self.data.trials_to_fit(settings), self.data.trials(settings)
        tested = self.held_out.tests(trials.run, None)
        return np.flatnonzero(self.held_out.trains(to_fit.run, None)), np.flatnonzero(~tested), np.flatnonzero(tested)

    def shape(self, settings: Settings) -> TrialShape:
        return shape_of(self.data, settings)

    def of(self, classifier: Rival, settings: Settings) -> InputsOf:
        """The classifier's inputs; what needs no labels is fitted once, on all training trials of the fold."""
        return _in_each_fit(classifier.in_each_fit(self.shape(settings)), self._inputs_of(classifier, settings))

    def _inputs_of(self, classifier: Rival, settings: Settings) -> InputsOf:
        if classifier.takes == "features" and settings.features is not None:
            return self._features(settings)
        X_fit, X = self._vectors(settings) if classifier.takes == "features" else self._samples(settings)
        train = self.positions(settings)[0]
        # In volts, estimators would treat any variance as zero.
        size = X_fit[train].std(dtype=np.float64) or 1.0
        same = X_fit is X
        X = X / size
        X_fit = X if same else X_fit / size
        before = classifier.before(self.shape(settings))
        if before is not None:
            before.fit(X_fit[train])
            X = before.transform(X)
            X_fit = X if same else before.transform(X_fit)
        return lambda fit, decide: (X_fit[fit], X[decide])

    def _features(self, settings: Settings) -> InputsOf:
        """The decoder's own features: they may use labels, so they are fitted on the given trials alone."""
        to_fit, trials = self.data.trials_to_fit(settings), self.data.trials(settings)
        truth, of = self.data.truth(to_fit), settings.features
        assert of is not None

        def inputs_of(
            fit: NDArray[np.intp], decide: NDArray[np.intp]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            X = by_trial(to_fit.X[fit], to_fit.n_times)
            features = of.fit(X, truth[fit], to_fit.times_hz)
            made = features.transform(X), features.transform(by_trial(trials.X[decide], trials.n_times))
            size = made[0].std() or 1.0
            return made[0] / size, made[1] / size

        return inputs_of

    def _samples(self, settings: Settings) -> tuple[NDArray, NDArray]:
        """Samples (n_trials, n_channels, n_times) of all trials to fit on and to decide on."""

        def made(trials: Trials) -> NDArray:
            return np.ascontiguousarray(by_trial(trials.X, trials.n_times).swapaxes(1, 2), np.float64)

        return _both(self.data, settings, made)


def _in_each_fit(transformer: Any, inputs_of: InputsOf) -> InputsOf:
    """The inputs after a transformer that is fitted on the trials of each fit; None if there is none."""
    if transformer is None:
        return inputs_of

    def transformed(fit: NDArray[np.intp], decide: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from sklearn.base import clone

        X, X_test = inputs_of(fit, decide)
        fitted: Any = clone(transformer)
        return fitted.fit_transform(X), fitted.transform(X_test)

    return transformed


def _whitened(data: FoldData, search: SettingsSearch, settings: Settings) -> tuple[NDArray, NDArray]:
    """Vectors of all trials to fit on and to decide on, in the recording's own features, whitened as settings say."""
    whitener = search.whitener(settings)

    def made(trials: Trials) -> NDArray:
        X = trials.X if whitener is None else whitener.transform(trials.X)
        return data.prepared.own_features(settings.steps, X)

    return _both(data, settings, made)


def _both(data: FoldData, settings: Settings, made: Callable[[Trials], NDArray]) -> tuple[NDArray, NDArray]:
    to_fit, trials = data.trials_to_fit(settings), data.trials(settings)
    X = made(trials)
    return (X if to_fit is trials else made(to_fit)), X


def shape_of(data: TrialData, settings: Settings) -> TrialShape:
    trials = data.trials_to_fit(settings)
    return TrialShape(trials.n_times, data.n_features(settings), trials.times_hz, data.targets.answers)
