"""How a stretch of a story is retrieved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....adapters.checks import checked_lags
from ....errors import InputError
from ....errors.checks import check_least
from ...gist.lanczos import LOBES

MIN_SHIFT = 25
"""In samples: brain and story are shifted against each other by at least so much."""


@dataclass(frozen=True)
class RetrievalSettings:
    """How a stretch of a story is retrieved.

    Attributes
    ----------
    layers : sequence of str
        Of the language model; the best is chosen within the training.
    delays : sequence of int
        In samples after a word, from 0.
    drift_s : float
        What is slower than so many seconds is taken out: the mean of that past.
    window_s : sequence of float
        Lengths of the stretches.
    n_folds : int
        The story is held out in so many parts.
    n_components : int
        How many principal components of the layer are used.
    strengths : sequence of float
        Of the ridge, for features of unit variance; the best is chosen within the training.
    n_groups : int
        How often the listeners are divided at random into two halves.
    n_shifts : int
        How often brain and story are shifted against each other.
    n_orders : int
        How many random orders of the words are fitted.
    seed : int
    """

    layers: Sequence[str]
    delays: Sequence[int] = (1, 2, 3, 4, 5)
    drift_s: float = 120.0
    window_s: Sequence[float] = (20.0, 40.0)
    n_folds: int = 6
    n_components: int = 20
    strengths: Sequence[float] = (100.0, 300.0, 1000.0)
    n_groups: int = 20
    n_shifts: int = 200
    n_orders: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(checked_lags(self.delays)) < 0:
            raise InputError(f"delays: expected samples after the word, from 0, got {list(self.delays)}")
        for name in ("layers", "window_s", "strengths"):
            if not getattr(self, name):
                raise InputError(f"{name}: expected one or more, got none")
        check_least(self, n_folds=3, n_components=1, n_groups=1, n_shifts=10, n_orders=1)
        for name in ("window_s", "strengths"):
            if min(getattr(self, name)) <= 0:
                raise InputError(f"{name}: expected numbers above 0, got {list(getattr(self, name))}")

    @property
    def gap(self) -> int:
        """Samples left out on both sides of what is held out: no word reaches across."""
        return max(self.delays) + LOBES
