"""How well the passage of a run, and the place in it, are found among all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .passages import LIKELIER_THAN_NOT, PassageFinder, Passages
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
        if heard.probability > LIKELIER_THAN_NOT:
            named += 1
            near = abs(heard.at_s - (at + 1) / passages.rate_hz) <= n_window / 2 / passages.rate_hz
            right += heard.passage == name and near
    won = _won(np.array(table), n_window)
    shortest, n = round(SHORTEST_SHIFT_S * passages.rate_hz), len(won)
    shifts = [0, *range(shortest, n - shortest + 1)]
    if np.isnan(won[0]).any():  # the run is so short that some stretches overlap all others
        shifts = []
    same, *null = [float(won[np.arange(n), (np.arange(n) + by) % n].mean()) for by in shifts] or [float("nan")]
    spread = np.std(null, ddof=1) if len(null) > 1 else 0.0
    z = float((same - np.mean(null)) / spread) if spread > 0 else float("nan")
    return Retrieved(same, z, float(np.mean(others)), n, named / n, right / n)


def _won(evidence: Floats, n_window: int) -> Floats:
    """For each window and stretch (n_windows, n_stretches), how often that stretch wins against those apart from it.

    NaN where none is apart.
    """
    n = evidence.shape[1]
    won = np.empty_like(evidence)
    for row, of in zip(won, evidence, strict=True):
        ranked = np.sort(of)
        row[:] = (np.searchsorted(ranked, of, "left") + np.searchsorted(ranked, of, "right") - 1) / 2
    n_apart = np.full(n, n - 1)
    for by in range(1, min(n_window, n)):
        later, earlier = evidence[:, by:], evidence[:, :-by]
        wins = (later > earlier) + 0.5 * (later == earlier)
        won[:, by:] -= wins
        won[:, :-by] -= 1 - wins
        n_apart[by:] -= 1
        n_apart[:-by] -= 1
    return np.divide(won, n_apart, out=np.full_like(won, np.nan), where=n_apart > 0)
