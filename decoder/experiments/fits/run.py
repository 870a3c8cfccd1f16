"""Fitting all: do what is not done yet, here or on a cluster, subject by subject."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ....errors import AssetError
from ...evaluation.audit.leaks import refuse
from ...evaluation.threads import in_parallel
from .job import AT_EDGE, SECONDS, Job, Score, jobs_of, pieces_of, work_out
from .result import Fits, FittedAdapter, SubjectSummary, measures
from .session import FitCell, FitSession, Subject, open_subject
from .store import FitStore, Piece


@dataclass(frozen=True)
class Todo:
    """What a subject lacks, the subject being opened."""

    subject: Subject
    session: FitSession
    jobs: list[Job]


Workers = Callable[[Iterable[Todo], FitStore], None]
"""Takes each subject's work as it comes, for not all subjects are open at once."""


@dataclass(frozen=True)
class _Wanted:
    """What a subject should have in the end."""

    shown: SubjectSummary
    n_features: dict[str, int]
    n_units: dict[FitCell, int]
    adapters: dict[FitCell, Piece]
    scores: dict[FitCell, Piece]


def fit_all(subjects: Sequence[Subject], folder: Path, *, workers: Workers | None = None) -> Fits:
    """Fit an adapter from each region of each subject into each layer, and score it on held-out runs.

    Each adapter is kept as a file, and so is each score. What was stopped goes on where it was; what is there already,
    whole and from the same data, settings and network, is not made again.

    Parameters
    ----------
    subjects : sequence of Subject
        See `hotwire.decoder.experiments.fits.session.subjects_of`.
    folder : Path
        Where to keep all.
    workers : callable, optional
        Does what is left to do; by default all cores of this machine, see `hotwire.decoder.experiments.fits.cluster`.

    Returns
    -------
    Fits

    Raises
    ------
    InputError
        The folder holds something else, or a study cannot be fitted this way.
    UnknownNameError
        There is no such region or layer.
    LeakError
        What would be tested was in the training, or can be told without the brain.
    """
    start = time.perf_counter()
    store = FitStore(folder)
    asked: list[_Wanted] = []
    made: set[Piece] = set()

    def each() -> Iterator[Todo]:
        for subject in subjects:
            session = open_subject(subject)
            refuse(session.opened.findings, session.opened.settings.audit)
            one = _ask(session)
            lacking = _lacking(store, [*one.adapters.values(), *one.scores.values()], subject.name)
            asked.append(one)
            made.update(lacking)
            yield Todo(subject, session, jobs_of(session, lacking))

    (workers or work_here)(each(), store)
    fitted = [_line(store, one, cell) for one in asked for cell in one.adapters]
    n_made = sum(piece in made for one in asked for piece in one.adapters.values())
    return Fits(
        tuple(one.shown for one in asked), tuple(fitted), n_made, len(fitted) - n_made, time.perf_counter() - start
    )


def work_here(todo: Iterable[Todo], store: FitStore) -> None:
    """Do the work on all cores of this machine, one subject after the other."""
    for one in todo:
        if one.jobs:
            one.session.opened.prepare()
            in_parallel([partial(_do, one.session, job, store) for job in one.jobs], f"{one.subject.name}: fits")


def _do(session: FitSession, job: Job, store: FitStore) -> None:
    for piece, arrays in work_out(session, job):
        store.put(piece, arrays)


def _lacking(store: FitStore, pieces: Sequence[Piece], name: str) -> set[Piece]:
    """Those that are not there whole."""
    found = in_parallel([partial(store.__contains__, piece) for piece in pieces], f"{name}: checking files")
    return {piece for piece, there in zip(pieces, found, strict=True) if not there}


def _ask(session: FitSession) -> _Wanted:
    opened = session.opened
    shown = SubjectSummary(
        name=session.name,
        recording=opened.recording.summary(),
        n_trials=len(opened.trials),
        n_folds=len(opened.outer),
        regions=tuple(opened.regions),
        layers={name: reading.layers for name, reading in opened.readings.items()},
        findings=tuple(vars(finding) for finding in opened.findings),
        reliability=opened.reliability,
    )
    adapters, scores, n_units = {}, {}, {}
    for cell in session.cells:
        (adapters[cell],) = pieces_of(session, cell)
        (scores[cell],) = pieces_of(session, Score(cell.region, cell.network, (cell.layer,)))
        shape = opened.readings[cell.network].network.shape_of(cell.layer)
        n_units[cell] = int(np.prod(shape))
    return _Wanted(shown, {name: len(of) for name, of in opened.regions.items()}, n_units, adapters, scores)


def _line(store: FitStore, asked: _Wanted, cell: FitCell) -> FittedAdapter:
    adapter, score = asked.adapters[cell], asked.scores[cell]
    told, scored = store.get(adapter), store.get(score)
    if told is None or scored is None:
        raise AssetError(f"out: {store.path(adapter if told is None else score)} has gone meanwhile; run it again")
    chosen = [name.removesuffix(AT_EDGE) for name in told if name.endswith(AT_EDGE)]
    return FittedAdapter(
        subject=asked.shown.name,
        region=cell.region,
        network=cell.network,
        layer=cell.layer,
        n_features=asked.n_features[cell.region],
        n_units=asked.n_units[cell],
        chosen={name: told[name].tolist() for name in chosen},
        at_edge=any(told[name + AT_EDGE].any() for name in chosen),
        **measures(scored),
        fit_seconds=told[SECONDS].item(),
        score_seconds=scored[SECONDS].item(),
        size_bytes=store.path(adapter).stat().st_size,
        file=adapter.path.as_posix(),
    )
