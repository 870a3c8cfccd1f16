"""What a classifier of the field chooses for itself in the training runs of a fold, and how it then decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...inner_folds import Split
from ...settings import Settings
from ...statistics.auc import choice_score
from ...statistics.measures import hits
from ..choices import Choice, choose_in_turn
from ..splits import split_runs
from ..threads import once
from .base import Rival
from .inputs import FoldInputs, InputsOf

CHOSEN = {
    "samples": ("steps", "fit_steps", "window", "fit_window"),
    "features": ("steps", "fit_steps", "window", "fit_window", "features"),
}
"""The settings that concern a classifier, by what it takes; whitening is the decoder's."""


def own_choices(classifier: Rival, choices: Sequence[Choice]) -> list[Choice]:
    """The decoder's choices that concern what the classifier takes."""
    return [one for one in choices if one.setting in CHOSEN[classifier.takes]]


class RivalSearch:
    """A classifier in one outer fold: it chooses settings and one of its candidates by inner folds, and decides."""

    def __init__(self, classifier: Rival, inputs: FoldInputs, inner_folds: int) -> None:
        self._classifier, self._inputs, self._n_inner = classifier, inputs, inner_folds
        self._inputs_of = once(lambda settings: inputs.of(classifier, settings), maxsize=1)
        self._scores: dict[Settings, list[float]] = {}

    def choose(self, own: Settings, decoders: Settings, choices: Sequence[Choice]) -> Settings:
        """Choose among the values of the decoder's choices; the rest is as in `decoders`, the decoder's in this fold.

        `own` are the settings before any choice.
        """
        choices = own_choices(self._classifier, choices)
        start = replace(decoders, **{one.setting: getattr(own, one.setting) for one in choices})
        return choose_in_turn(self._inputs.data, start, choices, lambda one, _: max(self._scores_of(one)))

    def decide(self, settings: Settings) -> NDArray[np.float64]:
        """Scores (n_held_out, n_classes) of the best candidate, fitted on all training trials of the fold."""
        candidates, data = self._candidates(settings), self._inputs.data
        train, _, test = self._inputs.positions(settings)
        best = candidates[int(np.argmax(self._scores_of(settings))) if len(candidates) > 1 else 0]
        X, held_out = self._inputs_of(settings)(train, test)
        truth = data.truth(data.trials_to_fit(settings))[train]
        return scores_of(_fresh(best).fit(X, truth), held_out, len(data.targets.answers))

    def _candidates(self, settings: Settings) -> Sequence[Any]:
        return self._classifier.candidates(self._inputs.shape(settings))

    def _scores_of(self, settings: Settings) -> list[float]:
        if settings not in self._scores:
            self._scores[settings] = self._score(settings)
        return self._scores[settings]

    def _score(self, settings: Settings) -> list[float]:
        """The score of each candidate; with a single training run there is none, and all are equally good."""
        data, candidates = self._inputs.data, self._candidates(settings)
        to_fit, trials = data.trials_to_fit(settings), data.trials(settings)
        train, decide, _ = self._inputs.positions(settings)
        runs = np.unique(trials.run[decide]).tolist()
        if len(runs) < 2:
            return [0.0] * len(candidates)
        parts = []
        for out in split_runs(runs, min(self._n_inner, len(runs))):
            parts.append((train[~np.isin(to_fit.run[train], out)], decide[np.isin(trials.run[decide], out)]))
        return inner_scores(candidates, self._inputs_of(settings), data.truth(to_fit), data.truth(trials), parts)


def inner_scores(
    candidates: Sequence[Any],
    inputs_of: InputsOf,
    truth_to_fit: NDArray[np.intp],
    truth: NDArray[np.intp],
    parts: Sequence[Split],
) -> list[float]:
    """Score the decisions of inner folds, for each candidate: by the AUC within them for two classes, else accuracy.

    Where a class is in one inner fold alone, all scores are 0.
    """
    tested = np.concatenate([test for _, test in parts])
    fold = np.repeat(np.arange(len(parts)), [len(test) for _, test in parts])
    present = np.unique(truth[tested])
    scores = np.zeros((len(candidates), len(truth), int(max(truth.max(), truth_to_fit.max())) + 1))
    for train, test in parts:
        if not np.isin(present, truth_to_fit[train]).all():
            return [0.0] * len(candidates)
        X, X_test = inputs_of(train, test)
        for of, candidate in zip(scores, candidates, strict=True):
            of[test] = scores_of(_fresh(candidate).fit(X, truth_to_fit[train]), X_test, of.shape[1])
    if len(present) == 2:
        second = truth[tested] == present[1]
        return [choice_score(of[tested][:, present], second, fold) for of in scores]
    return [float(hits(of[tested], truth[tested]).mean()) for of in scores]


def scores_of(classifier: Any, X: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Scores (n_trials, n_classes) of a fitted classifier; a class that it was never trained on is ranked last."""
    decision = np.asarray(classifier.decision_function(X), np.float64)
    if decision.ndim == 1:
        decision = np.stack([-decision / 2, decision / 2], axis=1)
    scores = np.full((len(X), n_classes), decision.min(initial=0.0) - 1.0)
    scores[:, classifier.classes_] = decision
    return scores


def _fresh(candidate: Any) -> Any:
    from sklearn.base import clone

    return clone(candidate)
