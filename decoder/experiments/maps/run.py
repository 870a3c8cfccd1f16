"""Making a map: do what is not done yet, here or on a cluster, then gather."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from ....adapters.ridge.ridge import RidgeAdapter
from ....errors import InputError
from ...evaluation.audit.leaks import refuse
from ...evaluation.threads import in_parallel
from .cells import Job, jobs_of, key_of, work_out
from .gather import Gathered, cell_results, nested_result
from .piece_store import PieceStore
from .result import InjectionMap, NetworkSummary, SessionSummary
from .session import MapSession

T = TypeVar("T")
Todo = Sequence[tuple[MapSession, Job]]
Workers = Callable[[Todo, PieceStore], None]


def make_map(
    sessions: Sequence[MapSession], *, kept: PieceStore | None = None, workers: Workers | None = None
) -> InjectionMap:
    """Inject each region's activity, at each time, into each layer, and see what the network understands.

    Pieces that are done are kept on disk: a map that was stopped goes on where it was, and one that is made again, or
    with a layer more, does only what is new.

    Parameters
    ----------
    sessions : sequence of MapSession
        Of the same settings, regions and networks; the map is their mean.
    kept : PieceStore, optional
        Where pieces are kept.
    workers : callable, optional
        Does the pieces that are left to do; by default all cores of this machine.

    Returns
    -------
    InjectionMap

    Raises
    ------
    InputError
        The sessions do not have the same regions, times, networks and layers.
    LeakError
        What would be tested was in the training, or can be told without the brain.
    """
    start = time.perf_counter()
    _check_alike(sessions)
    for session in sessions:
        refuse(session.findings, session.settings.audit)
    kept = kept or PieceStore()
    todo = [(session, job) for session in sessions for job in jobs_of(session) if key_of(session, job) not in kept]
    if todo:
        (workers or work_here)(todo, kept)
    gathered = [Gathered(session, partial(_piece, session, kept)) for session in sessions]
    first = sessions[0]
    settings = first.settings
    return InjectionMap(
        sessions=tuple(_told(session) for session in sessions),
        regions=tuple(first.regions),
        times=tuple(settings.times),
        networks=tuple(
            NetworkSummary(name, reading.network.fingerprint, reading.layers, repr(reading.readout))
            for name, reading in first.readings.items()
        ),
        cells=cell_results(gathered),
        nested=nested_result(gathered),
        nested_by_region={region: nested_result(gathered, region) for region in first.regions}
        if len(first.regions) > 1
        else {},
        settings={
            "steps": ", ".join(map(repr, settings.decoder.steps)) or "none",
            "window": repr(settings.decoder.window),
            "whiten": settings.decoder.whiten,
            "adapter": " ".join(repr(settings.decoder.adapter).split()),
            "folds": str(settings.folds),
        },
        inner_folds=settings.inner_folds,
        inner_trials=settings.inner_trials,
        n_shuffles=settings.n_shuffles,
        n_permutations=settings.n_permutations,
        seed=settings.seed,
        seconds=time.perf_counter() - start,
    )


def work_here(todo: Todo, kept: PieceStore) -> None:
    """Do the pieces on all cores of this machine, session by session: factorisations take memory."""
    for session in dict.fromkeys(session for session, _ in todo):
        session.prepare()
        own = [partial(_do, session, job, kept) for of, job in todo if of is session]
        in_parallel(own, f"{session.name}: injection map")
        session.forget()


def _do(session: MapSession, job: Job, kept: PieceStore) -> None:
    kept.put(key_of(session, job), work_out(session, job))


def _piece(session: MapSession, kept: PieceStore, job: Job) -> dict:
    """A piece that was kept; worked out again if its file was damaged since."""
    found = kept.get(key_of(session, job))
    if found is None:
        _do(session, job, kept)
        found = kept.get(key_of(session, job))
    assert found is not None  # it was written just now
    return found


def _told(session: MapSession) -> SessionSummary:
    first = next(iter(session.readings.values()))
    return SessionSummary(
        name=session.name,
        recording=session.recording.summary(),
        n_trials=len(session.trials),
        n_answers=len(first.targets.answers),
        n_runs=len(session.recording.runs),
        n_folds=len(session.outer),
        n_features={region: len(features) for region, features in session.regions.items()},
        findings=tuple(vars(finding) for finding in session.findings),
        reliability=session.reliability,
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
    for session in sessions[1:]:
        for what, ours, theirs in (
            ("regions", list(first.regions), list(session.regions)),
            ("times", list(first.settings.times), list(session.settings.times)),
            (
                "networks and layers",
                {name: one.layers for name, one in first.readings.items()},
                {name: one.layers for name, one in session.readings.items()},
            ),
        ):
            if ours != theirs:
                raise InputError(
                    f"sessions: {first.name} and {session.name} are to be averaged, but differ in their {what}: "
                    f"{ours} and {theirs}; map them one by one"
                )
