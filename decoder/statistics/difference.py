"""How much better or worse than another: a difference on the same trials, with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ...errors import ShapeError
from .intervals import interval_over


@dataclass(frozen=True)
class Difference:
    """One value minus another, on the same trials, with its 95 % interval over runs (`low`, `high`).

    The same runs are drawn for both, so what makes a run hard for both cancels out. The interval says how much the
    difference depends on which runs were decided on, not on which were fitted on.
    """

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["better", "worse", "no difference shown"]:
        """Whether the interval is above zero, below it, or around it.

        "No difference shown" is no proof of there being none: losses up to ``-low`` are not ruled out.
        """
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference shown"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def mean_difference(values: ArrayLike, others: ArrayLike, runs: ArrayLike) -> Difference:
    """Mean over trials of what each counts (1 for right, say), minus the mean for the other; all are (n_trials,).

    Examples
    --------
    >>> mean_difference([1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 2, 2])
    Difference(value=0.25, low=0.0, high=0.5)
    """
    values, others = np.asarray(values, np.float64), np.asarray(others, np.float64)
    if values.ndim != 1 or values.shape != others.shape:
        raise ShapeError(f"others: expected one number for each of values {values.shape}, got {others.shape}")
    return Difference(float(np.mean(values - others)), *interval_over(values - others, runs))


def in_words(difference: Difference, name: str, measure: str) -> str:
    """The decoder's difference to another classifier, in words that claim no more than the interval.

    Examples
    --------
    >>> print(in_words(Difference(-0.004, -0.018, 0.01), "lda", "AUC"))
    AUC, decoder minus lda: -0.4 points [-1.8, +1.0]. No difference shown; a loss of more than 1.8 points is ruled out.
    """
    low, high = 100 * difference.low, 100 * difference.high
    verdict = {
        "better": "The decoder is better",
        "worse": "The decoder is worse",
        "no difference shown": f"No difference shown; a loss of more than {max(0.0, -low):.1f} points is ruled out",
    }[difference.verdict]
    return (
        f"{measure}, decoder minus {name}: {100 * difference.value:+.1f} points [{low:+.1f}, {high:+.1f}]. {verdict}."
    )
