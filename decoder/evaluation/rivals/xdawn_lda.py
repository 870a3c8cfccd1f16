"""xDAWN spatial filters and linear discriminant analysis, the classifier of evoked potentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import FieldClassifier, Shape, from_pyriemann, numbers_of_filters
from .vectors import shrinkage_lda

FILTERS = (1, 2, 4)


@dataclass(frozen=True)
class XDawnThenLDA(FieldClassifier):
    """Samples of sources that hold the most of each answer's mean response, then shrinkage LDA.

    References
    ----------
    Rivet et al. (2009), xDAWN algorithm to enhance evoked potentials: application to brain-computer interface. IEEE
    Trans. Biomed. Eng. 56, 2035-2043. Blankertz et al. (2011), Single-trial analysis and classification of ERP
    components. NeuroImage 56, 814-825 (shrinkage LDA).
    """

    name = "xdawn+lda"
    takes = "samples"
    told = "samples of xDAWN sources (their number for each answer chosen), shrinkage linear discriminant analysis"

    def candidates(self, shape: Shape) -> Sequence[Any]:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        xdawn = from_pyriemann("spatialfilters").Xdawn
        return [
            make_pipeline(xdawn(nfilter=n, estimator="oas"), FunctionTransformer(_in_rows), shrinkage_lda())
            for n in numbers_of_filters(FILTERS, shape.n_channels)
        ]


def _in_rows(X: Any) -> Any:
    return X.reshape(len(X), -1)
