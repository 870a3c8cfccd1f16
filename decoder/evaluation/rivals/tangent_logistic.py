"""Covariances in their tangent space and logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import FieldClassifier, Shape, from_pyriemann
from .vectors import logistic_regressions


@dataclass(frozen=True)
class TangentThenLogistic(FieldClassifier):
    """Each trial's covariance, seen from the mean of all (Riemannian), then logistic regression.

    References
    ----------
    Barachant et al. (2012), Multiclass brain-computer interface classification by Riemannian geometry. IEEE Trans.
    Biomed. Eng. 59, 920-928.
    """

    name = "tangent+logistic"
    takes = "samples"
    told = "covariances in their tangent space, logistic regression (its strength chosen)"

    def before(self, shape: Shape) -> Any:
        from sklearn.pipeline import make_pipeline

        covariances = from_pyriemann("estimation").Covariances("oas")
        return make_pipeline(covariances, from_pyriemann("tangentspace").TangentSpace())

    def candidates(self, shape: Shape) -> Sequence[Any]:
        return logistic_regressions()
