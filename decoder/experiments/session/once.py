"""Values that are worked out when they are first used, once, however many threads use them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


def once(make: Callable[..., T], maxsize: int | None = None) -> Callable[..., T]:
    """An lru_cache whose values other threads wait for, instead of making them twice."""
    lock = Lock()
    cached = lru_cache(maxsize=maxsize)(make)

    def get(*place: str) -> T:
        with lock:
            return cached(*place)

    return get
