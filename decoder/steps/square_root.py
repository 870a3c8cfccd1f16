"""The square root of counts: it gives spikes, whose noise grows with their mean, noise of one size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState


@dataclass(frozen=True)
class SquareRoot(Step):
    """Take the square root of each sample, which makes the variance of Poisson counts about the same at any mean.

    A linear map from spike counts or rates then weighs weak and strong responses alike.

    Raises
    ------
    InputError
        In `push`: a value is negative, so these are no counts or rates.

    References
    ----------
    Bartlett (1936), The square root transformation in analysis of variance. J. R. Stat. Soc. Suppl. 3, 68-78.

    Examples
    --------
    >>> SquareRoot().open(2, 1.0).push([[4.0, 0.0]])
    array([[2., 0.]], dtype=float32)
    """

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return _SquareRootState(n_features)


class _SquareRootState(StepState):
    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        if chunk.size and chunk.min() < 0:
            sample, feature = np.argwhere(chunk < 0)[0]
            raise InputError(
                f"chunk: SquareRoot expects counts or rates, at least 0, got {chunk[sample, feature]} in feature "
                f"{feature} of sample {sample} of this chunk; leave the step out, or put it before what centres"
            )
        return np.sqrt(chunk)
