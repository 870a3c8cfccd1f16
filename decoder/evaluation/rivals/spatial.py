"""Classifiers of samples: spatial filters or covariances of the channels, then a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...features.covariance import oas
from ...features.trials import centred
from .base import Rival, TrialShape, from_pyriemann, numbers_of_filters
from .vectors import ShrinkageLDA, logistic_regressions, standardised


@dataclass(frozen=True)
class CSPThenLDA(Rival):
    """Log power of the 2 to 6 sources that best separate the classes, then shrinkage LDA.

    References
    ----------
    Blankertz et al. (2008), Optimizing spatial filters for robust EEG single-trial analysis. IEEE Signal Process. Mag.
    25(1), 41-56.
    """

    name = "csp+lda"
    takes = "samples"
    description = "log power of common spatial patterns (their number chosen), shrinkage linear discriminant analysis"

    def before(self, shape: TrialShape) -> Any:
        return from_pyriemann("estimation").Covariances(_covariance)

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        from sklearn.pipeline import make_pipeline

        csp = from_pyriemann("spatialfilters").CSP
        numbers = numbers_of_filters((2, 3, 4, 6), shape.n_channels)
        return [make_pipeline(csp(nfilter=n), ShrinkageLDA()) for n in numbers]


@dataclass(frozen=True)
class XDawnThenLDA(Rival):
    """Samples of sources that hold the most of each class's mean response, then shrinkage LDA.

    References
    ----------
    Rivet et al. (2009), xDAWN algorithm to enhance evoked potentials: application to brain-computer interface. IEEE
    Trans. Biomed. Eng. 56, 2035-2043. Blankertz et al. (2011), Single-trial analysis and classification of ERP
    components. NeuroImage 56, 814-825 (shrinkage LDA).
    """

    name = "xdawn+lda"
    takes = "samples"
    description = (
        "samples of xDAWN sources (their number for each class chosen), shrinkage linear discriminant analysis"
    )

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        xdawn = from_pyriemann("spatialfilters").Xdawn
        return [
            make_pipeline(xdawn(nfilter=n, estimator="oas"), FunctionTransformer(_in_rows), ShrinkageLDA())
            for n in numbers_of_filters((1, 2, 4), shape.n_channels)
        ]


@dataclass(frozen=True)
class TangentThenLogistic(Rival):
    """Each trial's covariance in the tangent space at the (Riemannian) mean of all, then logistic regression.

    References
    ----------
    Barachant et al. (2012), Multiclass brain-computer interface classification by Riemannian geometry. IEEE Trans.
    Biomed. Eng. 59, 920-928.
    """

    name = "tangent+logistic"
    takes = "samples"
    description = "covariances in their tangent space, logistic regression (its strength chosen)"

    def before(self, shape: TrialShape) -> Any:
        from sklearn.pipeline import make_pipeline

        covariances = from_pyriemann("estimation").Covariances(_covariance)
        return make_pipeline(covariances, from_pyriemann("tangentspace").TangentSpace())

    def in_each_fit(self, shape: TrialShape) -> Any:
        return standardised()

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        return logistic_regressions()


@dataclass(frozen=True)
class XDawnThenTangent(Rival):
    """Covariances of xDAWN sources and the classes' mean responses, in their tangent space; logistic regression.

    References
    ----------
    Barachant & Congedo (2014), A plug&play P300 BCI using information geometry. arXiv:1409.0107.
    """

    name = "xdawn+tangent"
    takes = "samples"
    description = (
        "covariances of xDAWN sources (their number for each class chosen) and the classes’ mean responses in their "
        "tangent space, logistic regression"
    )

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        xdawn = from_pyriemann("estimation").XdawnCovariances
        space = from_pyriemann("tangentspace").TangentSpace
        # One strength: to choose it, too, would fit each number of filters anew and hardly changes the order.
        return [
            make_pipeline(
                xdawn(nfilter=n, estimator=_covariance, xdawn_estimator="oas"),
                space(),
                StandardScaler(),
                LogisticRegression(max_iter=2000),
            )
            for n in numbers_of_filters((1, 2, 4), shape.n_channels)
        ]


def _covariance(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance of a trial (n_channels, n_times), shrunk; that of scikit-learn takes a hundred times as long."""
    return oas(centred(x.T))


def _in_rows(X: Any) -> Any:
    return X.reshape(len(X), -1)
