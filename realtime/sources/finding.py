"""Finding a stream, in attempts between which Ctrl-C is noticed."""

from __future__ import annotations

from ...errors import StreamNotFoundError
from ..clock import Clock
from .source import Source, StreamInfo

ATTEMPT_S = 1.0
"""How long one attempt lasts: so often whoever searches can be stopped."""


def find_stream(source: Source, clock: Clock, timeout_s: float | None) -> StreamInfo:
    """Open a source; for as long as it takes where ``timeout_s`` is None.

    Raises
    ------
    StreamNotFoundError
        There was no such stream, or there were several, until the time was over.
    """
    since_s = clock.now()
    while True:
        try:
            return source.open(ATTEMPT_S)
        except StreamNotFoundError:
            if timeout_s is not None and clock.now() - since_s >= timeout_s:
                raise
