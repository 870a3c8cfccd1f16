"""Classifiers of vectors: they take the same features as the decoder's adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

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
        return [shrinkage_lda()]


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


def shrinkage_lda() -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def logistic_regressions() -> list[Any]:
    """One classifier for each strength of the penalty, the strongest first."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000)) for c in STRENGTHS]
