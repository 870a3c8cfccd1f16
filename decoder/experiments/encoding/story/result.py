"""What the encoding of a story found: the explained variance of every model, listener by listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....statistics.subjects import SubjectsMean, mean_over_subjects
from .settings import StorySettings

Floats = NDArray[np.float64]
Folds = Literal["contiguous", "shuffled"]

FULL, PLAIN = "layer, nuisance and position", "nuisance and position"
LAYER_ALONE, NUISANCE_ALONE, POSITION_ALONE = "layer alone", "nuisance alone", "position in time alone"
UNTRAINED, SHIFTED = "untrained layer, nuisance and position", "layer at another time, nuisance and position"


class StoryScore(NamedTuple):
    """Of each unit and site, (n_units, n_sites): the explained variance, and the correlation, of held-out samples.

    Of several draws these are the mean; `draws` (n_draws,) are the explained variances of each, mean over the others.
    """

    explained: Floats
    r: Floats
    draws: Floats


@dataclass(frozen=True, kw_only=True)
class StoryEncoding:
    """The encoding of a story.

    Attributes
    ----------
    rows : dict of str to dict of str to StoryScore
        For each kind of folds, each model; of several draws the mean.
    layers : dict of str to float
        In what share of contiguous folds a layer was chosen.
    ceiling : array (n_sites,) or None
        The share of a listener's variance that all listeners have in common.
    units, sites : tuple of str
        Listeners, or the runs of a single one.
    n_listeners, n_samples, n_words : int
    rate_hz : float
    nuisance : tuple of str
        The nuisance features.
    notes : tuple of str
        What to mind.
    source, words_source, network, fingerprint : str
    settings : StorySettings
    seconds : float
    """

    rows: Mapping[Folds, Mapping[str, StoryScore]]
    layers: Mapping[str, float]
    ceiling: Floats | None
    units: tuple[str, ...]
    sites: tuple[str, ...]
    n_listeners: int
    n_samples: int
    n_words: int
    rate_hz: float
    nuisance: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    words_source: str
    network: str
    fingerprint: str
    settings: StorySettings
    seconds: float

    @property
    def unit(self) -> str:
        """What intervals are over."""
        return "listener" if self.n_listeners > 1 else "run"

    def explained(self, name: str, folds: Folds = "contiguous") -> SubjectsMean:
        """The explained variance of a model, the mean over sites, with its interval over units."""
        return mean_over_subjects(self.rows[folds][name].explained.mean(axis=1))

    def unique(self, name: str = FULL, folds: Folds = "contiguous") -> SubjectsMean:
        """What a model explains beyond nuisance and position, the mean over sites."""
        return mean_over_subjects(self.unique_of_each(name, folds).mean(axis=1))

    def unique_of_draws(self, name: str) -> Floats:
        """What each draw of a model explains beyond nuisance and position, (n_draws,), in contiguous folds."""
        of = self.rows["contiguous"]
        return of[name].draws - of[PLAIN].explained.mean()

    def unique_of_each(self, name: str = FULL, folds: Folds = "contiguous") -> Floats:
        """What a model explains beyond nuisance and position, (n_units, n_sites)."""
        of = self.rows[folds]
        return of[name].explained - of[PLAIN].explained

    def unique_of_site(self, site: int) -> SubjectsMean:
        """What the layer explains beyond nuisance and position of one site."""
        return mean_over_subjects(self.unique_of_each()[:, site])
