"""Responses to each stimulus, averaged over its presentations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Presented(NamedTuple):
    """The keys of the stimuli that were presented (n_stimuli,), and which of them each trial shows (n_trials,)."""

    stimuli: NDArray[np.intp]
    row: NDArray[np.intp]

    @property
    def n_presentations(self) -> NDArray[np.intp]:
        return np.bincount(self.row)

    def mean(self, activity: NDArray) -> NDArray[np.float64]:
        """The mean over presentations (n_stimuli, n_sites) of activity (n_trials, n_sites)."""
        found = np.zeros((len(self.stimuli), activity.shape[1]))
        np.add.at(found, self.row, activity.astype(np.float64))
        return found / self.n_presentations[:, None]


def presented(keys: NDArray[np.intp]) -> Presented:
    """Find what was presented, in the order of first presentation, from the key of each trial (n_trials,).

    Examples
    --------
    >>> of = presented(np.array([7, 3, 7]))
    >>> of.stimuli.tolist(), of.row.tolist(), of.mean(np.array([[1.0], [5.0], [2.0]])).tolist()
    ([7, 3], [0, 1, 0], [[1.5], [5.0]])
    """
    found, first, row = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Presented(found[order], np.argsort(order)[row])
