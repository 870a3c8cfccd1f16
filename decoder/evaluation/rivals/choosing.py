"""Which of a classifier's candidates: the one that does best in inner folds of the training runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...statistics.auc import auc
from ...statistics.measures import hits
from ..folds import split_runs


def fitted(candidates: Sequence[Any], X: NDArray, answers: NDArray[np.intp], runs: NDArray, n_folds: int) -> Any:
    """Fit the best of the candidates on all trials.

    Judged are the decisions of all inner folds together: by the AUC for two answers, else by accuracy. Of equally good
    candidates the first is taken.

    Parameters
    ----------
    candidates : sequence of scikit-learn classifiers
    X : array (n_trials, ...)
    answers : array (n_trials,) of int
    runs : array (n_trials,)
    n_folds : int
        Folds of whole runs; with a single run, the first candidate is taken unseen.
    """
    names = np.unique(runs).tolist()
    best = 0
    if len(candidates) > 1 and len(names) > 1:
        parts = [np.isin(runs, part) for part in split_runs(names, min(n_folds, len(names)))]
        best = int(np.argmax([_score(one, X, answers, parts) for one in candidates]))
    return _fresh(candidates[best]).fit(X, answers)


def decided(classifier: Any, X: NDArray, n_answers: int) -> NDArray[np.float64]:
    """Scores (n_trials, n_answers) of a fitted classifier; an answer that it has never seen comes last."""
    found = np.asarray(classifier.decision_function(X), np.float64)
    if found.ndim == 1:
        found = np.stack([-found / 2, found / 2], axis=1)
    scores = np.full((len(X), n_answers), found.min(initial=0.0) - 1.0)
    scores[:, classifier.classes_] = found
    return scores


def _score(candidate: Any, X: NDArray, answers: NDArray[np.intp], parts: Sequence[NDArray[np.bool_]]) -> float:
    """AUC or accuracy of the decisions over inner folds."""
    n_answers = int(answers.max()) + 1
    scores = np.zeros((len(X), n_answers))
    for test in parts:
        if len(np.unique(answers[~test])) < len(np.unique(answers)):
            return 0.0  # for all candidates alike: an answer lies in one part alone
        scores[test] = decided(_fresh(candidate).fit(X[~test], answers[~test]), X[test], n_answers)
    seen = np.unique(answers)
    return auc(scores[:, seen], answers == seen[1]) if len(seen) == 2 else float(hits(scores, answers).mean())


def _fresh(candidate: Any) -> Any:
    """Unfitted, with the same settings."""
    from sklearn.base import clone

    return clone(candidate)
