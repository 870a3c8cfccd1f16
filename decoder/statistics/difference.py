"""How much better or worse than another: a difference on the same trials, with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ShapeError
from .intervals import LEAST_RUNS, NO_INTERVAL, Counts, mean_interval, run_means, spread_over, with_shared


@dataclass(frozen=True)
class Difference:
    """One value minus another, on the same trials, with its 95 % interval over runs (`low`, `high`).

    Differences are taken run by run, so what makes a run hard for both cancels out. `low` and `high` are NaN for fewer
    than four runs; see `hotwire.decoder.statistics.intervals` for what folds share.
    """

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["better", "worse", "no difference shown"]:
        """Whether the interval is above zero, below it, or around it (or there is none).

        "No difference shown" is no proof of there being none: losses up to ``-low`` are not ruled out.
        """
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference shown"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def mean_difference(
    values: ArrayLike, others: ArrayLike, runs: ArrayLike, *, chance: float, counts: Counts = "decisions"
) -> Difference:
    """Mean over trials of what each counts (1 for right, say), minus the mean for the other; all are (n_trials,).

    Examples
    --------
    >>> one, other = [1, 1, 1, 0, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1, 0]
    >>> found = mean_difference(one, other, [1, 1, 2, 2, 3, 3, 4, 4], chance=0.5)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (0.375, -0.2, 0.95)
    """
    values, others = np.asarray(values, np.float64), np.asarray(others, np.float64)
    if values.ndim != 1 or values.shape != others.shape:
        raise ShapeError(f"others: expected one number for each of values {values.shape}, got {others.shape}")
    means, weights = run_means(np.stack([values, others]), runs)
    return difference_over(means, weights, len(values), chance=chance, counts=counts)


def difference_over(means: NDArray, weights: NDArray, n_trials: float, *, chance: float, counts: Counts) -> Difference:
    """The first minus the second of two shares, from each run's (2, n_runs) and the runs' weights (n_runs,)."""
    one, other = means @ weights
    if means.shape[1] < LEAST_RUNS:
        return Difference(float(one - other), *NO_INTERVAL)
    spread = with_shared(spread_over(means[0] - means[1], weights), float(one + other) / 2, chance, counts)
    return Difference(float(one - other), *mean_interval(float(one - other), spread, n_trials))


def in_words(difference: Difference, name: str, measure: str) -> str:
    """The decoder's difference to another classifier, in words that claim no more than the interval.

    Examples
    --------
    >>> print(in_words(Difference(-0.004, -0.018, 0.01), "lda", "AUC"))
    AUC, decoder minus lda: -0.4 points [-1.8, +1.0]. No difference shown; a loss of more than 1.8 points is ruled out.
    """
    if np.isnan(difference.low):
        return (
            f"{measure}, decoder minus {name}: {100 * difference.value:+.1f} points. No interval, as there are fewer "
            f"than {LEAST_RUNS} runs; nothing is ruled out."
        )
    low, high = 100 * difference.low, 100 * difference.high
    verdict = {
        "better": "The decoder is better",
        "worse": "The decoder is worse",
        "no difference shown": f"No difference shown; a loss of more than {max(0.0, -low):.1f} points is ruled out",
    }[difference.verdict]
    return (
        f"{measure}, decoder minus {name}: {100 * difference.value:+.1f} points [{low:+.1f}, {high:+.1f}]. {verdict}."
    )
