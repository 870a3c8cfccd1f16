"""Folds for a story: whole runs, or, of a single run, contiguous chunks with a gap on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from ...adapters.folds import Split, Splitter
from ...errors import InputError


@dataclass(frozen=True)
class Chunks:
    """Contiguous chunks, each held out once; `gap` samples on both sides are in neither part.

    What responds to the same words, or shares slow noise, is then not on both sides.

    Examples
    --------
    >>> [(train.tolist(), held.tolist()) for train, held in Chunks(2, gap=1).split(np.zeros(6))]
    [([4, 5], [0, 1, 2]), ([0, 1], [3, 4, 5])]
    """

    n_chunks: int
    gap: int

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        positions = np.arange(len(X))
        for held in np.array_split(positions, self.n_chunks):
            train = positions[(positions < held[0] - self.gap) | (positions >= held[-1] + 1 + self.gap)]
            yield train, held


def splitter_for(runs: NDArray, n_folds: int, gap: int) -> tuple[Splitter, NDArray | None]:
    """The splitter for samples of these runs (n_samples,), and its groups: runs stay whole where there are several.

    Raises
    ------
    InputError
        The single run is too short for so many chunks with such a gap.
    """
    n_runs = len(np.unique(runs))
    if n_runs > 1:
        return GroupKFold(min(n_folds, n_runs)), runs
    if len(runs) < 2 * n_folds * (gap + 1):
        raise InputError(
            f"n_folds: expected few enough that {len(runs)} samples of one run make chunks longer than two gaps of "
            f"{gap} samples, got {n_folds}"
        )
    return Chunks(n_folds, gap), None
