"""What permutations and resampled runs say of a map's cells, over one session or the mean of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .metrics import N_RESAMPLES, Measure, exceedance, hit_table, pairwise_table

MEASURES = ("pairwise", "candidate")


@dataclass(frozen=True)
class Sampled:
    """A mean over trials, and what it is for resampled runs and for exchanged answers.

    Attributes
    ----------
    value : float
    resampled : array (n_resamples,)
    permuted : array (n_permutations,)
    chance : float
    """

    value: float
    resampled: NDArray[np.float64]
    permuted: NDArray[np.float64]
    chance: float

    def measure(self) -> Measure:
        """Put the figure together with its percentile interval and its permutation p, uncorrected."""
        low, high = np.percentile(self.resampled, [2.5, 97.5])
        return Measure(self.value, self.chance, float(low), float(high), exceedance(self.value, self.permuted))


class Sampler:
    """Draws runs and exchanges answers of one session, in the same way for all cells.

    Parameters
    ----------
    runs : (n_trials,) array
        The unit that is drawn.
    orders : (n_permutations, n_trials) array of int
        From `hotwire.decoder.statistics.metrics.exchanges`: for each trial the one whose answer it is given.
    seed : int
    """

    def __init__(self, runs: NDArray, orders: NDArray[np.intp], *, seed: int = 0) -> None:
        codes = np.unique(runs, return_inverse=True)[1]
        size = np.bincount(codes)
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), N_RESAMPLES)[:, codes].astype(np.float64)
        self._weights = counts / counts.sum(axis=1, keepdims=True)
        self._at = np.arange(len(runs)) * len(runs) + orders

    def sampled(self, by_trial: NDArray[np.float64], chance: float) -> Sampled:
        """Sample a table (n_trials, n_trials): what each trial would count if it had the answer of each other."""
        counted = np.diagonal(by_trial).astype(np.float64)
        permuted = by_trial.ravel().take(self._at).mean(axis=1, dtype=np.float64)
        return Sampled(float(counted.mean()), self._weights @ counted, permuted, chance)


def by_trial(scores: NDArray, truth: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """What each trial would count, for each measure, if it had the answer of each other trial.

    Unlike tables over answers, these can be put together from networks that answer in different words.

    Parameters
    ----------
    scores : (n_trials, n_answers) array
    truth : (n_trials,) array of int

    Returns
    -------
    dict of str to (n_trials, n_trials) array

    Examples
    --------
    >>> by_trial(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))["pairwise"]
    array([[1., 0.],
           [0., 1.]])
    """
    tables = {"pairwise": pairwise_table(scores, truth), "candidate": hit_table(scores)}
    return {name: table[:, truth].astype(np.float64) for name, table in tables.items()}


def mean_of(sessions: Sequence[Sampled]) -> Sampled:
    """The mean of several sessions, each resampled and exchanged for itself."""
    return Sampled(
        value=float(np.mean([one.value for one in sessions])),
        resampled=np.mean([one.resampled for one in sessions], axis=0),
        permuted=np.mean([one.permuted for one in sessions], axis=0),
        chance=float(np.mean([one.chance for one in sessions])),
    )


class Maximum:
    """The greatest permuted value over all cells, for each permutation and measure.

    A cell whose value is rarely reached by the greatest of all cells under exchanged answers is significant whatever
    the number of cells.

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
