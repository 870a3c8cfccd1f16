"""Predictions of a story's models on disk: what was stopped continues where it was."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from .....adapters.factored import FactoredAdapter
from .....adapters.other.banded import BandedAdapter
from .....models.cache.ingredients import code_of_class
from ...kernel.cache import ArrayCache
from ...kernel.keys import content_key, digest_of
from .features import NUISANCE
from .models import N_MIXTURES, STRENGTHS, Bands, HeldOutPrediction, Models
from .result import Folds

FORMAT = 1
"""The format of cached results: with another number they are computed again."""


@dataclass(frozen=True, eq=False)
class CachedModels(Models):
    """Models whose predictions are cached, named by a key of all that they depend on."""

    cache: ArrayCache

    def held_out(self, folds: Folds, bands: Bands) -> HeldOutPrediction:
        name = self._entry_of(folds, bands)
        if name not in self.cache:
            made = super().held_out(folds, bands)
            self.cache.put(name, made._asdict())
        return HeldOutPrediction(**self.cache.get(name))

    def _entry_of(self, folds: Folds, bands: Bands) -> str:
        features, ingredients = self.features, list(self._shared)
        if NUISANCE in bands.plain:
            ingredients.append(digest_of(features.nuisance(np.arange(len(features.recorded.truth)))))
        if bands.network is not None:
            known = self.known[bands.network]
            ingredients += [digest_of(np.asarray(known[run].states[bands.layer])) for run in features.recorded.words]
        return content_key("story", FORMAT, folds, bands.plain, bands.shift, *ingredients) + ".npz"

    @cached_property
    def _shared(self) -> list[object]:
        """What predictions of all models depend on."""
        features, settings = self.features, asdict(self.features.settings)
        recorded = features.recorded
        return [
            {name: settings[name] for name in ("delays", "n_folds", "n_components", "seed")},
            (STRENGTHS, N_MIXTURES, code_of_class(BandedAdapter, FactoredAdapter)),
            digest_of(recorded.truth),
            digest_of(np.asarray(recorded.run)),
            recorded.rate_hz,
            digest_of(features.position),
            *(digest_of(words.middle_s) for words in recorded.words.values()),
        ]
