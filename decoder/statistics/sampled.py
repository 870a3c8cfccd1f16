"""Tests of many cells at once, of one session or the mean of several: spread over runs, permutations, their maximum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from .chance import Chance, mean_chance
from .intervals import LEAST_RUNS, NO_INTERVAL, Counts, Spread, run_means, share_interval, spread_over, with_shared
from .measures import Measure, hit_table, pairwise_table
from .permutation import around_chance, exceedance, mid_p, widened

OF_CELLS = ("pairwise", "candidate")
"""The measures of each cell."""


@dataclass(frozen=True)
class Sampled:
    """A mean over trials, its spread over runs, and its values for exchanged classes (n_permutations,)."""

    value: float
    spread: Spread | None
    n_trials: int
    permuted: NDArray[np.float64]
    chance: Chance

    def measure(self) -> Measure:
        """Put the value together with its interval over runs and its permutation p, uncorrected."""
        low, high = NO_INTERVAL if self.spread is None else share_interval(self.value, self.spread, self.n_trials)
        p_value = mid_p(self.value, self.permuted)
        return Measure(self.value, self.chance.value, low, high, p_value, self.chance.reason)


class Sampler:
    """Exchanges the classes of one session in the same way for all cells, and has its runs (n_trials,).

    `orders` (n_permutations, n_trials) are from `exchanges`: for each trial the one whose class it is given.
    """

    def __init__(self, runs: NDArray, orders: NDArray[np.intp]) -> None:
        self._runs = runs
        self._at = np.arange(len(runs)) * len(runs) + orders

    def sampled(self, by_trial: NDArray[np.float64], chance: Chance, counts: Counts) -> Sampled:
        """Sample a table (n_trials, n_trials): what each trial would count if it had the class of each other trial."""
        counted = np.diagonal(by_trial).astype(np.float64)
        means, weights = run_means(counted[None], self._runs)
        spread = None
        if len(weights) >= LEAST_RUNS:
            spread = with_shared(spread_over(means[0], weights), float(counted.mean()), chance.value, counts)
        permuted = widened(by_trial.ravel().take(self._at).mean(axis=1, dtype=np.float64), counts)
        permuted = around_chance(permuted, chance.value)
        return Sampled(float(counted.mean()), spread, len(counted), permuted, chance)


def tables_by_trial(scores: NDArray, truth: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """For each measure, what each trial would count if it had the class of each other trial, (n_trials, n_trials).

    Unlike tables over classes, these can be combined over networks that name different classes.

    Examples
    --------
    >>> tables_by_trial(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))["pairwise"]
    array([[1., 0.],
           [0., 1.]])
    """
    tables = {"pairwise": pairwise_table(scores, truth), "candidate": hit_table(scores)}
    return {name: table[:, truth].astype(np.float64) for name, table in tables.items()}


def mean_of(sessions: Sequence[Sampled]) -> Sampled:
    """The mean of several sessions, whose runs and exchanges are their own; no interval if any of them has none."""
    n = len(sessions)
    spreads = [one.spread for one in sessions]
    known = [one for one in spreads if one is not None]
    return Sampled(
        value=float(np.mean([one.value for one in sessions])),
        spread=reduce(Spread.plus, known).times(1 / n**2) if len(known) == n else None,
        n_trials=sum(one.n_trials for one in sessions),
        permuted=np.mean([one.permuted for one in sessions], axis=0),
        chance=mean_chance([one.chance for one in sessions]),
    )


class Maximum:
    """The greatest permuted value over all cells, for each permutation and measure.

    A cell is significant, however many cells there are, if the greatest of all cells under exchanged classes rarely
    reaches its value.

    References
    ----------
    Nichols & Holmes (2002), Nonparametric permutation tests for functional neuroimaging. Human Brain Mapping 15, 1-25.
    """

    def __init__(self) -> None:
        self._greatest: dict[str, NDArray[np.float64]] = {}

    def add(self, measures: Mapping[str, Sampled]) -> None:
        for name, one in measures.items():
            above = one.permuted - one.chance.value
            self._greatest[name] = np.maximum(self._greatest.get(name, above), above)

    def p(self, name: str, measure: Measure) -> float:
        """The corrected p of a cell."""
        return exceedance(measure.value - measure.chance, self._greatest[name])
