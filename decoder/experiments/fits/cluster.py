"""Fits on a dask cluster: each worker opens the study itself, and writes the adapters where it sees the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

from ....errors import InputError
from ...evaluation.threads import one_thread_within
from ..cluster import on_cluster
from .job import Job, pieces_of, work_out
from .run import Todo
from .session import FitSession, Subject, open_subject
from .store import Arrays, FitStore, Piece, is_seen_here


class FitCluster:
    """The workers of a dask scheduler.

    They need hotwire, the study files under the same paths, and the recordings that these name. Those that see the
    folder of the fits under the same path write into it themselves; what others make travels here.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``"tcp://10.0.0.1:8786"``.

    Raises
    ------
    InputError
        No scheduler answers, or it has no workers; a worker reads something else than is read here.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, todo: Iterable[Todo], store: FitStore) -> None:
        calls = {}
        for one in todo:
            for job in one.jobs:
                pieces = tuple(pieces_of(one.session, job))
                key = hashlib.sha256(repr((str(store.folder), store.id, pieces)).encode()).hexdigest()
                calls[key] = partial(work_out_anywhere, one.subject, job, pieces, store.folder, store.id)
        if calls:
            for _, travelled in on_cluster(self._address, calls, "fits"):
                for piece, arrays in travelled:
                    store.put(piece, arrays)


def work_out_anywhere(
    subject: Subject, job: Job, pieces: tuple[Piece, ...], folder: Path, store_id: str
) -> list[tuple[Piece, Arrays]]:
    """Do a job in a process that has not opened the subject yet.

    Returns
    -------
    list of (Piece, dict of str to array)
        What could not be written into the folder from here.

    Raises
    ------
    InputError
        What this process reads is not what the job was asked for.
    """
    session = _opened(subject, subject.study.stat().st_mtime_ns)
    if tuple(pieces_of(session, job)) != pieces:
        # It may have been opened before the recording changed.
        _opened.cache_clear()
        session = _opened(subject, subject.study.stat().st_mtime_ns)
    if tuple(pieces_of(session, job)) != pieces:
        raise InputError(
            f"scheduler: a worker reads another recording, study or network from {subject.study} than this machine "
            "does, or has other versions of hotwire and what it computes with; give all the same"
        )
    with one_thread_within():
        made = work_out(session, job)
        if not is_seen_here(folder, store_id):
            return list(made)
        store = FitStore(folder)
        for piece, arrays in made:
            store.put(piece, arrays)
        return []


@lru_cache(maxsize=2)
def _opened(subject: Subject, changed_ns: int) -> FitSession:
    return open_subject(subject)
