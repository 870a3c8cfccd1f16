"""All cores of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ...evaluation.threads import in_parallel
from .cache import ArrayCache
from .jobs import Batch, Experiment


def work_here(experiment: Experiment, batches: Iterable[Batch], cache: ArrayCache) -> None:
    """Do the jobs in threads, one session after the other: sessions take memory."""
    for session, jobs in batches:
        if jobs:
            session.prepare()
            calls = [partial(work_out_into, cache, experiment, session, job) for job in jobs]
            in_parallel(calls, f"{session.name}: {experiment.title}")
            session.forget()


def work_out_into(cache: ArrayCache, experiment: Experiment, session: Any, job: Any) -> None:
    """Do a job, and put its results into the cache one by one."""
    for name, arrays in experiment.make(session, job):
        cache.put(name, arrays)
