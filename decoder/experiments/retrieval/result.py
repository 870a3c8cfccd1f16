"""What a retrieval found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...statistics.permutation import exceedance
from ...statistics.subjects import SubjectsMean, mean_over_subjects
from .settings import RetrievalSettings

Floats = NDArray[np.float64]

LANGUAGE, NUISANCE_ALONE = "language model and nuisance", "nuisance alone"
PERMUTED, UNTRAINED, CEILING = "words in another order", "untrained network", "other listeners' brains"


class Pairs(NamedTuple):
    """Share of pairs won: of each listener (n_listeners,), and of the mean of each random half (n_groups,)."""

    listeners: Floats
    halves: Floats

    @property
    def means(self) -> tuple[float, float]:
        """Over listeners, and over halves."""
        return float(self.listeners.mean()), float(self.halves.mean())


class Against(NamedTuple):
    """A mean over listeners or halves, compared with the same of brain and story that are shifted."""

    value: float
    z: float
    p_value: float


Scores = Mapping[float, Pairs]
"""By the windows' length in seconds."""


@dataclass(frozen=True, eq=False)
class RetrievalResult:
    """Which stretch of a story was heard.

    Attributes
    ----------
    source, words_source, network, fingerprint : str
    listeners : list of str
    n_samples, n_features, n_words : int
    rate_hz : float
    settings : RetrievalSettings
    scores : dict of str to Scores
        Of the model, of its controls and of the ceiling, with drift taken out by the past alone.
    whole_run : dict of str to Scores
        The same with drift taken out over the whole run.
    shifted : dict of str to dict of float to array (n_shifts, 2)
        Means over listeners and over halves, with brain and story shifted against each other.
    layers : dict of str to float
        How often each layer was chosen, a share.
    matrix : array (n_windows, n_windows)
        Mean similarity of recorded windows of the whole story (rows) with predicted ones, halves of listeners.
    """

    source: str
    words_source: str
    network: str
    fingerprint: str
    listeners: list[str]
    n_samples: int
    n_features: int
    n_words: int
    rate_hz: float
    settings: RetrievalSettings
    scores: Mapping[str, Scores]
    whole_run: Mapping[str, Scores]
    shifted: Mapping[str, Mapping[float, Floats]]
    layers: Mapping[str, float]
    matrix: Floats

    def mean(self, name: str, window_s: float) -> SubjectsMean:
        """The mean over listeners, its interval, and p of its being above chance by sign flips."""
        return mean_over_subjects(self.scores[name][window_s].listeners, 0.5)

    def gain(self, other: str, window_s: float) -> SubjectsMean:
        """How much the model is above another over the same listeners."""
        ours, others = (self.scores[name][window_s].listeners for name in (LANGUAGE, other))
        return mean_over_subjects(ours - others)

    def against_shifted(self, name: str, window_s: float) -> tuple[Against, Against]:
        """The mean over listeners and that over halves, against those of shifted brains."""
        null = self.shifted[name][window_s]
        one, half = (
            Against(value, float((value - of.mean()) / of.std(ddof=1)), exceedance(value, of))
            for value, of in zip(self.scores[name][window_s].means, null.T, strict=True)
        )
        return one, half
