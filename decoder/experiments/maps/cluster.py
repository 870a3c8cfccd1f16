"""Pieces of a map on a dask cluster: each worker opens the study itself, and only small arrays travel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ....errors import InputError
from ...evaluation.threads import one_thread_within
from ..cluster import on_cluster
from .cells import Arrays, Job, key_of, work_out
from .piece_store import PieceStore
from .run import Todo


class Cluster:
    """The workers of a dask scheduler.

    They need hotwire, the study files under the same paths, and the recordings that these name.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``"tcp://10.0.0.1:8786"``.
    paths : mapping of str to Path
        For each session the study file that it comes from.

    Raises
    ------
    InputError
        No scheduler answers, or it has no workers; a worker reads something else than is read here.
    """

    def __init__(self, address: str, paths: Mapping[str, Path]) -> None:
        self._address = address
        self._paths = {name: path.resolve() for name, path in paths.items()}

    def __call__(self, todo: Todo, kept: PieceStore) -> None:
        calls = {}
        for session, job in todo:
            key = key_of(session, job)
            calls[key] = partial(work_out_anywhere, self._paths[session.name], job, key)
        for key, arrays in on_cluster(self._address, calls, "injection map"):
            kept.put(key, arrays)


def work_out_anywhere(study: Path, job: Job, key: str) -> Arrays:
    """Do a piece in a process that has not opened the session yet.

    Raises
    ------
    InputError
        What this process reads is not what the piece was asked for.
    """
    session = _session(study, study.stat().st_mtime_ns)
    if key_of(session, job) != key:
        raise InputError(
            f"scheduler: a worker reads another recording, study or network from {study} than this machine does, or "
            "has another version of hotwire; give all the same"
        )
    with one_thread_within():
        return work_out(session, job)


@lru_cache(maxsize=2)
def _session(study: Path, changed_ns: int) -> Any:
    from ...study.study import open_study
    from .studies import session_of

    return session_of(open_study(study))
