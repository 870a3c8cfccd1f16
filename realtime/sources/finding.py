"""Searching for a stream in short attempts, so that Ctrl-C works between them."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import StreamNotFoundError
from ..clock import Clock
from .source import Source, StreamInfo

ATTEMPT_S = 1.0
"""The length of one attempt: the search can be stopped this often."""


def find_stream(
    source: Source,
    clock: Clock,
    timeout_s: float | None,
    between: Callable[[StreamNotFoundError], None] = lambda _: None,
) -> StreamInfo:
    """Open a source, with no time limit if ``timeout_s`` is None. ``between`` is called after each failed attempt.

    Raises StreamNotFoundError if there is no such stream, or several, within the time.
    """
    since_s = clock.now()
    while True:
        try:
            return source.open(ATTEMPT_S)
        except StreamNotFoundError as error:
            if timeout_s is not None and clock.now() - since_s >= timeout_s:
                raise
            between(error)
