"""The workers of a dask cluster: each opens the study itself, and writes into the cache where it can."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ....errors import InputError, MissingExtraError
from ...evaluation.threads import one_thread_within, progress
from .cache import ArrayCache, Arrays
from .jobs import Batch, Experiment, StudySource
from .keys import content_key

Travelled = list[tuple[str, Arrays]]
"""Results that a worker could not write into the cache."""

CONNECT_S = 20.0
RETRIES = 3
"""How often a job is sent to another worker after its own worker was lost."""


class Cluster:
    """The workers of a dask scheduler at an `address` such as ``"tcp://10.0.0.1:8786"``.

    Workers need hotwire, the study files under the same paths, and the recordings that these name. Workers that have
    the cache folder under the same path write into it themselves; results of others are sent here.

    An InputError says that no scheduler responds or it has no workers, that a worker reads something else than is read
    here, or that a session was not opened from a study file. A MissingExtraError says that dask's distributed is not
    installed.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, experiment: Experiment, batches: Iterable[Batch], cache: ArrayCache) -> None:
        # An empty file of a unique name: a worker that has the file has access to this very folder.
        sign = cache.folder.resolve() / f".{secrets.token_hex(8)}"
        sign.touch()
        try:
            calls: dict[str, Callable[[], Travelled]] = {}
            for session, jobs in batches:
                if session.source is None:
                    raise InputError(
                        f"{session.name}: workers of a cluster open study files; expected a session opened from one"
                    )
                for job in jobs:
                    names = tuple(experiment.entries(session, job))
                    call = partial(work_out_anywhere, experiment, session.source, job, names, sign)
                    calls[content_key(str(sign), names)] = call
            for travelled in _results(self._address, calls, experiment.title) if calls else ():
                for name, arrays in travelled:
                    cache.put(name, arrays)
        finally:
            sign.unlink(missing_ok=True)


def work_out_anywhere(
    experiment: Experiment, source: StudySource, job: Any, names: tuple[str, ...], sign: Path
) -> Travelled:
    """Do a job in a process that may not have opened the study yet; return the results that it cannot write into the
    cache.

    It is an InputError if this process does not read the data that the job was named for.
    """
    session = _opened(source, source.study.stat().st_mtime_ns)
    if tuple(experiment.entries(session, job)) != names:
        # The session may have been opened before the recording changed.
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
        experiment.make_into(ArrayCache(sign.parent), session, job)
        return []


@lru_cache(maxsize=2)
def _opened(source: StudySource, changed_ns: int) -> Any:
    return source.open()


def _results(address: str, calls: Mapping[str, Callable[[], Travelled]], title: str) -> Iterator[Travelled]:
    """Run the calls on workers; yield the results in the order of completion."""
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
