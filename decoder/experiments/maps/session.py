"""One recording of a map: its trials at each time, its regions and folds, and what each network sees in its stimuli."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ....adapters.ridge.blending import gram
from ....adapters.whiten import Whitener
from ....errors import InputError, RecordingError, UnknownNameError
from ....models.networks.network import Network
from ...decoder import Settings
from ...evaluation.audit.leaks import Finding, Policy, audit
from ...evaluation.evaluate import CONTROLS, shuffled_within
from ...evaluation.folds import split_runs
from ...readout import LabelReadout, Readout, TextReadout
from ...recordings.recording import Recording
from ...statistics.permutation import exchanged_within, exchanges
from ...steps import run_steps
from ...targets import Targets
from ...windows import BlockAverage, Trials, windows
from .nuisance import nuisance
from .result import TimeRange
from .sources import FactorisedActivity, Split

T = TypeVar("T")
Weights = Literal["trained", "untrained"]

NUISANCE = "nuisance"
DECODERS_WINDOW = TimeRange("", None, None)
FORMAT = 2
"""Of the cells that are kept on disk: another number, and they are worked out anew."""


class RegionActivity(NamedTuple):
    """One region at one time, factorised for the outer splits, and for the inner splits of each outer fold."""

    outer: FactorisedActivity
    inner: list[FactorisedActivity]


@dataclass(frozen=True)
class Reading:
    """A network of the map, what its stimuli are, and how it is read out.

    A `TextReadout` reads like a `LabelReadout`: a map asks for scores, not for free words.
    """

    network: Network
    targets: Targets
    layers: tuple[str, ...]
    readout: Readout

    def __post_init__(self) -> None:
        for layer in self.layers:
            self.network.shape_of(layer)
        if isinstance(self.readout, TextReadout):
            object.__setattr__(self, "readout", LabelReadout(self.readout.prior))
        self.readout.check(self.network)


@dataclass(frozen=True)
class MapSettings:
    """What all sessions of a map have in common.

    Parameters
    ----------
    decoder : Settings
        Its steps, whitening and adapter; its layer and readout are the readings' affair.
    times : sequence of TimeRange
        When activity is taken; the decoder's own window where they say nothing.
    folds, inner_folds, controls, n_shuffles, n_permutations, seed, audit
        As `evaluate` means them, with ``"nuisance"`` as a further control: the same map from the stimuli's luminance,
        contrast and so on, or the words' lengths, instead of the brain.
    inner_trials : int
        At most so many held-out training trials judge the cells in each outer fold.
    """

    decoder: Settings
    times: Sequence[TimeRange] = (DECODERS_WINDOW,)
    folds: Literal["run"] | int = "run"
    inner_folds: int = 4
    inner_trials: int = 240
    controls: Sequence[str] = (*CONTROLS, NUISANCE)
    n_shuffles: int = 1
    n_permutations: int = 10_000
    seed: int = 0
    audit: Policy = "refuse"

    def __post_init__(self) -> None:
        for control in self.controls:
            if control not in (*CONTROLS, NUISANCE):
                raise UnknownNameError("control", control, (*CONTROLS, NUISANCE))
        names = [time.name for time in self.times]
        if len(set(names)) < len(names) or not names:
            raise InputError(f"times: expected one or more, each with a name of its own, got {names}")
        if self.decoder.fit_steps is not None or self.decoder.fit_window is not None:
            raise InputError("fit_steps, fit_window: a map fits on the trials that it decides on; leave them out")


class MapSession:
    """A recording, its regions and its networks, ready to be mapped.

    Parameters
    ----------
    name : str
    recording : Recording
    regions : mapping of str to array of int
        Positions of each region's features.
    readings : sequence of Reading
    settings : MapSettings
    reliability : dict of str to float, optional
        What repeats of the recording say of its noise ceiling.

    Raises
    ------
    InputError
        A region has no features, a network is there twice, or the decoder takes samples, or features of them.
    """

    def __init__(
        self,
        name: str,
        recording: Recording,
        regions: Mapping[str, NDArray[np.intp]],
        readings: Sequence[Reading],
        settings: MapSettings,
        reliability: dict[str, float] | None = None,
    ) -> None:
        settings.decoder.require_averages(name)
        for region, features in regions.items():
            if not len(features):
                raise InputError(f"regions: {region!r} has no features; expected at least one")
        names = [reading.network.name for reading in readings]
        if len(set(names)) < len(names):
            raise InputError(f"networks: expected each once, got {', '.join(names)}")
        self.name = name
        self.recording = recording
        self.regions = dict(regions)
        self.readings = {reading.network.name: reading for reading in readings}
        self.settings = settings
        self.reliability = reliability
        self._networks = _once(self._open)
        self._tables = _once(self._record)
        self._grams = _once(lambda *place: gram(self.table(*place)))
        # All times of a region follow each other; of a whole brain, whiteners take GB.
        self._whiteners = _once(self._whiten, maxsize=2)
        self._nuisances = _once(self._factorise_nuisances)
        # Factorisations take memory: those of the newest two sources are kept.
        self._sources = _once(self._factorise, maxsize=2)

    def prepare(self) -> None:
        """Do what all pieces need and what would make them wait for each other: cut trials, record activations."""
        for name, reading in self.readings.items():
            for weights in self.weights:
                self.table(name, weights, reading.layers[0])

    def forget(self) -> None:
        """Give back the memory that factorisations take; they are made again where they are needed again."""
        self._nuisances = _once(self._factorise_nuisances)
        self._sources = _once(self._factorise, maxsize=2)
        self._whiteners = _once(self._whiten, maxsize=2)

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The kinds of weights that the decoder and its controls need."""
        return ("trained", "untrained") if "untrained network" in self.settings.controls else ("trained",)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the audit for leaks finds, for the first network's targets."""
        first = next(iter(self.readings.values()))
        how = self.settings.decoder
        tried = [(trials, how) for trials in self._trials.values()]
        return audit(self.recording, self.trials, first.targets, self.held_out, how, tried)

    @cached_property
    def trials(self) -> Trials:
        """The trials of the first time; those of the others belong to the same events."""
        return self._trials[self.settings.times[0].name]

    @cached_property
    def left_out(self) -> int:
        """How many events have no trial at every time, because their run does not reach so far."""
        return len(self._all_events) - len(self.trials)

    @cached_property
    def held_out(self) -> list[list[Any]]:
        """Which runs each outer fold holds out."""
        return split_runs(self.recording.runs, self.settings.folds, seed=self.settings.seed)

    @cached_property
    def outer(self) -> list[Split]:
        return [self._split(set(self.recording.runs) - set(runs), runs) for runs in self.held_out]

    @cached_property
    def inner(self) -> list[list[Split]]:
        """For each outer fold, splits of its training runs; of what they hold out, at most `inner_trials` in all."""
        rng = np.random.default_rng(self.settings.seed)
        found = []
        for held_out in self.held_out:
            runs = [run for run in self.recording.runs if run not in set(held_out)]
            parts = split_runs(runs, min(self.settings.inner_folds, len(runs))) if len(runs) > 1 else []
            splits = [self._split(set(runs) - set(part), part) for part in parts]
            most = -(-self.settings.inner_trials // max(1, len(splits)))
            found.append([Split(split.train, np.sort(rng.permutation(split.test)[:most])) for split in splits])
        return found

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """Exchanges of whole events within runs, for permutation tests."""
        number = {run: index for index, runs in enumerate(self.held_out) for run in runs}
        return self._exchanges(exchanged_within(self.trials.run, number), self.settings.n_permutations)

    @cached_property
    def shuffles(self) -> NDArray[np.intp]:
        """Exchanges for the shuffled pairing."""
        return self._exchanges(shuffled_within(self.trials), self.settings.n_shuffles)

    def keys(self, network: str) -> NDArray[np.intp]:
        """What was shown in each trial, as the network's targets number it."""
        return self.readings[network].targets.key_of(self.trials)

    def truth(self, network: str) -> NDArray[np.intp]:
        """The right answer of each trial."""
        return self.readings[network].targets.truth()[self.keys(network)]

    def network(self, network: str, weights: Weights) -> Network:
        """A network as it is, or with random weights."""
        return self._networks(network, weights)

    def table(self, network: str, weights: Weights, layer: str) -> NDArray[np.float32]:
        """Activation (n_keys, n_units) of each key in a layer."""
        return self._tables(network, weights)[layer]

    def gram(self, network: str, weights: Weights, layer: str) -> NDArray[np.float64]:
        """Inner products (n_keys, n_keys) between the keys' activations in a layer."""
        return self._grams(network, weights, layer)

    def sources(self, region: str, time: str) -> RegionActivity:
        """A region at a time, factorised for all splits."""
        return self._sources(region, time)

    def nuisances(self) -> dict[str, FactorisedActivity]:
        """For each network a source made of the competing predictors of its stimuli, where there are any."""
        return self._nuisances()

    def _factorise_nuisances(self) -> dict[str, FactorisedActivity]:
        if NUISANCE not in self.settings.controls:
            return {}
        # Their units differ.
        fresh: Any = clone(self.settings.decoder.adapter)
        adapter = fresh.set_params(scale="unit_variance")
        found = {}
        for name, reading in self.readings.items():
            known = nuisance(reading.targets)
            if known is not None:
                X = known[1][self.keys(name)]
                found[name] = FactorisedActivity(adapter, [X] * len(self.outer), self.trials.run, self.outer)
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that cells depend on, but the network, the region and the time."""
        settings, adapter = self.settings, self.settings.decoder.adapter
        told = {
            "format": FORMAT,
            "steps": repr(tuple(settings.decoder.steps)),
            "window": repr(settings.decoder.window),
            "whiten": settings.decoder.whiten,
            # All parameters: what an adapter prints leaves out those that are as they are by default today.
            "adapter": [adapter.kind, {name: repr(of) for name, of in adapter.get_params().items()}],
            "folds": [[str(run) for run in runs] for runs in self.held_out],
            "inner": [settings.inner_folds, settings.inner_trials],
            "shuffles": [settings.n_shuffles, settings.seed],
            "controls": sorted(settings.controls),
            "events": self.trials.event.tolist(),
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for array in (self.recording.data, self.trials.label, self.trials.run.astype(str)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @cached_property
    def _prepared(self) -> Recording:
        return run_steps(tuple(self.settings.decoder.steps), self.recording)

    @cached_property
    def _all_events(self) -> set[int]:
        return {event for trials in self._cut.values() for event in trials.event.tolist()}

    @cached_property
    def _cut(self) -> dict[str, Trials]:
        own = self.settings.decoder.window
        cut = {}
        for time in self.settings.times:
            if time.start_s is None:
                cut[time.name] = windows(own, self._prepared)
            else:
                cut[time.name] = windows(BlockAverage(time.start_s, time.stop_s, incomplete="drop"), self._prepared)
        return cut

    @cached_property
    def _trials(self) -> dict[str, Trials]:
        """Trials at each time, of the events that have one at every time."""
        cut = self._cut
        if len(cut) == 1:
            [trials] = cut.values()
            if not len(trials):
                raise RecordingError(f"recording: no trials; {self.recording!r} has no usable events")
            return cut
        common = sorted(set.intersection(*(set(trials.event.tolist()) for trials in cut.values())))
        if not common:
            raise RecordingError("times: no event has samples at every time; give times that lie within the runs")
        return {name: _of_events(trials, np.array(common)) for name, trials in cut.items()}

    def _split(self, train: set[Any], test: Sequence[Any]) -> Split:
        runs = self.trials.run
        return Split(np.flatnonzero(np.isin(runs, list(train))), np.flatnonzero(np.isin(runs, list(test))))

    def _exchanges(self, groups: NDArray, n: int) -> NDArray[np.intp]:
        return exchanges(groups, self.trials.event, n, seed=self.settings.seed)

    def _factorise(self, region: str, time: str) -> RegionActivity:
        X = self._trials[time].X[:, self.regions[region]]
        of_folds = [X if one is None else one.transform(X) for one in self._whiteners(region)]
        adapter, runs = self.settings.decoder.adapter, self.trials.run
        inner = zip(of_folds, self.inner, strict=True)
        return RegionActivity(
            FactorisedActivity(adapter, of_folds, runs, self.outer),
            [FactorisedActivity(adapter, [of] * len(splits), runs, splits) for of, splits in inner],
        )

    def _whiten(self, region: str) -> list[Whitener | None]:
        """For each outer fold, fitted on all samples of its training runs."""
        if self.settings.decoder.whiten == "none":
            return [None] * len(self.held_out)
        run, data = self._prepared.run, self._prepared.data[:, self.regions[region]]
        return [Whitener().fit(data[~np.isin(run, runs)]) for runs in self.held_out]

    def _open(self, network: str, weights: Weights) -> Network:
        opened = self.readings[network].network
        return opened if weights == "trained" else opened.untrained(self.settings.seed)

    def _record(self, network: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
        reading = self.readings[network]
        return reading.targets.activations(self.network(network, weights), reading.layers)


def _once(make: Callable[..., T], maxsize: int | None = None) -> Callable[..., T]:
    """An lru_cache whose values are waited for, not made twice, where several threads ask."""
    lock = Lock()
    cached = lru_cache(maxsize=maxsize)(make)

    def get(*place: str) -> T:
        with lock:
            return cached(*place)

    return get


def _of_events(trials: Trials, events: NDArray[np.int64]) -> Trials:
    """The trials of these events, in their order."""
    if len(set(trials.event.tolist())) < len(trials):
        raise InputError("times: expected one trial for each event; leave `times` out with a window of several")
    order = np.argsort(trials.event)
    rows = order[np.searchsorted(trials.event[order], events)]
    arrays = {name: getattr(trials, name)[rows] for name in ("X", "label", "run", "event", "start_s", "stop_s")}
    stimulus = None if trials.stimulus is None else trials.stimulus[rows]
    return replace(trials, **arrays, stimulus=stimulus)
