"""Classifiers of vectors: they take the same features as the decoder's adapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from ....adapters.row_space import RowSpace, is_wide, row_space
from ....adapters.shrunk_covariance import shrinkage_by
from ....adapters.unit_blocks import EPS, blocks, sum_of_squares
from ...features.covariance import lwf
from .base import Rival, TrialShape

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class LDA(Rival):
    """Linear discriminant analysis with the shrinkage of Ledoit and Wolf; nothing has to be chosen.

    References
    ----------
    Blankertz et al. (2011), Single-trial analysis and classification of ERP components. NeuroImage 56, 814-825.
    """

    name = "lda"
    takes = "features"
    description = "shrinkage linear discriminant analysis of the decoder’s own features"

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        return [ShrinkageLDA()]


@dataclass(frozen=True)
class Logistic(Rival):
    """Logistic regression on standardised features, with an L2 penalty."""

    name = "logistic"
    takes = "features"
    description = "logistic regression (its strength chosen) of the decoder’s own features"

    def in_each_fit(self, shape: TrialShape) -> Any:
        return standardised()

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        return logistic_regressions()


@dataclass(frozen=True)
class Centroid(Rival):
    """The class whose mean is nearest; the simplest classifier there is."""

    name = "centroid"
    takes = "features"
    description = "minus the distance to each class’s mean of the decoder’s own features; the nearest is the decision"

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        return [_NearestMean()]


class _NearestMean(ClassifierMixin, BaseEstimator):
    def fit(self, X: NDArray, y: NDArray[np.intp]) -> _NearestMean:
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == one].mean(axis=0) for one in self.classes_])
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        return -np.stack([np.linalg.norm(X - mean, axis=1) for mean in self.means_], axis=1)


class ShrinkageLDA(ClassifierMixin, BaseEstimator):
    """Linear discriminant analysis; each class's covariance is shrunk after its features are scaled to one variance.

    The decisions are those of scikit-learn's with ``solver="lsqr", shrinkage="auto"``, in a fifth of the time for
    voxels: the shrunk covariance has an inverse, so nothing needs a decomposition into singular values. Of a whole
    brain, no matrix of features by features is formed.

    References
    ----------
    Hastie, Tibshirani & Friedman (2009), The elements of statistical learning, eq. 4.10. Ledoit & Wolf (2004), A
    well-conditioned estimator for large-dimensional covariance matrices. J. Multivariate Analysis 88, 365-411.
    """

    def fit(self, X: NDArray, y: NDArray[np.intp]) -> ShrinkageLDA:
        self.classes_ = np.unique(y)
        of_classes = [X[y == one] for one in self.classes_]
        means = np.stack([of.mean(axis=0) for of in of_classes])
        shares = np.array([len(of) for of in of_classes]) / len(X)
        self.coef_ = (_solved_in_factors if is_wide(*X.shape) else _solved)(of_classes, shares, means)
        self.intercept_ = np.log(shares) - 0.5 * np.sum(means * self.coef_, axis=1)
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        return X @ self.coef_.T + self.intercept_


def _solved(of_classes: Sequence[NDArray], shares: NDArray, means: NDArray) -> NDArray[np.float64]:
    """The classes' means (n_classes, n_features) times the inverse of their mean shrunk covariance."""
    covariance = np.sum([share * _shrunk(of) for share, of in zip(shares, of_classes, strict=True)], axis=0)
    return np.linalg.solve(covariance, means.T).T


def _shrunk(X: NDArray) -> NDArray[np.float64]:
    scale = X.std(axis=0)
    scale[scale == 0] = 1.0
    return lwf((X - X.mean(axis=0)) / scale) * np.outer(scale, scale)


def _solved_in_factors(of_classes: Sequence[NDArray], shares: NDArray, means: NDArray) -> NDArray[np.float64]:
    """`_solved`, where the covariance is ``diag(level) + B'B`` with one row of B for each trial (Woodbury's identity).

    Only some features at a time are more than numbers for each class.
    """
    n, n_features = sum(map(len, of_classes)), means.shape[1]
    # So few features that what is made of them stays in the processor's cache.
    parts, sizes = list(blocks(8 * n, n_features)), [len(of) for of in of_classes]
    variance, grams = np.empty_like(means), [np.zeros((size, size)) for size in sizes]
    for at in parts:
        for of, mean, power, gram in zip(of_classes, means, variance, grams, strict=True):
            deviations = of[:, at] - mean[at]
            power[at] = sum_of_squares(deviations) / len(of)
            deviations /= np.sqrt(np.where(power[at] > 0, power[at], 1.0))
            gram += deviations @ deviations.T
    weights = np.array([shrinkage_by(gram, gram.diagonal(), n_features) for gram in grams])
    weights[weights < n_features * EPS] = 0.0  # rounding
    varies = variance > 0
    level = (shares * weights * varies.mean(axis=1)) @ np.where(varies, variance, 1.0)
    is_shrunk = bool(level.all())  # not with two trials of each class, say
    root = np.sqrt(level) if is_shrunk else np.ones_like(level)
    factor = np.repeat(np.sqrt((1 - weights) / n), sizes)[:, np.newaxis]

    def walk() -> Iterator[tuple[slice, NDArray, NDArray]]:
        for at in parts:
            rows = np.concatenate([of[:, at] - mean[at] for of, mean in zip(of_classes, means, strict=True)])
            yield at, rows * factor / root[at], means[:, at] / root[at]

    inner, along = np.eye(n) * is_shrunk, np.zeros((n, len(means)))
    for _, B, M in walk():
        inner += B @ B.T
        along += B @ M.T
    if is_shrunk:
        left = np.linalg.solve(inner, along).T
    else:  # the shortest solution of least squares, in the span of the trials
        inverse = np.linalg.pinv(inner, hermitian=True)
        left = -(inverse @ inverse @ along).T
    solved = np.empty_like(means)
    for at, B, M in walk():
        solved[:, at] = (is_shrunk * M - left @ B) / root[at]
    return solved


def logistic_regressions() -> list[Any]:
    """One classifier of `standardised` features for each strength of the penalty, the strongest first."""
    from sklearn.linear_model import LogisticRegression

    return [LogisticRegression(C=c, max_iter=2000) for c in STRENGTHS]


def standardised() -> Any:
    """Features of mean 0 and standard deviation 1; of a whole brain, their coordinates, which the penalty keeps."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), _Coordinates())


class _Coordinates(TransformerMixin, BaseEstimator):
    """Wide features as coordinates in the row space of those it was fitted on; others unchanged."""

    space_: RowSpace | None

    def fit(self, X: NDArray, y: None = None) -> _Coordinates:
        self.space_ = row_space(X) if is_wide(*X.shape) else None
        return self

    def fit_transform(self, X: NDArray, y: None = None, **fit_params: Any) -> NDArray:
        space = self.fit(X).space_
        return X if space is None else space.coordinates

    def transform(self, X: NDArray) -> NDArray:
        return X if self.space_ is None else self.space_.coordinates_of(X)
