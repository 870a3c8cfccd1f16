"""Tests of many cells at once, over one session or the mean of several: resampled runs, permutations, their maximum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .intervals import N_RESAMPLES, percentile_interval
from .measures import Measure, hit_table, pairwise_table
from .permutation import exceedance

OF_CELLS = ("pairwise", "candidate")
"""The measures of each cell."""


@dataclass(frozen=True)
class Sampled:
    """A mean over trials, and its values for resampled runs (n_resamples,) and exchanged classes (n_permutations,)."""

    value: float
    resampled: NDArray[np.float64]
    permuted: NDArray[np.float64]
    chance: float

    def measure(self) -> Measure:
        """Put the value together with its percentile interval and its permutation p, uncorrected."""
        low, high = percentile_interval(self.resampled)
        return Measure(self.value, self.chance, low, high, exceedance(self.value, self.permuted))


class Sampler:
    """Draws runs (n_trials,) and exchanges classes of one session, in the same way for all cells.

    `orders` (n_permutations, n_trials) are from `exchanges`: for each trial the one whose class it is given.
    """

    def __init__(self, runs: NDArray, orders: NDArray[np.intp], *, seed: int = 0) -> None:
        codes = np.unique(runs, return_inverse=True)[1]
        n_runs = int(codes.max()) + 1
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(n_runs, np.full(n_runs, 1 / n_runs), N_RESAMPLES)[:, codes].astype(np.float64)
        self._weights = counts / counts.sum(axis=1, keepdims=True)
        self._at = np.arange(len(runs)) * len(runs) + orders

    def sampled(self, by_trial: NDArray[np.float64], chance: float) -> Sampled:
        """Sample a table (n_trials, n_trials): what each trial would count if it had the class of each other trial."""
        counted = np.diagonal(by_trial).astype(np.float64)
        permuted = by_trial.ravel().take(self._at).mean(axis=1, dtype=np.float64)
        return Sampled(float(counted.mean()), self._weights @ counted, permuted, chance)


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
    """The mean of several sessions, each resampled and exchanged on its own."""
    return Sampled(
        value=float(np.mean([one.value for one in sessions])),
        resampled=np.mean([one.resampled for one in sessions], axis=0),
        permuted=np.mean([one.permuted for one in sessions], axis=0),
        chance=float(np.mean([one.chance for one in sessions])),
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
            above = one.permuted - one.chance
            self._greatest[name] = np.maximum(self._greatest.get(name, above), above)

    def p(self, name: str, measure: Measure) -> float:
        """The corrected p of a cell."""
        return exceedance(measure.value - measure.chance, self._greatest[name])
