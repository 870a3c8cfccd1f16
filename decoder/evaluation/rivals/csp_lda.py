"""Common spatial patterns and linear discriminant analysis, the classifier of motor imagery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import FieldClassifier, Shape, from_pyriemann, numbers_of_filters
from .vectors import shrinkage_lda

FILTERS = (2, 3, 4, 6)


@dataclass(frozen=True)
class CSPThenLDA(FieldClassifier):
    """Log power of sources that tell the answers apart, then shrinkage LDA; 2 to 6 sources.

    References
    ----------
    Blankertz et al. (2008), Optimizing spatial filters for robust EEG single-trial analysis. IEEE Signal Process. Mag.
    25(1), 41-56.
    """

    name = "csp+lda"
    takes = "samples"
    told = "log power of common spatial patterns (their number chosen), shrinkage linear discriminant analysis"

    def before(self, shape: Shape) -> Any:
        return from_pyriemann("estimation").Covariances("oas")

    def candidates(self, shape: Shape) -> Sequence[Any]:
        from sklearn.pipeline import make_pipeline

        csp = from_pyriemann("spatialfilters").CSP
        return [make_pipeline(csp(nfilter=n), shrinkage_lda()) for n in numbers_of_filters(FILTERS, shape.n_channels)]
