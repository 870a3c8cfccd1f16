"""What other listeners of the same story allow: how alike brains are, whatever a model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...recordings.recording import Recording
from ...statistics.ceilings import noise_ceiling
from ...statistics.window_pairs import pairs, similarities

N_SPLITS = 20


@dataclass(frozen=True)
class Ceilings:
    """What the listeners of a story have in common.

    `r` is the largest correlation that any prediction could have with their mean, on average over features. By the mean
    of one half of the listeners, `same_passage` of a run is how often its true stretch is more like what the other half
    shows than another stretch of the run is; NaN where a run has no two windows that are apart.
    """

    n_listeners: int
    r: float
    same_passage: dict[int | str, float]


def ceilings_of(
    listeners: Recording,
    made: Callable[[Recording], Recording],
    held_out: Sequence[int | str],
    window_s: float,
    seed: int = 0,
) -> Ceilings:
    """Compare the listeners with each other.

    Parameters
    ----------
    listeners : Recording
        Each listener is a run, of the same length.
    made : callable
        From a recording of some listeners' mean to that which is decoded: cut into runs, after the steps.
    held_out : sequence of int or str
        Runs of what is made.
    window_s : float
    seed : int
        Of the random halves.
    """
    brains = np.array([_standard(listeners.data[listeners.samples_of(run)]) for run in listeners.runs])
    n = len(brains)

    def mean(which: NDArray[np.intp]) -> Recording:
        data = brains[which].mean(axis=0).astype(np.float32)
        return made(replace(listeners, data=data, run=np.ones(len(data), np.intp)))

    each = np.stack([mean(np.array([listener])).data for listener in range(n)], axis=-1).astype(np.float64)
    rng, found = np.random.default_rng(seed), {run: [] for run in held_out}
    for _ in range(N_SPLITS):
        order = rng.permutation(n)
        one, other = mean(order[: n // 2]), mean(order[n // 2 : 2 * (n // 2)])
        for run, won in found.items():
            won.append(_pairs(one, other, run, window_s))
    r = np.sqrt(np.maximum(noise_ceiling(each, seed=seed), 0.0)).mean()
    return Ceilings(n, float(r), {run: float(np.mean(won)) for run, won in found.items()})


def _standard(data: NDArray) -> NDArray[np.float64]:
    size = data.std(axis=0)
    return (data - data.mean(axis=0)) / np.where(size > 0, size, 1.0)


def _pairs(one: Recording, other: Recording, run: Any, window_s: float) -> float:
    first, second = (of.data[of.samples_of(run)][None].astype(np.float64) for of in (one, other))
    n_window = max(round(window_s * one.rate_hz), 1)
    if first.shape[1] < 2 * n_window:
        return float("nan")
    return float(pairs(similarities(first, second, n_window), n_window)[0])
