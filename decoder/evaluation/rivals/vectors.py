"""Classifiers of vectors: they take the same features as the decoder's adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def shrinkage_lda() -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def logistic_regressions() -> list[Any]:
    """One classifier for each strength of the penalty, the strongest first."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000)) for c in STRENGTHS]
