"""The work behind a map: inject into a layer what a source predicts, and score what the network then says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.ridge.blending import blended
from ...readout import Entry, NearestReadout
from ...statistics.measures import pairwise
from .result import MapCell
from .session import NUISANCE, MapSession, Weights
from .sources import Blends, mean_blends, true_blends

MOST_ELEMENTS = 2**25
"""Injected at once: as many numbers, over all units (128 MiB)."""

Arrays = dict[str, NDArray]


class Layer(NamedTuple):
    """A layer of a network: what does not depend on any brain is worked out once for it."""

    network: str
    layer: str


Job = MapCell | Layer


def work_out(session: MapSession, job: Job) -> Arrays:
    """Do one piece of a map.

    Parameters
    ----------
    session : MapSession
    job : MapCell or Layer

    Returns
    -------
    dict of str to array
        Of a cell: ``decoder``, ``shuffled`` (n_shuffles of them) and ``untrained``: scores (n_trials, n_answers) of the
        trials that each outer fold holds out; ``inner`` (n_folds,): pairwise accuracy in the inner folds of each outer
        fold; ``strengths`` and ``at_edge`` (n_folds,). Of a layer: the scores ``ceiling``, ``mean`` and, where the
        stimuli have any, ``nuisance``.
    """
    return _of_layer(session, job) if isinstance(job, Layer) else _of_cell(session, job)


def jobs_of(session: MapSession) -> list[Job]:
    """All pieces; those that share a factorisation follow each other."""
    return [*_layers_of(session), *cells_of(session)]


def cells_of(session: MapSession) -> list[MapCell]:
    """All cells, in the order of the map."""
    return [
        MapCell(region, time.name, *layer)
        for region in session.regions
        for time in session.settings.times
        for layer in _layers_of(session)
    ]


def _layers_of(session: MapSession) -> list[Layer]:
    return [Layer(name, layer) for name, reading in session.readings.items() for layer in reading.layers]


def key_of(session: MapSession, job: Job) -> str:
    """SHA-256 of all that a piece depends on: kept pieces are found again by it."""
    reading = session.readings[job.network]
    told = {
        "session": session.digest,
        "network": [reading.network.fingerprint, getattr(reading.network, "prompt", None), job.layer],
        "targets": reading.targets.to_dict(),
        "keys": list(reading.targets.keys),
        "readout": repr(reading.readout),
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    if isinstance(job, MapCell):
        time = next(one for one in session.settings.times if one.name == job.time)
        digest.update(json.dumps([time.start_s, time.stop_s]).encode())
        digest.update(np.ascontiguousarray(session.regions[job.region], np.int64).tobytes())
    return digest.hexdigest()


def _of_layer(session: MapSession, at: Layer) -> Arrays:
    keys = session.keys(at.network)
    n_keys = len(session.readings[at.network].targets.keys)
    found = {
        "ceiling": _scores(session, at, "trained", true_blends(session.outer, keys, n_keys)),
        "mean": _at_mean(session, at, mean_blends(session.outer, keys, n_keys)),
    }
    if at.network in session.nuisances():
        blends = session.nuisances()[at.network].blends(session.gram(at.network, "trained", at.layer), keys)
        found[NUISANCE] = _scores(session, at, "trained", blends)
    return found


def _of_cell(session: MapSession, cell: MapCell) -> Arrays:
    at = Layer(cell.network, cell.layer)
    controls = session.settings.controls
    sources = session.sources(cell.region, cell.time)
    keys = session.keys(cell.network)
    gram = session.gram(cell.network, "trained", cell.layer)
    blends = sources.outer.blends(gram, keys)
    found: Arrays = {
        "decoder": _scores(session, at, "trained", blends),
        "inner": np.array([_judged(session, at, source.blends(gram, keys)) for source in sources.inner]),
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


def _at_mean(session: MapSession, at: Layer, blends: Blends) -> NDArray[np.float32]:
    """Scores of all trials where each fold's mean activation is injected: worked out for one trial of each fold."""
    scores = _scores(session, at, "trained", blends)
    for trial, split in zip(blends.trial, session.outer, strict=True):
        scores[split.test] = scores[trial]
    return scores


def _judged(session: MapSession, at: Layer, blends: Blends) -> float:
    """Pairwise accuracy of the trials that inner folds hold out."""
    scores = _scores(session, at, "trained", blends)[blends.trial]
    return float(np.nanmean(pairwise(scores, session.truth(at.network)[blends.trial])))


def _scores(session: MapSession, at: Layer, weights: Weights, blends: Blends) -> NDArray[np.float32]:
    """Scores (n_trials, n_answers) once the blends are injected; NaN for trials that are not among them."""
    reading = session.readings[at.network]
    network = session.network(at.network, weights)
    table = session.table(at.network, weights, at.layer)
    targets = _of_answers(session, at, table)
    scores = np.full((len(session.trials), len(reading.targets.answers)), np.nan, np.float32)
    for part in _parts(len(blends.rows), table.shape[1]):
        # Fits follow each other, so a part needs the means of few.
        fits, fit = np.unique(blends.fit[part], return_inverse=True)
        means = blended(blends.means[fits], table)
        entry = Entry(network, at.layer, reading.targets.answers, means, targets, fit)
        scores[blends.trial[part]] = reading.readout.scores(entry, blended(blends.rows[part], table))
    return scores


def _of_answers(session: MapSession, at: Layer, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean activation of each answer, which only the nearest readout looks at."""
    reading = session.readings[at.network]
    if not isinstance(reading.readout, NearestReadout):
        return np.empty((len(reading.targets.answers), 0), np.float32)
    truth = reading.targets.truth()
    of_answer = np.arange(len(reading.targets.answers))[:, None] == truth
    return blended(of_answer / of_answer.sum(axis=1, keepdims=True), table)


def _parts(n: int, n_units: int) -> Sequence[slice]:
    size = max(1, MOST_ELEMENTS // n_units)
    return [slice(start, start + size) for start in range(0, n, size)]
