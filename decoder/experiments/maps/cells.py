"""The jobs behind a map: inject into a layer what activity predicts, and score what the network then says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.ridge.blending import blended
from ...readout import TOGETHER, Entry, read_out
from ...statistics.measures import pairwise
from ..kernel.cache import Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key
from ..session.session import Weights
from .activity import Blends, mean_blends, true_blends
from .result import MapCell
from .session import MapSession
from .settings import NUISANCE

FORMAT = 3
"""Of the results in the cache: another number, and they are worked out anew."""

MOST_ELEMENTS = 2**25
"""Injected at once: as many numbers, over all units (128 MiB)."""


class MapLayer(NamedTuple):
    """A layer of a network: what does not depend on any brain is worked out once for it."""

    network: str
    layer: str


MapJob = MapCell | MapLayer


def cells_of(session: MapSession) -> list[MapCell]:
    """All cells, in the order of the map."""
    return [
        MapCell(region, time.name, *layer)
        for region in session.regions
        for time in session.settings.times
        for layer in _layers_of(session)
    ]


def jobs_of(session: MapSession, lacks: Callable[[str], bool] = lambda _: True) -> list[MapJob]:
    """All jobs whose results are lacking; those that share a factorisation follow each other."""
    return [job for job in (*_layers_of(session), *cells_of(session)) if lacks(entry_of(session, job))]


def _layers_of(session: MapSession) -> list[MapLayer]:
    return [MapLayer(name, layer) for name, spec in session.networks.items() for layer in spec.layers]


def entry_of(session: MapSession, job: MapJob) -> str:
    """The file of a job's result: a key of all that it depends on."""
    spec, settings = session.networks[job.network], session.settings
    ingredients: list[Any] = [
        *("map", FORMAT, job.layer, getattr(spec.network, "prompt", None), repr(spec.readout)),
        *(session.network_ingredients(job.network), session.adapter_ingredients, session.fold_ingredients),
        *(sorted(settings.controls), settings.seed),
    ]
    if isinstance(job, MapCell):
        ingredients += [session.activity_ingredients(job.region, job.time), session.inner_ingredients]
    return content_key(*ingredients) + ".npz"


def work_out(session: MapSession, job: MapJob) -> Arrays:
    """Do one job of a map.

    Returns
    -------
    dict of str to array
        Of a cell: ``decoder``, ``shuffled`` (n_shuffles of them) and ``untrained``: scores (n_trials, n_classes) of the
        trials that each outer fold holds out; ``inner`` (n_folds,): pairwise accuracy in the inner folds of each outer
        fold; ``strengths`` and ``at_edge`` (n_folds,). Of a layer: the scores ``ceiling``, ``mean`` and, where the
        stimuli have any, ``nuisance``.
    """
    return _of_layer(session, job) if isinstance(job, MapLayer) else _of_cell(session, job)


def _entries(session: MapSession, job: MapJob) -> list[str]:
    return [entry_of(session, job)]


def _results(session: MapSession, job: MapJob) -> list[Arrays]:
    return [work_out(session, job)]


MAPS = Experiment("injection map", jobs_of, _entries, _results)


def _of_layer(session: MapSession, at: MapLayer) -> Arrays:
    keys = session.keys(at.network)
    n_keys = len(session.networks[at.network].targets.keys)
    found = {
        "ceiling": _scores(session, at, "trained", true_blends(session.outer, keys, n_keys)),
        "mean": _at_mean(session, at, mean_blends(session.outer, keys, n_keys)),
    }
    if at.network in session.nuisances():
        blends = session.nuisances()[at.network].blends(session.gram(at.network, "trained", at.layer), keys)
        found[NUISANCE] = _scores(session, at, "trained", blends)
    return found


def _of_cell(session: MapSession, cell: MapCell) -> Arrays:
    at = MapLayer(cell.network, cell.layer)
    controls = session.settings.controls
    sources = session.sources(cell.region, cell.time)
    keys = session.keys(cell.network)
    gram = session.gram(cell.network, "trained", cell.layer)
    blends = sources.outer.blends(gram, keys)
    found: Arrays = {
        "decoder": _scores(session, at, "trained", blends),
        "inner": np.array([_inner_accuracy(session, at, source.blends(gram, keys)) for source in sources.inner]),
        "strengths": blends.strengths,
        "at_edge": blends.at_edge,
    }
    if "shuffled pairing" in controls:
        each = [sources.outer.blends(gram, keys[order]) for order in session.shuffles]
        found["shuffled"] = np.stack([_scores(session, at, "trained", one) for one in each])
    if "untrained network" in controls:
        other = sources.outer.blends(session.gram(cell.network, "untrained", cell.layer), keys)
        found["untrained"] = _scores(session, at, "untrained", other)
    return found


def _at_mean(session: MapSession, at: MapLayer, blends: Blends) -> NDArray[np.float32]:
    """Scores of all trials where each fold's mean activation is injected: worked out for one trial of each fold."""
    scores = _scores(session, at, "trained", blends)
    for trial, split in zip(blends.trial, session.outer, strict=True):
        scores[split.test] = scores[trial]
    return scores


def _inner_accuracy(session: MapSession, at: MapLayer, blends: Blends) -> float:
    """Pairwise accuracy of the trials that inner folds hold out."""
    scores = _scores(session, at, "trained", blends)[blends.trial]
    return float(np.nanmean(pairwise(scores, session.truth(at.network)[blends.trial])))


def _scores(session: MapSession, at: MapLayer, weights: Weights, blends: Blends) -> NDArray[np.float32]:
    """Scores (n_trials, n_classes) once the blends are injected; NaN for trials that are not among them."""
    spec = session.networks[at.network]
    network = session.network(at.network, weights)
    table = session.table(at.network, weights, at.layer)
    class_means = session.class_means(at.network, weights, at.layer)
    scores = np.full((len(session.trials), len(spec.targets.answers)), np.nan, np.float32)
    size = max(TOGETHER, MOST_ELEMENTS // table.shape[1])
    for fit in np.unique(blends.fit):
        [mean] = blended(blends.means[[fit]], table)
        entry = Entry(network, at.layer, spec.targets.answers, mean, class_means)
        rows = np.flatnonzero(blends.fit == fit)
        for part in np.split(rows, range(size, len(rows), size)):
            scores[blends.trial[part]], _ = read_out(spec.readout, entry, blended(blends.rows[part], table))
    return scores
