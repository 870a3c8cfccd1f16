from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hotwire.decoder.evaluation.rivals import vectors
from hotwire.decoder.evaluation.rivals.vectors import ShrinkageLDA, logistic_regressions, standardised


@pytest.mark.parametrize("in_factors", [False, True])
@given(n_classes=st.integers(2, 5), n_features=st.integers(1, 40), seed=st.integers(0, 2**16))
def test_lda_is_that_of_scikit_learn(n_classes: int, n_features: int, seed: int, in_factors: bool) -> None:
    """Also with fewer trials than features, classes of unequal size, and units that differ a thousandfold."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n_classes), np.arange(n_classes), rng.integers(n_classes, size=12)])
    X = (rng.normal(size=(len(y), n_features)) + np.eye(n_classes, n_features)[y]) * 10.0 ** rng.integers(
        0, 4, n_features
    )
    held_out = rng.normal(size=(7, n_features)) * X.std(axis=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "is_wide", lambda *_: in_factors)
        ours = ShrinkageLDA().fit(X, y).decision_function(held_out)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).decision_function(held_out)
    ours = ours[:, 1] - ours[:, 0] if n_classes == 2 else ours
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("in_factors", [False, True])
def test_a_feature_that_does_not_vary(in_factors: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "is_wide", lambda *_: in_factors)
    X = np.random.default_rng(0).normal(size=(20, 3))
    X[:, 1] = 5.0
    y = np.arange(20) % 2
    ours = ShrinkageLDA().fit(X, y).decision_function(X)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).decision_function(X)
    assert ours[:, 1] - ours[:, 0] == pytest.approx(theirs, abs=1e-8)


def test_a_whole_brain_is_told_apart_without_a_matrix_of_voxels_by_voxels() -> None:
    """40,000 voxels squared would be 12.8 GB."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    X, held_out = (rng.normal(size=(24, 40_000)) + 0.1 * rng.normal(size=(3, 40_000))[y] for _ in range(2))
    held_out += X - rng.normal(size=X.shape)
    assert (ShrinkageLDA().fit(X, y).decision_function(held_out).argmax(axis=1) == y).all()
    first = standardised().fit(X)
    assert first.transform(X).shape == (24, 23)
    for one in logistic_regressions():
        assert (one.fit(first.transform(X), y).decision_function(first.transform(held_out)).argmax(axis=1) == y).all()


def test_two_trials_of_a_class_are_not_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The covariance has no inverse then; the solution is that of least squares, as in scikit-learn."""
    monkeypatch.setattr(vectors, "is_wide", lambda *_: True)
    rng, y = np.random.default_rng(0), np.repeat([0, 1, 2], 2)
    X, held_out = rng.normal(size=(6, 50)), rng.normal(size=(5, 50))
    ours = ShrinkageLDA().fit(X, y).decision_function(held_out)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).decision_function(held_out)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_coordinates_change_no_logistic_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X, held_out = rng.normal(size=(30, 300)) * np.arange(1, 301), rng.normal(size=(9, 300)) * np.arange(1, 301)
    decided = []
    for in_coordinates in (False, True):
        monkeypatch.setattr(vectors, "is_wide", lambda *_, way=in_coordinates: way)
        first, [one, *_] = standardised(), logistic_regressions()
        one.set_params(tol=1e-10).fit(first.fit_transform(X), y)
        assert first.transform(held_out).shape[1] == (29 if in_coordinates else 300)
        decided.append(one.decision_function(first.transform(held_out)))
    np.testing.assert_allclose(*decided, rtol=1e-4, atol=1e-6)
