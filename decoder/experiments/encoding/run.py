"""Making an encoding: do the jobs that are missing, here or on a cluster, then gather the results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ....errors import InputError
from ....models.cache_folder import cache_folder
from ...evaluation.threads import progress
from ..kernel.cache import ArrayCache
from ..kernel.jobs import Workers, fill_cache, work_here
from .cells import ENCODINGS
from .gather import HeldOutRegion, hierarchies_of, region_result
from .result import Encoding
from .session import EncodingSession


def results_folder() -> Path:
    """The default cache of an encoding's results: with all assets, see `hotwire.models.cache_folder`."""
    return cache_folder() / "encodings"


def encode(
    sessions: Sequence[EncodingSession], *, cache: ArrayCache | None = None, workers: Workers = work_here
) -> Encoding:
    """Predict every site from every layer, on stimuli that were held out, and score that against the noise ceiling.

    Predictions are cached on disk: what was stopped continues where it was, and one more layer costs one more layer.

    Parameters
    ----------
    sessions : sequence of EncodingSession
        With the same networks and layers.
    cache : ArrayCache, optional
        By default in `results_folder`.
    workers : callable, optional
        Does the missing jobs: all cores of this machine, or a `hotwire.decoder.experiments.kernel.cluster.Cluster`.

    Returns
    -------
    Encoding

    Raises
    ------
    InputError
        A site never varies, folds do not fit the stimuli, or sessions have other networks.
    """
    start = time.perf_counter()
    _check(sessions)
    cache = cache or ArrayCache(results_folder())
    fill_cache(ENCODINGS, sessions, cache, workers)
    settings = sessions[0].settings
    places = [(session, region, at) for session in sessions for region in session.regions for at in settings.times]
    networks = sessions[0].networks
    shown = ("n_folds", "hold_out", "gap", "pool", "n_untrained", "pls", "n_draws", "n_shuffles", "seed")
    return Encoding(
        sessions=tuple(session.about() for session in sessions),
        networks={name: spec.layers for name, spec in networks.items()},
        fingerprints={name: spec.network.fingerprint for name, spec in networks.items()},
        regions=tuple(
            region_result(*(HeldOutRegion(session, cache, region, at, way) for way in settings.hold_out))
            for session, region, at in progress(places, "scores", len(places))
        ),
        hierarchies=tuple(
            one for session in sessions for at in settings.times for one in hierarchies_of(session, cache, at)
        ),
        settings={name: getattr(settings, name) for name in shown}
        | {"sounds": getattr(sessions[0].targets, "are_sounds", False)}
        | {"steps": ", ".join(map(repr, settings.decoder.steps)) or "none", "window": repr(settings.decoder.window)},
        seconds=time.perf_counter() - start,
    )


def _check(sessions: Sequence[EncodingSession]) -> None:
    if not sessions:
        raise InputError("sessions: expected at least one, got none")
    names = [session.name for session in sessions]
    if len(set(names)) < len(names):
        raise InputError(f"sessions: expected each with a name of its own, got {', '.join(names)}")
    of_each = [{name: spec.layers for name, spec in session.networks.items()} for session in sessions]
    for session, networks in zip(sessions, of_each, strict=True):
        if networks != of_each[0] or session.settings.hold_out != sessions[0].settings.hold_out:
            raise InputError(
                f"sessions: {sessions[0].name} and {session.name} differ in networks, layers or hold_out; encode them "
                "one by one"
            )
