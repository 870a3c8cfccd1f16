from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from hotwire.decoder.evaluation.rivals.base import numbers_of_filters
from hotwire.decoder.evaluation.rivals.choosing import fitted, scores_of
from hotwire.decoder.evaluation.rivals.vectors import shrinkage_lda


def of_runs(n_answers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    answers = np.arange(60) % n_answers
    return rng.normal(size=(60, 5)) + np.eye(5)[answers] * 2, answers, np.repeat(np.arange(6), 10)


def test_chooses_the_better_one_and_fits_it_on_all() -> None:
    for n_answers in (2, 3):
        X, answers, runs = of_runs(n_answers)
        blind, good = make_pipeline(FunctionTransformer(np.zeros_like), LogisticRegression()), shrinkage_lda()
        one = fitted([blind, good], X, answers, runs, 3)
        assert type(one) is type(good)
        np.testing.assert_array_equal(one.coef_, good.fit(X, answers).coef_)


def test_with_a_single_run_the_first_is_taken() -> None:
    X, answers, runs = of_runs(2)
    assert isinstance(fitted([LogisticRegression(), shrinkage_lda()], X, answers, runs * 0, 3), LogisticRegression)


def test_an_answer_never_seen_comes_last() -> None:
    X, answers, _ = of_runs(3)
    for seen in ([0, 2], [0, 1, 2]):
        some = np.isin(answers, seen)
        scores = scores_of(shrinkage_lda().fit(X[some], answers[some]), X, 4)
        assert scores.shape == (60, 4)
        assert (scores[:, 3] < scores[:, seen].min(axis=1)).all()
        np.testing.assert_array_equal(
            np.array(seen)[scores[:, seen].argmax(axis=1)], shrinkage_lda().fit(X[some], answers[some]).predict(X)
        )


def test_filters_there_are_channels_for() -> None:
    assert numbers_of_filters((2, 4), 3) == [2]
