"""How well the passage of a run, and the place in it, are found among all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..statistics.window_pairs import won_by_each
from .passages import PassageFinder, Passages
from .word_rate_fit import SHORTEST_SHIFT_S

Floats = NDArray[np.float64]


class Retrieved(NamedTuple):
    """How often the true stretch explains a window of a run better than another; chance 0.5.

    Others of the same passage that share no sample with it, and those of other passages (NaN without). `z` is the
    distance of the first from its mean over all circular shifts of brain and passage against each other of at least
    50 s, in their standard deviations; NaN where the run is too short for them. Of `n_windows`, a session names a
    passage in `named`, and the right one, at most half a window from the right place, in `right` of all.
    """

    same_passage: float
    z: float
    other_passages: float
    n_windows: int
    named: float
    right: float


def retrieve_run(passages: Passages, name: str, whitened: Floats) -> Retrieved:
    """Find the passage of that name in a run's whitened samples (n_samples, K), which begin with it.

    A window ends with each sample that the passage has, too, once as many samples as it takes are there.
    """
    finder, number = PassageFinder(passages), passages.names.index(name)
    n_window, length = passages.n_window, passages.lengths[number]
    start = sum(passages.lengths[:number])
    ends = np.arange(n_window - 1, min(length, len(whitened)))
    table, others, named, right = [], [], 0, 0
    for at, sample in enumerate(whitened[: len(ends) + n_window - 1]):
        evidence = finder.push(sample)
        if at < n_window - 1:
            continue
        own = evidence[start : start + length]
        table.append(own[ends])
        rest = np.delete(evidence, np.s_[start : start + length])
        others.append(np.mean((own[at] > rest) + 0.5 * (own[at] == rest)) if len(rest) else np.nan)
        heard = finder.heard(evidence)
        if heard.named:
            named += 1
            near = abs(heard.at_s - (at + 1) / passages.rate_hz) <= n_window / 2 / passages.rate_hz
            right += heard.passage == name and near
    won = won_by_each(np.array(table), n_window)
    shortest, n = round(SHORTEST_SHIFT_S * passages.rate_hz), len(won)
    shifts = [0, *range(shortest, n - shortest + 1)]
    if np.isnan(won[0]).any():  # the run is so short that some stretches overlap all others
        shifts = []
    same, *null = [float(won[np.arange(n), (np.arange(n) + by) % n].mean()) for by in shifts] or [float("nan")]
    spread = np.std(null, ddof=1) if len(null) > 1 else 0.0
    z = float((same - np.mean(null)) / spread) if spread > 0 else float("nan")
    return Retrieved(same, z, float(np.mean(others)), n, named / n, right / n)
