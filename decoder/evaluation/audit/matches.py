"""Stretches of samples that match, and how many bits they must share so that the match is not by chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...recordings.recording import Recording

SURE_BITS = 30.0
"""Two stretches that are the same by chance are this much rarer (as a power of two) than one in all pairs."""
N_SAMPLED = 2000

Floats = NDArray[np.float32]


class Matches(NamedTuple):
    """Stretches of a recording that another fold also has, of `n` that were searched for.

    `where` and `match` are the first samples of each such stretch and of its match, (n_matches,); all are `length`
    samples long.
    """

    n: int
    where: NDArray[np.intp]
    match: NDArray[np.intp]
    length: int


NOTHING = Matches(0, np.empty(0, np.intp), np.empty(0, np.intp), 1)


def run_codes(recording: Recording) -> NDArray[np.intp]:
    """The number of each sample's run, counted from 0 in order."""
    return np.cumsum(np.r_[False, recording.run[1:] != recording.run[:-1]])[: recording.n_samples]


def bits_needed(n: int) -> float:
    """How many bits two of n stretches must share so that they are not the same by chance."""
    return 2 * float(np.log2(max(n, 2))) + SURE_BITS


def bits_of(data: Floats, code: NDArray[np.intp], rng: np.random.Generator) -> float:
    """Information (in bits) of two numbers of a feature, or two changes of it within a run, being the same."""
    if len(data) < 3:
        return 0.0
    a, b = rng.integers(0, len(data), (2, N_SAMPLED))
    pairs = [(data[a[a != b]], data[b[a != b]])]
    changes = np.flatnonzero(code[1:] == code[:-1])
    if len(changes) > 2:
        i, j = rng.choice(changes, (2, N_SAMPLED))
        i, j = i[i != j], j[i != j]
        pairs.append((data[i + 1] - data[i], data[j + 1] - data[j]))
    of_each = []
    for one, other in pairs:
        varies = np.ptp(one, axis=0) > 0
        same = (1 + np.count_nonzero(one == other, axis=0)) / (1 + len(one))
        of_each.append(float(np.mean(-np.log2(same[varies]))) if varies.any() else 0.0)
    return min(of_each)
