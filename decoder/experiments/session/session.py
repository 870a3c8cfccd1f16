"""One recording with its regions and its networks: trials, folds, and the activations of its stimuli."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import gram
from ....adapters.factored import FactoredAdapter
from ....adapters.whiten import Whitener
from ....errors import InputError
from ....models.cache.ingredients import code_of_class, ingredients_of, key_of
from ....models.networks.network import Network
from ...evaluation.audit.leaks import Finding, audit
from ...evaluation.controls import shuffled_within
from ...evaluation.splits import split_runs
from ...evaluation.threads import once
from ...recordings.recording import Recording
from ...statistics.permutation import exchanges
from ...steps import run_steps
from ...windows import Trials
from ..kernel.jobs import StudySource
from ..kernel.keys import digest_of
from .settings import NetworkSpec, SessionSettings, Split
from .trials import trials_at

Weights = Literal["trained", "untrained"]
AnySettings = TypeVar("AnySettings", bound=SessionSettings)


class RegionSession(Generic[AnySettings]):
    """A recording, its regions and its networks, opened once for all jobs on them.

    `regions` has the positions of each region's features. `reliability` is the noise ceiling estimated from repeats,
    where there are any. `source` lets another process open the same session.

    An InputError says that a region has no features, a network occurs twice, or the decoder takes samples, or features
    of them.
    """

    def __init__(
        self,
        name: str,
        recording: Recording,
        regions: Mapping[str, NDArray[np.intp]],
        networks: Sequence[NetworkSpec],
        settings: AnySettings,
        reliability: dict[str, float] | None = None,
        source: StudySource | None = None,
    ) -> None:
        settings.decoder.require_averages(name)
        for region, features in regions.items():
            if not len(features):
                raise InputError(f"regions: {region!r} has no features; expected at least one")
        names = [spec.network.name for spec in networks]
        if len(set(names)) < len(names):
            raise InputError(f"networks: expected each once, got {', '.join(names)}")
        self.name = name
        self.recording = recording
        self.regions = dict(regions)
        self.networks = {spec.network.name: spec for spec in networks}
        self.settings = settings
        self.reliability = reliability
        self.source = source
        self.network = once(self._open)
        # Inner products (n_keys, n_keys) between the activations of `table`.
        self.gram = once(lambda *place: gram(self.table(*place)))
        self.network_ingredients = once(self._network_ingredients)
        self.activity_ingredients = once(self._activity_ingredients)
        self._tables = once(self._record)

    def prepare(self) -> None:
        """Do first what all jobs need and would wait for: cut trials, record activations."""
        for name, spec in self.networks.items():
            for weights in self.weights:
                self.table(name, weights, spec.layers[0])

    def forget(self) -> None:
        """Free memory that is filled again when needed."""

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The kinds of weights that jobs need."""
        return ("trained",)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the audit for leaks reports, for the first network's targets."""
        first = next(iter(self.networks.values()))
        decoder = self.settings.decoder
        tried = [(trials, decoder) for trials in self.trials_at.values()]
        return audit(self.recording, self.trials, first.targets, self.held_out, decoder, tried)

    def summary(self) -> dict[str, Any]:
        """What results report about any session."""
        return {
            "name": self.name,
            "recording": self.recording.summary(),
            "n_trials": len(self.trials),
            "n_folds": len(self.outer),
            "findings": tuple(vars(finding) for finding in self.findings),
            "reliability": self.reliability,
        }

    @cached_property
    def prepared(self) -> Recording:
        """The recording after all steps."""
        return run_steps(tuple(self.settings.decoder.steps), self.recording)

    @cached_property
    def trials_at(self) -> dict[str, Trials]:
        """The trials of each time, all of the same events."""
        return trials_at(self.settings.times, self.settings.decoder.window, self.prepared)

    @cached_property
    def trials(self) -> Trials:
        """The trials of the first time."""
        return self.trials_at[self.settings.times[0].name]

    @cached_property
    def held_out(self) -> list[list[Any]]:
        """The runs that each outer fold holds out."""
        return split_runs(self.recording.runs, self.settings.folds, seed=self.settings.seed)

    @cached_property
    def outer(self) -> list[Split]:
        return [self.split(set(self.recording.runs) - set(runs), runs) for runs in self.held_out]

    @cached_property
    def shuffles(self) -> NDArray[np.intp]:
        """Exchanges for the shuffled pairing."""
        return self.exchanges(shuffled_within(self.trials), self.settings.n_shuffles)

    def split(self, train: set[Any], test: Sequence[Any]) -> Split:
        """The trials of these runs."""
        runs = self.trials.run
        return Split(np.flatnonzero(np.isin(runs, list(train))), np.flatnonzero(np.isin(runs, list(test))))

    def exchanges(self, groups: NDArray, n: int) -> NDArray[np.intp]:
        """Orders of trials that exchange whole events within groups."""
        return exchanges(groups, self.trials.event, n, seed=self.own_seed)

    @cached_property
    def own_seed(self) -> int:
        """The session's own: sessions that exchanged alike would not vary independently, as their mean assumes."""
        return int(np.random.SeedSequence([self.settings.seed, *self.name.encode()]).generate_state(1)[0])

    def keys(self, network: str) -> NDArray[np.intp]:
        """The key of each trial, as the network's targets number them."""
        return self.networks[network].targets.key_of(self.trials)

    def truth(self, network: str) -> NDArray[np.intp]:
        """The correct class of each trial."""
        return self.networks[network].targets.truth()[self.keys(network)]

    def activity(self, region: str, time: str | None = None) -> NDArray[np.float32]:
        """A region's activity in each trial (n_trials, n_features)."""
        trials = self.trials if time is None else self.trials_at[time]
        return trials.X[:, self.regions[region]]

    def samples(self, region: str) -> NDArray[np.float32]:
        """A region's activity (n_samples, n_features) in each sample of the recording, after all steps."""
        return self.prepared.data[:, self.regions[region]]

    def table(self, network: str, weights: Weights, layer: str) -> NDArray[np.float32]:
        """Activation (n_keys, n_units) of each key in a layer."""
        return self._tables(network, weights)[layer]

    def whitener(self, region: str, held_out: Sequence[Any]) -> Whitener | None:
        """Fitted on all samples of the runs that are not held out; None if the settings do not whiten."""
        decoder = self.settings.decoder
        if decoder.whiten == "none":
            return None
        train = ~np.isin(self.prepared.run, held_out)
        return decoder.fit_whitener(self.samples(region)[train], self.prepared.run[train])

    def _open(self, network: str, weights: Weights) -> Network:
        opened = self.networks[network].network
        return opened if weights == "trained" else opened.untrained(self.settings.seed)

    def _record(self, network: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
        spec = self.networks[network]
        return spec.targets.activations(self.network(network, weights), spec.layers)

    @cached_property
    def adapter_ingredients(self) -> dict[str, str]:
        """All parameters, since an adapter's printed form leaves out today's defaults, and its code."""
        decoder = self.settings.decoder
        parameters = {name: repr(value) for name, value in decoder.adapter.get_params().items()}
        code = code_of_class(type(decoder.adapter), FactoredAdapter)
        return {**parameters, "kind": decoder.adapter.kind, "code": code, "whiten": decoder.whiten}

    @cached_property
    def fold_ingredients(self) -> list[str]:
        """What each outer fold fits on and holds out, and the shuffled pairings."""
        return [digest_of(array) for array in (*(part for split in self.outer for part in split), self.shuffles)]

    def _activity_ingredients(self, region: str, *time: str) -> list[str]:
        arrays = [self.activity(region, *time), self.trials.run.astype(str)]
        if self.settings.decoder.whiten != "none":
            arrays += [self.samples(region), self.prepared.run.astype(str)]
        return [digest_of(array) for array in arrays]

    def _network_ingredients(self, name: str) -> list[Any]:
        spec = self.networks[name]
        targets: Any = spec.targets
        stimuli = getattr(targets, "stimuli", targets.keys)
        stimuli = list(stimuli.values()) if isinstance(stimuli, Mapping) else list(stimuli)
        described = {**targets.to_dict(), "keys": list(targets.keys)}
        if (labels := getattr(targets, "labels", None)) is not None:
            described["labels"] = list(labels.values())
        return [described, key_of(ingredients_of(spec.network, stimuli)), digest_of(self.keys(name))]
