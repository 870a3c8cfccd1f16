"""Run work on several cores: one thread for each piece of work, and no threads inside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits
from tqdm import tqdm

T = TypeVar("T")


def in_parallel(calls: Iterable[Callable[[], T]], what: str, at_once: int | None = None) -> list[T]:
    """Make the calls on all cores, in threads; show progress; return their results in order.

    At most `at_once` of them run together, where memory is short.

    The thread pools inside the calls (of BLAS, of torch) are limited to one thread: these matrices are too small to
    gain from more, and pools that wait for each other made an evaluation five times slower.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    calls = list(calls)
    with one_thread_within():
        n_jobs = effective_n_jobs(-1) if at_once is None else min(effective_n_jobs(-1), at_once)
        parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
        results: Any = parallel(delayed(call)() for call in calls)
        return list(progress(results, what, len(calls)))


def progress(results: Iterable[T], what: str, total: int) -> Iterable[T]:
    """Show how many results there are, after the first second and only in a terminal."""
    return tqdm(results, desc=what, total=total, delay=1, disable=None)


def once(make: Callable[..., T], maxsize: int | None = None) -> Callable[..., T]:
    """An lru_cache that computes each value once, even where several threads need it at the same time."""
    lock = Lock()
    cached = lru_cache(maxsize=maxsize)(make)

    def get(*key: Any) -> T:
        with lock:
            return cached(*key)

    return get


@contextmanager
def one_thread_within() -> Iterator[None]:
    # Only a torch that is already imported has threads to limit.
    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
