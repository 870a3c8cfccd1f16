"""A session to be mapped: its activity factorised for all splits, what controls inject instead, permutation orders."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ....adapters.blending import blended
from ....adapters.plan import plan_whitening, require_memory
from ....adapters.whiten import FEWER, Whitener
from ....models.cache.ingredients import code_of_class
from ...evaluation.controls import Control, control_named, left_out, shuffled_within
from ...evaluation.splits import inner_splits
from ...evaluation.threads import once
from ...finding import Finding
from ...readouts.readout import Readout
from ...statistics.permutation import exchanged_within
from ..kernel.keys import digest_of
from ..session.session import RegionSession, Weights
from ..session.settings import Split
from .activity import FactorisedActivity, Injected, RegionActivity, TrueActivations
from .settings import MapSettings


class MapSession(RegionSession[MapSettings]):
    """A `RegionSession` that is ready to be mapped; `session_of` makes one from a study."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.controls = [control_named(name) for name in self.settings.controls]
        self.class_means = once(self._class_means, maxsize=4)
        self.pairing = once(self._pairing)
        self.predictors = once(self._predictors)
        self.control_ingredients = once(self._control_ingredients)
        self.forget()

    def forget(self) -> None:
        # All times of a region follow each other; whiteners of a whole brain take GB.
        self._whiteners = once(self._whiten, maxsize=2)
        self.stand_in = once(self._stand_in)
        # Factorisations take memory: only the newest two are cached.
        self.sources = once(self._factorise, maxsize=2)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the audit, and which controls have no predictors for some network's targets."""
        missing = [
            left_out(one)
            for one in self.controls
            if one.predictors and any(self.predictors(one.name, network) is None for network in self.networks)
        ]
        return (*super().findings, *missing)

    @property
    def searching(self) -> list[Control]:
        """The controls that choose cells for themselves in the nested choice."""
        if self.settings.controls_redo == "fit":
            return []
        return [one for one in self.controls if one.fits_the_brain and uses_activity(one)]

    @property
    def weights(self) -> tuple[Weights, ...]:
        return tuple(dict.fromkeys(["trained", *map(weights_of, self.controls)]))

    @cached_property
    def inner(self) -> list[list[Split]]:
        """For each outer fold, splits of its training runs, which hold out at most `inner_trials` trials in all."""
        rng = np.random.default_rng(self.settings.seed)
        folds = []
        for held_out in self.held_out:
            parts = inner_splits(self.recording.runs, held_out, self.settings.inner_folds, "map")
            training = set(self.recording.runs) - set(held_out)
            splits = [self.split(training - set(part), part) for part in parts]
            most = -(-self.settings.inner_trials // len(splits))
            folds.append([Split(split.train, np.sort(rng.permutation(split.test)[:most])) for split in splits])
        return folds

    @cached_property
    def inner_ingredients(self) -> list[str]:
        """What each inner fold fits on and holds out."""
        return [digest_of(part) for splits in self.inner for split in splits for part in split]

    def _control_ingredients(self, network: str) -> list[Any]:
        """What controls make of this session, as a name alone does not say which functions it has."""
        predicted, mean = np.random.default_rng(0).normal(size=(2, 5, 3))
        ingredients: list[Any] = [
            digest_of(self.trials.run.astype(str))
        ]  # strengths for predictors are chosen over runs
        for one in sorted(self.controls, key=lambda control: control.name):
            ingredients += [one.name, one.untrained, readout_ingredients(one.readout)]
            ingredients += [one.pairing and digest_of(self.pairing(one.name))]
            ingredients += [one.activations and digest_of(np.asarray(one.activations(predicted, mean)))]
            values = one.predictors and self.predictors(one.name, network)
            ingredients += [None if values is None else digest_of(np.asarray(values))]
        return ingredients

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """Exchanges of whole events within runs, for permutation tests."""
        number = {run: index for index, runs in enumerate(self.held_out) for run in runs}
        return self.exchanges(exchanged_within(self.trials.run, number), self.settings.n_permutations)

    def _pairing(self, control: str) -> NDArray[np.intp]:
        """For each repeat of a control, the trial whose target each trial is fitted to, (n_repeats, n_trials)."""
        pairing = control_named(control).pairing
        assert pairing is not None
        settings = self.settings
        return pairing(shuffled_within(self.trials), self.trials.event, settings.n_shuffles, self.own_seed)

    def _predictors(self, control: str, network: str) -> NDArray | None:
        """What a control is fitted on in place of activity, for each key; None where the targets have none."""
        make = control_named(control).predictors
        assert make is not None
        return make(self.networks[network].targets)

    def _class_means(self, network: str, weights: Weights, layer: str) -> NDArray[np.float32]:
        """The mean activation (n_classes, n_units) of each class's keys in a layer."""
        targets = self.networks[network].targets
        of_class = np.arange(len(targets.answers))[:, None] == targets.truth()
        return blended(of_class / of_class.sum(axis=1, keepdims=True), self.table(network, weights, layer))

    def _stand_in(self, control: str, network: str) -> Injected | None:
        """What a control injects instead of activity; None if it uses activity or has no predictors."""
        if control_named(control).predictors is None:
            return None if uses_activity(control_named(control)) else TrueActivations(self.outer)
        values = self.predictors(control, network)
        if values is None:
            return None
        # Their units differ.
        fresh: Any = clone(self.settings.decoder.adapter)
        adapter = fresh.set_params(scale="unit_variance")
        X = values[self.keys(network)]
        return FactorisedActivity(adapter, [X] * len(self.outer), self.trials.run, self.outer)

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
        if self.settings.decoder.whiten != "none":
            n_folds, shape = len(self.held_out), (self.prepared.n_samples, len(self.regions[region]))
            every = plan_whitening(*shape).times(n_folds, at_once=1)
            require_memory(every, what=f"whitening {region} in {n_folds} folds", instead=f"{FEWER}, or folds")
        return [self.whitener(region, runs) for runs in self.held_out]


def readout_ingredients(readout: Readout | None) -> list[str] | None:
    """A readout's settings and, as another package may change what it does, its code."""
    return None if readout is None else [repr(readout), code_of_class(type(readout), Readout)]


def weights_of(control: Control) -> Weights:
    return "untrained" if control.untrained else "trained"


def uses_activity(control: Control) -> bool:
    """Whether what a control injects depends on the activity: then it is computed for each cell."""
    if control.predictors is not None:
        return False
    if control.activations is None:
        return True
    return bool(np.isnan(control.activations(np.full((1, 1), np.nan), np.ones((1, 1)))).any())
