from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from hotwire.decoder.evaluation.rivals.base import numbers_of_filters
from hotwire.decoder.evaluation.rivals.choosing import inner_scores, scores_of


def lda() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def of_runs(n_answers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    answers = np.arange(60) % n_answers
    return rng.normal(size=(60, 5)) + np.eye(5)[answers] * 2, answers, np.repeat(np.arange(6), 10)


def scored(candidates: list, X: np.ndarray, answers: np.ndarray, parts: list) -> list[float]:
    return inner_scores(candidates, lambda train, test: (X[train], X[test]), answers, answers, parts)


def test_candidates_are_scored_as_by_scikit_learn() -> None:
    """The AUC of two classes within inner folds, else the accuracy of all together."""
    for n_answers in (2, 3):
        X, answers, runs = of_runs(n_answers)
        parts = [(np.flatnonzero(runs != run), np.flatnonzero(runs == run)) for run in range(6)]
        blind, good = (
            make_pipeline(FunctionTransformer(np.zeros_like), LogisticRegression()),
            lda(),
        )
        of_blind, of_good = scored([blind, good], X, answers, parts)
        decided: Any = cross_val_predict(
            good, X, answers, groups=runs, cv=LeaveOneGroupOut(), method="decision_function"
        )
        if n_answers == 2:
            each = [roc_auc_score(answers[runs == run], decided[runs == run]) for run in range(6)]
            assert of_good == pytest.approx(np.mean(each))
        else:
            assert of_good == pytest.approx(np.mean(decided.argmax(axis=1) == answers))
        assert of_good > of_blind


def test_no_score_where_a_class_is_in_one_part_alone() -> None:
    X, answers, _ = of_runs(3)
    parts = [(np.flatnonzero(answers != 2), np.flatnonzero(answers == 2))]
    assert scored([lda()], X, answers, parts) == [0.0]


def test_an_answer_never_seen_comes_last() -> None:
    X, answers, _ = of_runs(3)
    for seen in ([0, 2], [0, 1, 2]):
        some = np.isin(answers, seen)
        scores = scores_of(lda().fit(X[some], answers[some]), X, 4)
        assert scores.shape == (60, 4)
        assert (scores[:, 3] < scores[:, seen].min(axis=1)).all()
        np.testing.assert_array_equal(
            np.array(seen)[scores[:, seen].argmax(axis=1)],
            lda().fit(X[some], answers[some]).predict(X),
        )


def test_filters_there_are_channels_for() -> None:
    assert numbers_of_filters((2, 4), 3) == [2]
