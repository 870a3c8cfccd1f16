"""One subject: its study file, and what is read for it; its regions and layers, and what tells them from others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.unit_blocks import Floats, scores_of
from ....adapters.whiten import Whitener
from ....errors import InputError, UnknownNameError
from ....models.cache.files import sha256_of
from ....models.cache.ingredients import ingredients_of, key_of
from ...sound_targets import SoundTargets
from ...steps import run_steps
from ...study.study import open_study
from ...targets import StimulusTargets
from ..maps.session import DECODERS_WINDOW, MapSession, Reading
from ..maps.sources import Split
from ..maps.studies import session_of

FORMAT = 2
"""Of the files that are kept: another number, and all are made anew."""


class FitCell(NamedTuple):
    """What an adapter goes from and to."""

    region: str
    network: str
    layer: str


@dataclass(frozen=True)
class Subject:
    """A study file, by which every process can open the subject for itself.

    Parameters
    ----------
    name : str
    study : Path
    regions, layers : tuple of str
        Those wanted; none: all that the study's [map] section names.
    """

    name: str
    study: Path
    regions: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()


class FitSession:
    """A subject's recording and networks, ready to be fitted.

    What a map reads serves here, too: see `hotwire.decoder.experiments.maps.MapSession`. Trials are cut by the
    decoder's window.

    Parameters
    ----------
    name : str
    session : MapSession
    regions, layers : sequence of str
        Those wanted; none: all of the session.

    Raises
    ------
    UnknownNameError
        There is no such region, or no network has such a layer.
    InputError
        The adapter has a strength or a gain for each unit.
    """

    def __init__(self, name: str, session: MapSession, regions: Sequence[str] = (), layers: Sequence[str] = ()) -> None:
        for region in regions:
            if region not in session.regions:
                raise UnknownNameError("region", region, session.regions)
        wanted = {region: session.regions[region] for region in regions or session.regions}
        readings = _with_layers(list(session.readings.values()), layers)
        settings = replace(session.settings, times=(DECODERS_WINDOW,), controls=())
        adapter = settings.decoder.adapter
        for policy in ("alpha_per", "gain"):
            if getattr(adapter, policy, None) == "unit":
                raise InputError(
                    f"{name}: adapter.{policy}: held-out scores come from Gram matrices, which know no units; expected "
                    f"{'all' if policy == 'alpha_per' else 'total or none'}, got 'unit'"
                )
        self.name = name
        self.opened = MapSession(name, session.recording, wanted, readings, settings, session.reliability)
        self._of_region = cache(self._tell_region)
        self._of_network = cache(self._tell_network)
        self._condensed = cache(self._condense)

    @property
    def cells(self) -> list[FitCell]:
        """All that is to be fitted."""
        readings = self.opened.readings.items()
        return [
            FitCell(region, name, layer)
            for region in self.opened.regions
            for name, reading in readings
            for layer in reading.layers
        ]

    def features(self, region: str) -> NDArray[np.float32]:
        """Activity (n_trials, n_features) of a region in each trial."""
        return self.opened.trials.X[:, self.opened.regions[region]]

    def samples(self, region: str) -> NDArray[np.float32]:
        """Activity (n_samples, n_features) of a region in each sample of the recording, behind all steps."""
        return self._prepared.data[:, self.opened.regions[region]]

    def features_of(self, region: str, runs: Sequence[Any]) -> NDArray:
        """`features` of all trials, whitened, if so asked, by what these runs hold."""
        if self.opened.settings.decoder.whiten == "none":
            return self.features(region)
        own = np.isin(self._prepared.run, list(runs))
        return Whitener().fit(self.samples(region)[own]).transform(self.features(region))

    def folds(self) -> list[tuple[Split, list[Any]]]:
        """Each outer fold, with the runs it trains on."""
        runs = self.opened.recording.runs
        held_out = self.opened.held_out
        return [
            (split, [run for run in runs if run not in set(out)])
            for split, out in zip(self.opened.outer, held_out, strict=True)
        ]

    def condensed(self, network: str, layer: str) -> tuple[Floats, Floats]:
        """Gram matrix (n_keys, n_keys) of a layer's activations, and states (n_keys, k) with the same Gram matrix."""
        return self._condensed(network, layer)

    def _condense(self, network: str, layer: str) -> tuple[Floats, Floats]:
        gram = self.opened.gram(network, "trained", layer)
        states = scores_of(gram)
        return gram, states if states.size else np.zeros((len(gram), 1))

    def adapter_key(self, cell: FitCell) -> str:
        """SHA-256 of all that the adapter of a cell depends on."""
        return _sha256(FORMAT, self._settings, self._of_region(cell.region), self._of_network(cell.network), cell.layer)

    def score_key(self, cell: FitCell) -> str:
        """SHA-256 of all that the held-out score of a cell depends on."""
        return _sha256(self.adapter_key(cell), self._folded)

    @cached_property
    def _settings(self) -> dict[str, str]:
        decoder = self.opened.settings.decoder
        parameters = {name: repr(value) for name, value in decoder.adapter.get_params().items()}
        return {**parameters, "kind": decoder.adapter.kind, "whiten": decoder.whiten}

    @cached_property
    def _folded(self) -> list[Any]:
        arrays = [array for split in self.opened.outer for array in split]
        return [_digest(array) for array in (*arrays, self.opened.shuffles)]

    @cached_property
    def _prepared(self) -> Any:
        return run_steps(tuple(self.opened.settings.decoder.steps), self.opened.recording)

    def _tell_region(self, region: str) -> list[str]:
        arrays = [self.features(region), self.opened.trials.run.astype(str)]
        if self.opened.settings.decoder.whiten != "none":
            arrays += [self.samples(region), self._prepared.run.astype(str)]
        return [_digest(array) for array in arrays]

    def _tell_network(self, name: str) -> list[Any]:
        reading = self.opened.readings[name]
        targets = reading.targets
        told = {**targets.to_dict(), "keys": list(targets.keys)}
        stimuli = list(targets.keys)
        if isinstance(targets, StimulusTargets):
            stimuli = list(targets.stimuli.values())
        elif isinstance(targets, SoundTargets):
            stimuli = targets.stimuli
        return [told, key_of(ingredients_of(reading.network, stimuli)), _digest(self.opened.keys(name))]


def subjects_of(studies: Sequence[Path], regions: Sequence[str] = (), layers: Sequence[str] = ()) -> list[Subject]:
    """Name subjects by their study files; files of the same name by their folders, too.

    Raises
    ------
    InputError
        No studies, or a study is there twice.

    Examples
    --------
    >>> [subject.name for subject in subjects_of([Path("sub-1/study.toml"), Path("sub-2/study.toml")])]
    ['sub-1-study', 'sub-2-study']
    """
    if not studies:
        raise InputError("studies: expected at least one study file, got none")
    paths = [path.resolve() for path in studies]
    n_named = Counter(path.stem for path in paths)
    names = [path.stem if n_named[path.stem] == 1 else f"{path.parent.name}-{path.stem}" for path in paths]
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise InputError(f"studies: expected each with a name of its own, got {twice[0]} twice; give one another name")
    return [Subject(name, path, tuple(regions), tuple(layers)) for name, path in zip(names, paths, strict=True)]


def open_subject(subject: Subject) -> FitSession:
    """Read all that a subject's study names.

    Raises
    ------
    StudyError
        What the study says does not go together.
    """
    return FitSession(subject.name, session_of(open_study(subject.study)), subject.regions, subject.layers)


def _with_layers(readings: list[Reading], layers: Sequence[str]) -> list[Reading]:
    """The readings of those networks that have some of these layers, with them alone."""
    if not layers:
        return readings
    known = dict.fromkeys(layer for reading in readings for layer in reading.network.layers)
    for layer in layers:
        if layer not in known:
            raise UnknownNameError("layer", layer, known)
    own = [(one, tuple(layer for layer in one.network.layers if layer in layers)) for one in readings]
    return [replace(one, layers=of) for one, of in own if of]


def _digest(array: NDArray) -> str:
    return sha256_of(f"{array.dtype.str} {array.shape} ", array.tobytes())


def _sha256(*told: Any) -> str:
    return sha256_of(json.dumps(told, sort_keys=True))
