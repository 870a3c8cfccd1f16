"""Sessions made up for tests of adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import LeaveOneGroupOut

Predict = Callable[[NDArray, NDArray, NDArray], NDArray]
"""From training features, training targets and new features to predictions."""


def session(seed: int, n_samples: int, n_features: int, n_units: int, x_rank: int = 10**6, y_rank: int = 10**6):
    """Features, targets that follow them in part, and groups of three samples; means are far from zero."""
    rng = np.random.default_rng(seed)
    x_rank, y_rank = min(x_rank, n_samples, n_features), min(y_rank, n_samples, n_units)
    X = rng.normal(size=(n_samples, x_rank)) @ rng.normal(size=(x_rank, n_features)) + rng.normal(size=n_features)
    latent = X @ rng.normal(size=(n_features, y_rank)) / n_features + rng.normal(size=(n_samples, y_rank))
    Y = latent @ rng.normal(size=(y_rank, n_units)) + 3 * rng.normal(size=n_units)
    return X, Y, np.arange(n_samples) // 3


@st.composite
def sessions(draw, constants: tuple[float, ...] = (0.0, 0.1, -3e5), least_units: int = 1):
    """Sessions of few and of many features and units, some of low rank, some with a constant or a repeated feature."""
    X, Y, groups = session(
        draw(st.integers(0, 2**32 - 1)),
        n_samples=draw(st.integers(7, 18)),
        n_features=draw(st.integers(1, 30)),
        n_units=draw(st.integers(least_units, 40)),
        x_rank=draw(st.integers(1, 30)),
        y_rank=draw(st.integers(1, 30)),
    )
    columns = [X]
    if draw(st.booleans()):
        columns.append(np.full((len(X), 1), draw(st.sampled_from(constants))))
    if draw(st.booleans()):
        columns.append(X[:, :1])
    return np.hstack(columns), Y, groups


def held_out_error(predict: Predict, X: NDArray, Y: NDArray, groups: NDArray, choose_by: str) -> float:
    """Each group left out in turn: the mean squared error, or one minus the squared cosine of deviations."""
    residual, inner, predicted, true = 0.0, 0.0, 0.0, 0.0
    for train, held_out in LeaveOneGroupOut().split(X, Y, groups):
        mean = Y[train].mean(axis=0)
        guess, truth = predict(X[train], Y[train], X[held_out]) - mean, Y[held_out] - mean
        residual += ((truth - guess) ** 2).sum()
        inner, predicted, true = inner + (truth * guess).sum(), predicted + (guess**2).sum(), true + (truth**2).sum()
    return residual / Y.size if choose_by == "error" else 1 - max(inner, 0.0) ** 2 / (predicted * true)


def searched(adapter: Any) -> NDArray:
    """What the search found; for adapters that had something to choose from."""
    assert adapter.cv_errors_ is not None
    return adapter.cv_errors_
