"""What ails a stream while it runs, said once and again only after a while, with a likely cause."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import inf

from ..checks import few
from .reporting import Reporter

AGAIN_S = 60.0
"""How often the same is said."""
AHEAD_S = 10.0
"""A marker stamped this much later than the newest sample is reported: if it is from another clock, its window may wait
for ever.
"""
MOST_REPEATED = 0.2
"""The share of samples that may be taken for repeats before the cause is named."""
DAY_S = 86_400.0
OVER_S, OVER_SAMPLES = 5.0, 50


class StreamWarnings:
    """Messages about a stream of a rate; ``now_s`` is the local clock's time."""

    def __init__(self, reporter: Reporter, rate_hz: float) -> None:
        self._reporter = reporter
        self._over = max(OVER_SAMPLES, round(OVER_S * rate_hz))
        self._n_received = self._n_taken = 0
        self._said_s: dict[str, float] = {}

    def nonfinite(self, names: Sequence[str], n: int, n_filled: int, now_s: float) -> None:
        """Of these channels, `n` samples hold NaN or infinity, of which `n_filled` are filled."""
        fresh = [name for name in names if self._is_new(f"nonfinite {name}", now_s)]
        if fresh:
            what = "; filled with the middle of their range" if n_filled == n else ""
            self._reporter.message(f"nonfinite: {n} samples hold NaN or infinity, in {few(fresh)}{what}")

    def taken(self, n_received: int, n_taken: int, now_s: float) -> None:
        """Of a chunk, so many samples had a place of their own; the others were repeats or out of order."""
        self._n_received += n_received
        self._n_taken += n_taken
        if self._n_received < self._over:
            return
        share = 1 - self._n_taken / self._n_received
        self._n_received = self._n_taken = 0
        if share > MOST_REPEATED and self._is_new("repeated", now_s):
            self._reporter.message(
                f"{share:.0%} of the newest samples are taken for repeats or come out of order: their stamps are too "
                "close, or go back. Is each stamped when a burst is pushed? Have the program push whole chunks, or "
                "stamp samples a period apart"
            )

    def clock(self, stamp_s: float, received_s: float) -> None:
        """The newest sample's stamp, and when it came, on the local clock."""
        is_epoch = abs(stamp_s - received_s) > DAY_S and abs(stamp_s - time.time()) < DAY_S
        if is_epoch and self._is_new("clock", received_s):
            self._reporter.message(
                "samples are stamped by time.time(), not by LSL's clock: the age of decisions and deadlines mean "
                "nothing, and markers on LSL's clock have no place; have the source use pylsl.local_clock()"
            )

    def ahead(self, label: str, ahead_s: float, now_s: float) -> None:
        """A marker is stamped so much later than the newest sample."""
        if ahead_s > AHEAD_S and self._is_new("ahead", now_s):
            self._reporter.message(
                f"marker {label!r} is stamped {ahead_s:.0f} s ahead of the newest sample, and its window waits for "
                "that; is the program that sends it on LSL's clock?"
            )

    def shadow_is_slow(self, n_skipped: int, now_s: float) -> None:
        """The shadow left out so many windows so far."""
        if self._is_new("shadow", now_s):
            self._reporter.message(
                f"the bundle in the shadow is too slow: {n_skipped} of its windows so far got no decision; the active "
                "decoder does not wait for it"
            )

    def _is_new(self, what: str, now_s: float) -> bool:
        is_new = now_s >= self._said_s.get(what, -inf) + AGAIN_S
        if is_new:
            self._said_s[what] = now_s
        return is_new
