"""A session that is mapped: its activity factorised for all splits, and the orders of its permutation tests."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ....adapters.ridge.blending import blended
from ....adapters.whiten import Whitener
from ...evaluation.nuisance import nuisance
from ...evaluation.splits import split_runs
from ...evaluation.threads import once
from ...statistics.permutation import exchanged_within
from ..kernel.keys import digest_of
from ..session.session import RegionSession, Weights
from ..session.settings import Split
from .activity import FactorisedActivity, RegionActivity
from .settings import NUISANCE, MapSettings


class MapSession(RegionSession[MapSettings]):
    """A `RegionSession` that is ready to be mapped; `session_of` makes one from a study."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.class_means = once(self._class_means, maxsize=4)
        self.forget()

    def forget(self) -> None:
        # All times of a region follow each other; of a whole brain, whiteners take GB.
        self._whiteners = once(self._whiten, maxsize=2)
        self.nuisances = once(self._factorise_nuisances)
        # Factorisations take memory: those of the newest two are held.
        self.sources = once(self._factorise, maxsize=2)

    @property
    def weights(self) -> tuple[Weights, ...]:
        return ("trained", "untrained") if "untrained network" in self.settings.controls else ("trained",)

    @cached_property
    def inner(self) -> list[list[Split]]:
        """For each outer fold, splits of its training runs; of what they hold out, at most `inner_trials` in all."""
        rng = np.random.default_rng(self.settings.seed)
        folds = []
        for held_out in self.held_out:
            runs = [run for run in self.recording.runs if run not in set(held_out)]
            parts = split_runs(runs, min(self.settings.inner_folds, len(runs))) if len(runs) > 1 else []
            splits = [self.split(set(runs) - set(part), part) for part in parts]
            most = -(-self.settings.inner_trials // max(1, len(splits)))
            folds.append([Split(split.train, np.sort(rng.permutation(split.test)[:most])) for split in splits])
        return folds

    @cached_property
    def inner_ingredients(self) -> list[str]:
        """What each inner fold fits on and holds out."""
        return [digest_of(part) for splits in self.inner for split in splits for part in split]

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """Exchanges of whole events within runs, for permutation tests."""
        number = {run: index for index, runs in enumerate(self.held_out) for run in runs}
        return self.exchanges(exchanged_within(self.trials.run, number), self.settings.n_permutations)

    def _class_means(self, network: str, weights: Weights, layer: str) -> NDArray[np.float32]:
        """The mean activation (n_classes, n_units) of each class's keys in a layer."""
        targets = self.networks[network].targets
        of_class = np.arange(len(targets.answers))[:, None] == targets.truth()
        return blended(of_class / of_class.sum(axis=1, keepdims=True), self.table(network, weights, layer))

    def _factorise_nuisances(self) -> dict[str, FactorisedActivity]:
        """For each network the competing predictors of its stimuli in place of activity, where there are any."""
        if NUISANCE not in self.settings.controls:
            return {}
        # Their units differ.
        fresh: Any = clone(self.settings.decoder.adapter)
        adapter = fresh.set_params(scale="unit_variance")
        factorised = {}
        for name, spec in self.networks.items():
            known = nuisance(spec.targets)
            if known is not None:
                X = known[1][self.keys(name)]
                factorised[name] = FactorisedActivity(adapter, [X] * len(self.outer), self.trials.run, self.outer)
        return factorised

    def _factorise(self, region: str, time: str) -> RegionActivity:
        X = self.activity(region, time)
        of_folds = [X if one is None else one.transform(X) for one in self._whiteners(region)]
        adapter, runs = self.settings.decoder.adapter, self.trials.run
        inner = zip(of_folds, self.inner, strict=True)
        return RegionActivity(
            FactorisedActivity(adapter, of_folds, runs, self.outer),
            [FactorisedActivity(adapter, [of] * len(splits), runs, splits) for of, splits in inner],
        )

    def _whiten(self, region: str) -> list[Whitener | None]:
        return [self.whitener(region, runs) for runs in self.held_out]
