"""Subjects: study files that are fitted in one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, UnknownNameError
from ...study.study import open_study
from ..session.settings import NetworkSpec, SessionSettings
from ..session.study import session_parts, shared_settings
from .session import FitSession


@dataclass(frozen=True)
class Subject:
    """A study file, from which every process can open the subject.

    `regions` and `layers` select by name; without names, all of the study's [map] section are used.
    """

    name: str
    study: Path
    regions: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    def open(self) -> FitSession:
        """Read everything that the study names."""
        study = open_study(self.study, needs_layer=False)
        parts = session_parts(study)
        parts["regions"] = with_names(parts["regions"], self.regions)
        parts["networks"] = with_layers(parts["networks"], self.layers)
        with study.naming("map: "):
            settings = SessionSettings(**shared_settings(study))
        return FitSession(self.name, **parts, settings=settings, source=self)


def subjects_of(studies: Sequence[Path], regions: Sequence[str] = (), layers: Sequence[str] = ()) -> list[Subject]:
    """Name subjects by their study files; files of the same name by their folders, too.

    It is an InputError if there are no studies or one occurs twice.

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


def with_names(regions: dict[str, NDArray[np.intp]], names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """The regions of these names; all if no names are given."""
    for name in names:
        if name not in regions:
            raise UnknownNameError("region", name, regions)
    return {name: regions[name] for name in names or regions}


def with_layers(networks: Sequence[NetworkSpec], layers: Sequence[str]) -> list[NetworkSpec]:
    """The networks that have some of these layers, with only these layers; all if no layers are given."""
    if not layers:
        return list(networks)
    known = dict.fromkeys(layer for spec in networks for layer in spec.network.layers)
    for layer in layers:
        if layer not in known:
            raise UnknownNameError("layer", layer, known)
    own = [(spec, tuple(layer for layer in spec.network.layers if layer in layers)) for spec in networks]
    return [replace(spec, layers=of) for spec, of in own if of]
