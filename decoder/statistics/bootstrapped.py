"""Estimates from a bootstrap: value, 95 % interval, and the draws, so that what is compared is drawn together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .intervals import NO_INTERVAL


class Ends(NamedTuple):
    """A value with its 95 % interval, NaN where there is none."""

    value: float
    low: float
    high: float


class Bootstrapped(NamedTuple):
    """An estimate and its value in each draw (n_draws,); NaN where too little was there to draw from."""

    value: float
    draws: NDArray[np.float64]

    @property
    def ends(self) -> Ends:
        """The value with its interval: the middle 95 % of the draws.

        Examples
        --------
        >>> Bootstrapped(0.5, np.linspace(0.0, 1.0, 41)).ends
        Ends(value=0.5, low=0.025..., high=0.975...)
        """
        low, high = np.quantile(self.draws, [0.025, 0.975]) if np.isfinite(self.draws).all() else NO_INTERVAL
        return Ends(self.value, float(low), float(high))

    def minus(self, other: Bootstrapped) -> Bootstrapped:
        """The difference from another estimate of the same draws."""
        return Bootstrapped(self.value - other.value, self.draws - other.draws)


def mean_of_bootstrapped(each: Sequence[Bootstrapped]) -> Bootstrapped:
    """The mean of estimates of the same draws, such as of several networks with random weights."""
    return Bootstrapped(float(np.mean([one.value for one in each])), np.mean([one.draws for one in each], axis=0))
