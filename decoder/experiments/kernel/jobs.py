"""Experiments as jobs: which jobs there are, the names of their results, and how the results are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ...evaluation.threads import in_parallel
from .cache import ArrayCache, Arrays


class StudySource(Protocol):
    """A small value, compared by content, from which any process can open a session."""

    @property
    def study(self) -> Path: ...

    def open(self) -> Any: ...


@dataclass(frozen=True)
class Experiment:
    """What one experiment defines for a run of many jobs.

    A job is a small value that can be hashed and sent to another process. A session is an opened study with a ``name``
    and a ``source`` (a `StudySource` or None). Its ``prepare()`` does what all jobs need; ``forget()`` frees memory
    that is filled again when needed.

    Attributes
    ----------
    title : str
        For progress bars.
    jobs : callable
        Takes a session and a test whether a cache entry is missing; returns the jobs that make all missing entries.
    entries : callable
        Takes a session and a job; returns the names of the entries that the job makes. Each has a key of all that its
        content depends on.
    work_out : callable
        Takes a session and a job; returns the arrays of each entry, in the same order.
    """

    title: str
    jobs: Callable[[Any, Callable[[str], bool]], list[Any]]
    entries: Callable[[Any, Any], Sequence[str]]
    work_out: Callable[[Any, Any], Iterable[Arrays]]

    def make(self, session: Any, job: Any) -> Iterator[tuple[str, Arrays]]:
        """Do a job; yield each entry's name and arrays."""
        return zip(self.entries(session, job), self.work_out(session, job), strict=True)

    def make_into(self, cache: ArrayCache, session: Any, job: Any) -> None:
        """Do a job, and put its results into the cache."""
        for name, arrays in self.make(session, job):
            cache.put(name, arrays)


Batch = tuple[Any, list[Any]]
"""A session and its jobs."""

Workers = Callable[[Experiment, Iterable[Batch], ArrayCache], None]
"""Do all jobs and put their results into the cache, one session at a time: not all are open at once."""


def work_here(experiment: Experiment, batches: Iterable[Batch], cache: ArrayCache) -> None:
    """Do the jobs in threads on all cores of this machine, one session after the other, since sessions take memory."""
    for session, jobs in batches:
        if jobs:
            session.prepare()
            calls = [partial(experiment.make_into, cache, session, job) for job in jobs]
            in_parallel(calls, f"{session.name}: {experiment.title}")
            session.forget()


def fill_cache(experiment: Experiment, sessions: Iterable[Any], cache: ArrayCache, workers: Workers) -> set[str]:
    """Do all jobs whose results are missing in the cache; return the names of the entries that were made."""
    made: set[str] = set()

    def batches() -> Iterator[Batch]:
        for session in sessions:
            jobs = experiment.jobs(session, lambda _: True)
            names = list(dict.fromkeys(name for job in jobs for name in experiment.entries(session, job)))
            checks = [partial(cache.__contains__, name) for name in names]
            cached = in_parallel(checks, f"{session.name}: checking files")
            lacking = {name for name, there in zip(names, cached, strict=True) if not there}
            made.update(lacking)
            # Jobs of the same content, such as regions of the same features, share their entries: one job makes them.
            lacking_jobs = experiment.jobs(session, lacking.__contains__)
            yield session, list({tuple(experiment.entries(session, job)): job for job in lacking_jobs}.values())

    workers(experiment, batches(), cache)
    return made
