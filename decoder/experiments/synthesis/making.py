"""The jobs of a synthesis: for each objective, the pictures or sounds that are best by the encoders of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.synthesis.objectives import combined
from ....models.synthesis.optimise import optimise
from ...evaluation.threads import once
from ..kernel.cache import ArrayCache, Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key
from .encoders import SHUFFLED, TRAINED, UNTRAINED, EncoderFit, entry_of
from .maps import EncoderMap, score, standardised
from .objectives import SiteObjective
from .session import SynthesisSession

FORMAT = 2
"""The format of what is cached: with another number it is made again."""

UNFINISHED = "unfinished"
"""The folder, in the cache, of the states from which stopped work goes on."""

KINDS = (TRAINED, SHUFFLED, UNTRAINED)
"""By whose encoders something is made; those after the first are controls."""

HOW: dict[str, Literal["mean", "min"]] = {"mean": "mean", "worst": "min"}


class Making(NamedTuple):
    """What is made for an objective, by encoders of a kind."""

    objective: SiteObjective
    kind: str = TRAINED


class MakingSession:
    """A session whose encoders are fitted, the cache that has them, and what is to be made."""

    source = None

    def __init__(self, session: SynthesisSession, cache: ArrayCache, objectives: Sequence[SiteObjective]) -> None:
        self.session = session
        self.cache = cache
        self.objectives = tuple(objectives)
        self.name = session.name
        self.map = once(self._map)

    def prepare(self) -> None:
        """Nothing: encoders are read when they are needed, and once."""

    def forget(self) -> None:
        """Nothing: pictures and sounds are small."""

    def maps(self, kind: str) -> list[EncoderMap]:
        """The encoders of a kind, one for each network."""
        return [self.map(network, kind) for network in self.session.networks]

    def natural(self, kind: str) -> NDArray[np.float64]:
        """What the encoders of a kind together predict of the natural stimuli (n_natural, n_sites)."""
        return np.mean([of.natural for of in self.maps(kind)], axis=0)

    def _map(self, network: str, kind: str) -> EncoderMap:
        opened = self.session.network(network, kind == UNTRAINED)
        fitted = self.cache.get(entry_of(self.session, EncoderFit(network, kind)))
        return EncoderMap(opened, fitted, self.session.natural, self.session.medium)


def makings(making: MakingSession, lacks: Callable[[str], bool] = lambda _: True) -> list[Making]:
    """All that is missing; controls last."""
    jobs = [Making(objective, kind) for kind in KINDS for objective in making.objectives]
    return [job for job in jobs if lacks(made_entry(making, job))]


def made_entry(making: MakingSession, job: Making) -> str:
    """The file of what is made for an objective, named by a key of all that it depends on."""
    session = making.session
    fits = [entry_of(session, EncoderFit(network, job.kind)) for network in session.networks]
    key = content_key("synthesis", FORMAT, asdict(job.objective), fits, asdict(session.settings))
    return f"{key}.npz"


def make(making: MakingSession, job: Making) -> Arrays:
    """Synthesise what is ``made`` (n_seeds, ...), as it is shown, with what is ``predicted`` of it (n_seeds, n_sites).

    The best by the prediction is the first. ``start`` has the natural one from which each began, -1 for noise.
    """
    settings, medium = making.session.settings, making.session.medium
    maps, objective = making.maps(job.kind), job.objective
    start, rows = _start(making, job)
    each = [partial(_score_of, of, objective) for of in maps]
    state = making.cache.folder / UNFINISHED / made_entry(making, job)
    whole = combined(each, HOW[settings.combine])
    found = optimise(medium.generator(start), whole, settings.optimiser(), state=state, name=objective.name)
    shown = medium.shown(found.made)
    again = medium.natural(list(shown))
    with torch.no_grad():
        values = whole(again).numpy()
        predicted = np.mean([of(again).double().numpy() for of in maps], axis=0)
    best = np.argsort(-values, kind="stable")
    state.unlink(missing_ok=True)  # what follows is quick
    return {"made": shown[best], "predicted": predicted[best], "start": rows[best]}


def _score_of(of: EncoderMap, objective: SiteObjective, made: torch.Tensor) -> torch.Tensor:
    return objective.score(of.standardised(made))


def _start(making: MakingSession, job: Making) -> tuple[torch.Tensor, NDArray[np.intp]]:
    settings, session = making.session.settings, making.session
    if settings.start != "natural":
        seeds = [settings.seed + i for i in range(settings.n_seeds)]
        return session.medium.noise(seeds), np.full(settings.n_seeds, -1)
    natural = making.natural(job.kind)
    best = np.argsort(-score(job.objective, standardised(natural, natural)), kind="stable")[: settings.n_seeds]
    rows = session.natural[best]
    return session.medium.natural([session.stimulus(row) for row in rows]), rows


def _entries(making: MakingSession, job: Making) -> list[str]:
    return [made_entry(making, job)]


def _results(making: MakingSession, job: Making) -> list[Arrays]:
    return [make(making, job)]


MAKINGS = Experiment("synthesis", makings, _entries, _results)
