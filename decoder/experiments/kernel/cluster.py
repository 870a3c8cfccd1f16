"""The workers of a dask cluster: each opens the study itself, and writes into the cache where it sees the folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from ....errors import InputError, MissingExtraError
from ...evaluation.threads import one_thread_within, progress
from .cache import ArrayCache, Arrays
from .jobs import Batch, Experiment, JobSession, StudySource
from .keys import content_key
from .local import work_out_into

T = TypeVar("T")

CONNECT_S = 20.0
RETRIES = 3
"""How often a job is given to another worker, after the worker that had it is gone."""


class Cluster:
    """The workers of a dask scheduler.

    They need hotwire, the study files under the same paths, and the recordings that these name. Those that see the
    folder of the cache under the same path write into it themselves; what others make travels here.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``"tcp://10.0.0.1:8786"``.

    Raises
    ------
    InputError
        No scheduler answers, or it has no workers; a worker reads something else than is read here; a session was not
        opened from a study file.
    MissingExtraError
        dask's distributed is not installed.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, experiment: Experiment, batches: Iterable[Batch], cache: ArrayCache) -> None:
        folder = cache.folder.resolve()
        with _sign_in(folder) as sign:
            calls = {}
            for session, jobs in batches:
                for job in jobs:
                    names = tuple(experiment.entries(session, job))
                    call = partial(work_out_anywhere, experiment, _source_of(session), job, names, sign)
                    calls[content_key(str(sign), names)] = call
            if calls:
                for travelled in _results(self._address, calls, experiment.title):
                    for name, arrays in travelled:
                        cache.put(name, arrays)


def work_out_anywhere(
    experiment: Experiment, source: StudySource, job: Any, names: tuple[str, ...], sign: Path
) -> list[tuple[str, Arrays]]:
    """Do a job in a process that may not have opened the study yet; return what cannot be written into the cache.

    Raises
    ------
    InputError
        What this process reads is not what the job was named for.
    """
    session = _opened(source, source.study.stat().st_mtime_ns)
    if tuple(experiment.entries(session, job)) != names:
        # It may have been opened before the recording changed.
        _opened.cache_clear()
        session = _opened(source, source.study.stat().st_mtime_ns)
    if tuple(experiment.entries(session, job)) != names:
        raise InputError(
            f"scheduler: a worker reads another recording, study or network from {source.study} than this machine "
            "does, or has other versions of hotwire and what it computes with; give all the same"
        )
    with one_thread_within():
        if not sign.exists():
            return list(experiment.make(session, job))
        work_out_into(ArrayCache(sign.parent), experiment, session, job)
        return []


@lru_cache(maxsize=2)
def _opened(source: StudySource, changed_ns: int) -> Any:
    return source.open()


def _source_of(session: JobSession) -> StudySource:
    if session.source is None:
        raise InputError(f"{session.name}: workers of a cluster open study files; expected a session opened from one")
    return session.source


@contextmanager
def _sign_in(folder: Path) -> Iterator[Path]:
    """An empty file of a name that no other folder has: whoever sees it sees this very folder."""
    sign = folder / f".{secrets.token_hex(8)}"
    sign.touch()
    try:
        yield sign
    finally:
        sign.unlink(missing_ok=True)


def _results(address: str, calls: Mapping[str, Callable[[], T]], title: str) -> Iterator[T]:
    """Have workers make the calls; yield the results in the order of completion."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingExtraError("a cluster needs dask's distributed; install hotwire[all]") from error
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler: no dask scheduler answers at {address!r} ({error}); start one with `dask scheduler` "
            "and give the address that it prints"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise InputError(
                f"scheduler: the one at {address!r} has no workers; start some with `dask worker {address}`"
            ) from error
        futures = [client.submit(call, key=f"hotwire-{key}", retries=RETRIES) for key, call in calls.items()]
        done: Any = as_completed(futures, with_results=True)
        for future, result in progress(done, title, len(futures)):
            yield result
            future.release()
