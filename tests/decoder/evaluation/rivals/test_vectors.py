from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hotwire.decoder.evaluation.rivals.vectors import ShrinkageLDA


@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 2**16))
def test_lda_is_that_of_scikit_learn(n_classes: int, n_features: int, seed: int) -> None:
    """Also with fewer trials than features, classes of unequal size, and units that differ a thousandfold."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n_classes), np.arange(n_classes), rng.integers(n_classes, size=12)])
    X = (rng.normal(size=(len(y), n_features)) + np.eye(n_classes, n_features)[y]) * 10.0 ** rng.integers(
        0, 4, n_features
    )
    held_out = rng.normal(size=(7, n_features)) * X.std(axis=0)
    ours = ShrinkageLDA().fit(X, y).decision_function(held_out)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).decision_function(held_out)
    ours = ours[:, 1] - ours[:, 0] if n_classes == 2 else ours
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


def test_a_feature_that_does_not_vary() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    X[:, 1] = 5.0
    y = np.arange(20) % 2
    ours = ShrinkageLDA().fit(X, y).decision_function(X)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).decision_function(X)
    assert ours[:, 1] - ours[:, 0] == pytest.approx(theirs, abs=1e-8)
