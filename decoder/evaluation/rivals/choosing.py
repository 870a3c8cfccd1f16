"""Which of a classifier's candidates is best in inner folds of the training runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...statistics.auc import auc
from ...statistics.measures import hits
from ..splits import split_runs


def fitted(candidates: Sequence[Any], X: NDArray, truth: NDArray[np.intp], runs: NDArray, n_folds: int) -> Any:
    """Fit the best of the candidates (scikit-learn classifiers) on all trials.

    The decisions of all inner folds, which hold out whole runs, are scored together: by the AUC for two classes, else
    by accuracy. Of equally good candidates the first is taken; with a single run, the first without any score.
    """
    names = np.unique(runs).tolist()
    best = 0
    if len(candidates) > 1 and len(names) > 1:
        parts = [np.isin(runs, part) for part in split_runs(names, min(n_folds, len(names)))]
        best = int(np.argmax([_score(one, X, truth, parts) for one in candidates]))
    return _fresh(candidates[best]).fit(X, truth)


def scores_of(classifier: Any, X: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Scores (n_trials, n_classes) of a fitted classifier; a class that it was never trained on is ranked last."""
    decision = np.asarray(classifier.decision_function(X), np.float64)
    if decision.ndim == 1:
        decision = np.stack([-decision / 2, decision / 2], axis=1)
    scores = np.full((len(X), n_classes), decision.min(initial=0.0) - 1.0)
    scores[:, classifier.classes_] = decision
    return scores


def _score(candidate: Any, X: NDArray, truth: NDArray[np.intp], parts: Sequence[NDArray[np.bool_]]) -> float:
    """AUC or accuracy of the decisions over inner folds."""
    n_classes = int(truth.max()) + 1
    scores = np.zeros((len(X), n_classes))
    for test in parts:
        if len(np.unique(truth[~test])) < len(np.unique(truth)):
            return 0.0  # for all candidates alike: a class is in one part alone
        scores[test] = scores_of(_fresh(candidate).fit(X[~test], truth[~test]), X[test], n_classes)
    present = np.unique(truth)
    return auc(scores[:, present], truth == present[1]) if len(present) == 2 else float(hits(scores, truth).mean())


def _fresh(candidate: Any) -> Any:
    from sklearn.base import clone

    return clone(candidate)
