"""A classifier of the field in the decoder's own folds: the same trials to fit on and to decide on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ...features.base import by_trial
from .base import Rival, TrialShape
from .choosing import fitted, scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...windows import Trials
    from ..fold_data import FoldData
    from ..folds import FittedFold


def decide_in_folds(
    data: FoldData, folds: Sequence[FittedFold], classifier: Rival, inner_folds: int
) -> NDArray[np.float32]:
    """Scores (n_trials, n_classes) of all trials, each from a fit without its fold.

    Each fold has the steps and the window that the decoder chose there; the classifier's own choices are made in inner
    folds of the training runs.
    """
    truth, classes = data.targets.truth(), data.targets.answers
    scores = np.empty((sum(len(fold.test) for fold in folds), len(classes)), np.float32)
    for fold in folds:
        trials, to_fit = data.trials(fold.settings), data.trials_to_fit(fold.settings)
        X = _inputs(classifier, fold, to_fit, fold.to_fit(data), fold.train)
        held_out = _inputs(classifier, fold, trials, fold.to_decide(data), fold.test)
        # In volts, estimators would treat any variance as zero.
        size = X.std() or 1.0
        X, held_out = X / size, held_out / size
        shape = TrialShape(to_fit.n_times, X.shape[1], to_fit.times_hz, classes)
        before = classifier.before(shape)
        if before is not None:
            X, held_out = before.fit_transform(X), before.transform(held_out)
        right = truth[data.keys(to_fit)[fold.train]]
        one = fitted(classifier.candidates(shape), X, right, to_fit.run[fold.train], inner_folds)
        scores[fold.test] = scores_of(one, held_out, len(classes))
    return scores


def check_rival(classifier: Rival, trials: Trials, classes: tuple[str, ...], window: object) -> None:
    """Raise where the classifier cannot take such trials, before the slow part.

    InputError: it takes samples, but the windows hold averages; or its settings do not fit the classes.
    MissingExtraError: pyriemann is needed and not installed.
    """
    if classifier.takes == "samples" and trials.n_times == 1:
        raise InputError(
            f"field: {classifier.name!r} takes samples, so it needs a window that holds them, such as Epoch, got "
            f'{window!r}; "lda" and "logistic" take whatever the decoder does'
        )
    shape = TrialShape(trials.n_times, trials.X.shape[1] // trials.n_times, trials.times_hz, classes)
    classifier.before(shape)
    classifier.candidates(shape)


def _inputs(
    classifier: Rival, fold: FittedFold, trials: Trials, X: NDArray, which: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The classifier's inputs for these trials; X are the inputs of the fold's linear part."""
    if classifier.takes == "features":
        return np.asarray(fold.linear.inputs(X), np.float64)
    return np.ascontiguousarray(by_trial(trials.X[which], trials.n_times).swapaxes(1, 2), np.float64)
