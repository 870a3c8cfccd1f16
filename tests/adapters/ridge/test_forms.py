"""Forms against the sums that they stand for, found from the predictions of scikit-learn's Ridge."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from hotwire.adapters.ridge.decomposition import quick_svd
from hotwire.adapters.ridge.forms import fold_by_fold, forms, left_out, sums_of
from hotwire.adapters.ridge.held_out import prepare_folds

ALPHAS = np.array([0.01, 1.0, 100.0])


def fold(*held_out: int) -> tuple[np.ndarray, np.ndarray]:
    return np.setdiff1d(np.arange(24), held_out), np.array(held_out)


WHOLE = [fold(*range(6)), fold(*range(6, 11)), fold(23, *range(11, 17)), fold(20, 17, 18, 19, 21, 22)]
PARTIAL = [fold(0, 1, 2), fold(2, 1, 9), (np.arange(10), np.arange(12, 20))]


@pytest.mark.parametrize("n_features", [5, 23, 24, 60])
@pytest.mark.parametrize("folds", [WHOLE, PARTIAL])
@pytest.mark.parametrize("way", ["left out", "fold by fold"])
def test_sums_over_what_is_held_out(n_features: int, folds, way: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, n_features))
    layers = [X[:, :3] @ rng.normal(size=(3, 7)) + rng.normal(size=(24, 7)) + 2.0 for _ in range(2)]
    if way == "left out":
        if folds is PARTIAL:
            folds = folds[:2]
        parts = quick_svd(X - X.mean(axis=0), ALPHAS.min())
        assert parts is not None
        parts.left[:] -= parts.left.mean(axis=0)
        predictions = left_out(parts, folds, ALPHAS)
    else:
        predictions = fold_by_fold(prepare_folds(X, folds, "none"), 24, ALPHAS)
    grams = np.stack([Y @ Y.T for Y in layers])
    found = sums_of(forms(24, folds, predictions, len(ALPHAS)), grams)
    for sums, Y in zip(found, layers, strict=True):
        for number, alpha in enumerate(ALPHAS):
            error = predicted = true = 0.0
            for train, held_out in folds:
                mean = Y[train].mean(axis=0)
                guess = Ridge(alpha=alpha, solver="svd").fit(X[train], Y[train]).predict(X[held_out])
                error += np.sum((guess - Y[held_out]) ** 2)
                predicted += np.sum((guess - mean) ** 2)
                true += np.sum((Y[held_out] - mean) ** 2)
            np.testing.assert_allclose(sums.error[number, 0], error, rtol=1e-7)
            np.testing.assert_allclose(sums.predicted[number, 0], predicted, rtol=1e-7)
            np.testing.assert_allclose(sums.true[0], true, rtol=1e-10)
