"""The jobs of a map: inject the prediction from activity into a layer, and score what the network reads out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import blended
from ...evaluation.controls import Control
from ...readouts.entry import Entry
from ...readouts.read_out import read_out_fits
from ...statistics.measures import pairwise
from ..kernel.cache import Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key
from .activity import Blends, Injected, RegionActivity, TrueActivations
from .result import MapCell
from .session import MapSession, readout_ingredients, uses_activity, weights_of

FORMAT = 4
"""The format of cached results: with another number they are computed again."""

MOST_ELEMENTS = 2**25
"""Numbers that are injected at once, over all units (128 MiB)."""

DECODER = Control("decoder", "the predictions themselves")
CEILING = Control("ceiling", "the true activations")


class MapLayer(NamedTuple):
    """A layer of a network; what does not depend on any brain is computed once for it."""

    network: str
    layer: str


MapJob = MapCell | MapLayer


def jobs_of(session: MapSession, lacks: Callable[[str], bool] = lambda _: True) -> list[MapJob]:
    """All jobs whose results are missing; those that share a factorisation follow each other."""
    return [job for job in (*_layers_of(session), *cells_of(session)) if lacks(entry_of(session, job))]


def cells_of(session: MapSession) -> list[MapCell]:
    """All cells, in the order of the map."""
    layers, times = _layers_of(session), session.settings.times
    return [MapCell(region, time.name, *at) for region in session.regions for time in times for at in layers]


def _layers_of(session: MapSession) -> list[MapLayer]:
    return [MapLayer(name, layer) for name, spec in session.networks.items() for layer in spec.layers]


def entry_of(session: MapSession, job: MapJob) -> str:
    """The file of a job's result, named by a key of all that it depends on."""
    spec = session.networks[job.network]
    ingredients: list[Any] = [
        *("map", FORMAT, job.layer, getattr(spec.network, "prompt", None), readout_ingredients(spec.readout)),
        *(session.network_ingredients(job.network), session.adapter_ingredients, session.fold_ingredients),
        *(session.control_ingredients(job.network), session.settings.seed),
    ]
    if isinstance(job, MapCell):
        ingredients += [session.activity_ingredients(job.region, job.time), session.inner_ingredients]
        ingredients += [one.name for one in session.searching]
    return content_key(*ingredients) + ".npz"


def work_out(session: MapSession, job: MapJob) -> Arrays:
    """Do one job of a map.

    Both kinds give scores (n_repeats, n_trials, n_classes) of the trials that each outer fold holds out: a layer gives
    ``ceiling`` and the controls without activity, a cell gives ``decoder`` and the other controls. A cell also gives
    ``inner`` (n_folds,), the pairwise accuracy in the inner folds of each outer fold, and ``strengths`` and ``at_edge``
    (n_folds,). ``inner of`` a control that chooses for itself is (n_repeats, n_folds).
    """
    if isinstance(job, MapLayer):
        arrays = {CEILING.name: _scores(session, job, CEILING, TrueActivations(session.outer))}
        for control in session.controls:
            activity = session.stand_in(control.name, job.network)
            if activity is not None:
                arrays[control.name] = _scores(session, job, control, activity)
        return arrays
    at = MapLayer(job.network, job.layer)
    activity = session.sources(job.region, job.time)
    gram, keys = session.gram(at.network, "trained", at.layer), session.keys(at.network)
    blends = activity.outer.blends(gram, keys)
    return {
        DECODER.name: _read(session, at, DECODER, blends)[None],
        "inner": _inner(session, at, DECODER, activity)[0],
        "strengths": blends.strengths,
        "at_edge": blends.at_edge,
        **{one.name: _scores(session, at, one, activity.outer) for one in session.controls if uses_activity(one)},
        **{inner_of(one.name): _inner(session, at, one, activity) for one in session.searching},
    }


def inner_of(control: str) -> str:
    """The name of a control's accuracies in the inner folds."""
    return f"inner of {control}"


def _entries(session: MapSession, job: MapJob) -> list[str]:
    return [entry_of(session, job)]


def _results(session: MapSession, job: MapJob) -> list[Arrays]:
    return [work_out(session, job)]


MAPS = Experiment("injection map", jobs_of, _entries, _results)


def _scores(session: MapSession, at: MapLayer, control: Control, activity: Injected) -> NDArray[np.float32]:
    """Scores (n_repeats, n_trials, n_classes) of a control, one repeat for each of its pairings."""
    gram = session.gram(at.network, weights_of(control), at.layer)
    pairings = _pairings(session, at, control)
    return np.stack([_read(session, at, control, activity.blends(gram, own)) for own in pairings])


def _pairings(session: MapSession, at: MapLayer, control: Control) -> list[NDArray[np.intp]]:
    """The key that each trial is fitted to, once or for each of the control's pairings."""
    keys = session.keys(at.network)
    return [keys] if control.pairing is None else [keys[order] for order in session.pairing(control.name)]


def _inner(session: MapSession, at: MapLayer, control: Control, activity: RegionActivity) -> NDArray[np.float64]:
    """Pairwise accuracy (n_repeats, n_folds) in the inner folds of each outer fold, by the control's own pairing."""
    gram = session.gram(at.network, weights_of(control), at.layer)
    return np.array(
        [
            [_inner_accuracy(session, at, control, inner.blends(gram, own), own) for inner in activity.inner]
            for own in _pairings(session, at, control)
        ]
    )


def _inner_accuracy(
    session: MapSession, at: MapLayer, control: Control, blends: Blends, keys: NDArray[np.intp]
) -> float:
    """Pairwise accuracy of the trials that inner folds hold out, whose classes are those of the keys."""
    scores = _read(session, at, control, blends)[blends.trial]
    truth = session.networks[at.network].targets.truth()[keys]
    return float(np.nanmean(pairwise(scores, truth[blends.trial])))


def _read(session: MapSession, at: MapLayer, control: Control, blends: Blends) -> NDArray[np.float32]:
    """Scores (n_trials, n_classes) after injecting the blends; NaN for trials that are not among them."""
    spec = session.networks[at.network]
    place = (at.network, weights_of(control), at.layer)
    network, table, class_means = session.network(*place[:2]), session.table(*place), session.class_means(*place)
    if control.activations is not None:
        blends = replace(blends, rows=control.activations(blends.rows, blends.means[blends.fit]))
    scores = np.full((len(session.trials), len(spec.targets.answers)), np.nan, np.float32)
    size = max(1, MOST_ELEMENTS // table.shape[1])
    by_fit = np.argsort(blends.fit, kind="stable")
    for part in np.split(by_fit, range(size, len(by_fit), size)):
        fits, starts = np.unique(blends.fit[part], return_index=True)
        means = blended(blends.means[fits], table)
        entries = [Entry(network, at.layer, spec.targets.answers, mean, class_means) for mean in means]
        states = np.split(blended(blends.rows[part], table), starts[1:])
        values, _ = read_out_fits(control.readout or spec.readout, entries, states, speak=False)
        scores[blends.trial[part]] = np.concatenate(values)
    return scores
