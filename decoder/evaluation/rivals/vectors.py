"""Classifiers of vectors: they take the same features as the decoder's adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

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
    voxels: the shrunk covariance has an inverse, so nothing needs a decomposition into singular values.

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
        covariance = np.sum([share * _shrunk(of) for share, of in zip(shares, of_classes, strict=True)], axis=0)
        self.coef_ = np.linalg.solve(covariance, means.T).T
        self.intercept_ = np.log(shares) - 0.5 * np.sum(means * self.coef_, axis=1)
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        return X @ self.coef_.T + self.intercept_


def _shrunk(X: NDArray) -> NDArray[np.float64]:
    scale = X.std(axis=0)
    scale[scale == 0] = 1.0
    return lwf((X - X.mean(axis=0)) / scale) * np.outer(scale, scale)


def logistic_regressions() -> list[Any]:
    """One classifier for each strength of the penalty, the strongest first."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000)) for c in STRENGTHS]
