"""Making a map: do the jobs that are missing, here or on a cluster, then gather the results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ....adapters.ridge.ridge import RidgeAdapter
from ....errors import InputError
from ....models.weights.assets import cache_folder
from ...evaluation.audit.leaks import refuse
from ..kernel.cache import ArrayCache
from ..kernel.jobs import Workers, fill_cache, work_here
from .cells import MAPS
from .gather import Gathered, cell_results, nested_result
from .result import InjectionMap, NetworkSummary, SessionSummary
from .session import MapSession


def results_folder() -> Path:
    """The default cache of a map's results: with all assets, see `hotwire.models.weights.assets`."""
    return cache_folder() / "maps"


def make_map(
    sessions: Sequence[MapSession], *, cache: ArrayCache | None = None, workers: Workers = work_here
) -> InjectionMap:
    """Inject each region's activity, at each time, into each layer, and score what the network understands.

    Results are cached on disk: a map that was stopped continues where it was, and a map that is made again, or with one
    more layer, does only what is new.

    Parameters
    ----------
    sessions : sequence of MapSession
        With the same settings, regions and networks; the map is their mean.
    cache : ArrayCache, optional
        By default in `results_folder`.
    workers : callable, optional
        Does the missing jobs: all cores of this machine, or a `hotwire.decoder.experiments.kernel.cluster.Cluster`.

    Returns
    -------
    InjectionMap

    Raises
    ------
    InputError
        The sessions do not have the same regions, times, networks and layers.
    LeakError
        What would be tested was in the training, or can be decoded without the brain.
    """
    start = time.perf_counter()
    _check_alike(sessions)
    for session in sessions:
        refuse(session.findings, session.settings.audit)
    cache = cache or ArrayCache(results_folder())
    fill_cache(MAPS, sessions, cache, workers)
    gathered = [Gathered(session, cache) for session in sessions]
    first = sessions[0]
    settings, decoder = first.settings, first.settings.decoder
    several = list(first.regions) if len(first.regions) > 1 else []
    counts = ("inner_folds", "inner_trials", "n_shuffles", "n_permutations", "seed", "controls_redo")
    return InjectionMap(
        sessions=tuple(map(_summary, sessions)),
        regions=tuple(first.regions),
        times=tuple(settings.times),
        networks=tuple(
            NetworkSummary(name, spec.network.fingerprint, spec.layers, repr(spec.readout))
            for name, spec in first.networks.items()
        ),
        cells=cell_results(gathered),
        nested=nested_result(gathered),
        nested_by_region={region: nested_result(gathered, region) for region in several},
        settings={
            "steps": ", ".join(map(repr, decoder.steps)) or "none",
            "window": repr(decoder.window),
            "whiten": decoder.whiten,
            "adapter": " ".join(repr(decoder.adapter).split()),
            "folds": str(settings.folds),
        },
        **{name: getattr(settings, name) for name in counts},
        seconds=time.perf_counter() - start,
    )


def _summary(session: MapSession) -> SessionSummary:
    first = next(iter(session.networks.values()))
    return SessionSummary(
        **session.summary(),
        n_answers=len(first.targets.answers),
        n_runs=len(session.recording.runs),
        n_features={region: len(features) for region, features in session.regions.items()},
    )


def _check_alike(sessions: Sequence[MapSession]) -> None:
    if not sessions:
        raise InputError("sessions: expected at least one, got none")
    names = [session.name for session in sessions]
    if len(set(names)) < len(names):
        raise InputError(f"sessions: expected each with a name of its own, got {', '.join(names)}")
    first = sessions[0]
    for session in sessions:
        kind = session.settings.decoder.adapter.kind
        if kind != RidgeAdapter.kind:
            raise InputError(
                f"{session.name}: adapter: a map is made with adapters of the kind {RidgeAdapter.kind!r}, got {kind!r}"
            )
        for what, ours in _alike(first).items():
            theirs = _alike(session)[what]
            if ours != theirs:
                raise InputError(
                    f"sessions: {first.name} and {session.name} are to be averaged, but differ in their {what}: "
                    f"{ours} and {theirs}; map them one by one"
                )


def _alike(session: MapSession) -> dict[str, object]:
    """What all sessions of a map must have in common."""
    return {
        "regions": list(session.regions),
        "times": list(session.settings.times),
        "networks and layers": {name: spec.layers for name, spec in session.networks.items()},
    }
