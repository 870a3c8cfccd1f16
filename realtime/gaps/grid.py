"""The sample grid of a stream: when each sample should be stamped, learned from the stamps themselves."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPREADS = 8.0
"""So many median absolute deviations from its position a stamp may be."""
MARGIN = 1.5
"""So many times as far off as the worst stamp lately."""
SIGMAS = 5.0
"""So many standard errors the median of a block must be off to be more than jitter."""
FIRST_TOLERANCE_S = 0.05
MAX_TOLERANCE_S = 0.1
MAX_RATE_ERROR = 0.01
"""A stream that is slower than its nominal rate by more than this loses samples."""
BLOCK_S = 1.0
MIN_BLOCK_SAMPLES = 16
MAX_BLOCKS = 32


class Line(NamedTuple):
    """Sample ``at`` is stamped ``stamp_s``, and each one after it a period later."""

    at: float
    stamp_s: float
    period_s: float

    def stamp_of(self, index: float) -> float:
        return self.stamp_s + (index - self.at) * self.period_s

    def index_at(self, stamp_s: float) -> float:
        return self.at + (stamp_s - self.stamp_s) / self.period_s


class _Ahead(NamedTuple):
    """The stamps that a line foretells for the samples from ``first`` on: worked out once, not chunk by chunk."""

    line: Line
    first: int
    indices: NDArray[np.float64]
    stamps: NDArray[np.float64]

    @classmethod
    def along(cls, line: Line, first: int, n: int) -> _Ahead:
        indices = np.arange(first, first + n, dtype=np.float64)
        return cls(line, first, indices, line.stamp_s + (indices - line.at) * line.period_s)


class Grid:
    """A line through the stamps, laid anew after every block of samples (a second, and at least 16).

    A block's level is the median of its residuals, so that no single stamp moves the line. The period follows the
    levels of the last blocks: a clock that drifts, or a rate that is not quite the nominal one, is no loss. A level
    that is off by half a period or more, and by more than jitter would make of it, is no drift: samples are missing,
    or too many were thought to be. `close` says so and leaves the line where it is. Jitter hides for good
    what is below five standard errors of a block's median: nothing where the stamps are clean; at 1 kHz and stamps
    off by up to 3 ms at random, about half a sample; some samples where whole chunks share such an error.

    ``tolerance_s`` is how far from the line a stamp may be and still be jitter: one and a half times the worst of the
    last 32 blocks, and 8 median absolute deviations; just half a period where no stamp was further off than a third of
    one; 0.05 s as long as the jitter is not known; at most 0.1 s, or half a period. ``n_open`` are the samples that the
    present block lacks; when it is 0, `close` is due.
    """

    def __init__(self, rate_hz: float) -> None:
        self.n_block = max(MIN_BLOCK_SAMPLES, round(BLOCK_S * rate_hz))
        self.nominal_s = 1 / rate_hz
        self._half_s = 0.51 * self.nominal_s  # a hair more, for stamps exactly between two positions
        self._indices, self._residuals = np.empty(self.n_block), np.empty(self.n_block)  # of the present block
        self.begin(0, 0.0)

    def begin(self, index: int, stamp_s: float) -> None:
        """Lay the line through the first stamp of a stream of which nothing is known."""
        self._spreads: deque[float] = deque(maxlen=MAX_BLOCKS)
        self._misses: deque[float] = deque(maxlen=MAX_BLOCKS)
        self.line = Line(index, stamp_s, self.nominal_s)
        self._ahead = _Ahead.along(self.line, index, 0)
        self._is_period_known = False
        self._begin_segment()

    def shift(self, index: int, stamp_s: float) -> None:
        """Lay the line through a first stamp of the same stream, whose clock was set: it keeps period and jitter."""
        self.line = Line(index, stamp_s, self.line.period_s)
        self._begin_segment()

    @property
    def is_wide(self) -> bool:
        """Whether the tolerance is so wide that a sample could pass for its neighbour."""
        return self.tolerance_s > 1.2 * self._half_s

    def residuals(self, stamps: NDArray[np.float64], first: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the indices from ``first`` on, and how much later than expected each stamp is, in seconds."""
        n, at = len(stamps), first - self._ahead.first
        if self._ahead.line is not self.line or not 0 <= at <= len(self._ahead.stamps) - n:
            self._ahead, at = _Ahead.along(self.line, first, max(n, self.n_block)), 0
        return self._ahead.indices[at : at + n], stamps - self._ahead.stamps[at : at + n]

    def add(self, indices: NDArray[np.float64], residuals: NDArray[np.float64]) -> None:
        """Take samples into the block."""
        at = self.n_block - self.n_open
        self._indices[at : at + len(indices)] = indices
        self._residuals[at : at + len(indices)] = residuals
        self.n_open -= len(indices)

    def jumped(self) -> None:
        """A gap comes here. One stamp says its size, with its jitter: the block that follows knows better."""
        self._unsure_from = self.n_block - self.n_open if self.is_wide else None

    def stalled(self, seconds: float) -> None:
        """Stamps stalled for so long and then caught up, which is jitter, too."""
        self._stall_s = max(self._stall_s, seconds)

    def close(self) -> int:
        """End the block, learn from it, and return how many samples turn out to be missing; negative: too many were
        thought to be."""
        indices, residuals = self._indices, self._residuals
        n_missing = 0
        if self._is_first:
            lost = _lost_within(residuals / self.nominal_s)
            indices, residuals = indices + lost, residuals - lost * self.nominal_s
            n_missing = int(lost[-1])
        middle = float(indices.mean())
        slope, noise_s = _trend(indices - middle, residuals)
        period_s = self.line.period_s
        if not self._is_period_known:
            self._is_period_known = True
            period_s = self._possible(period_s + slope)
            residuals = residuals - (period_s - self.line.period_s) * (indices - middle)
        level_s = float(_median(residuals))
        off_s = np.abs(residuals - level_s)
        worst_s = MARGIN * max(float(off_s.max()), self._stall_s)
        if worst_s > self._half_s:  # else no stamp is in doubt about its position
            worst_s = max(worst_s, SPREADS * float(_median(off_s)))
        self._spreads.append(worst_s)
        if self._is_first:
            self._misses.append(noise_s)
            self._is_first = False
            self._unsure_from = None
            self._lay(middle, level_s, period_s)
        else:
            n_missing = self._resized(residuals) or self._weighed(middle, level_s)
        self._set_tolerance(max(self._spreads))
        self._begin_block()
        return n_missing

    def _resized(self, residuals: NDArray[np.float64]) -> int:
        """Return by how much the last gap was larger than it seemed, as soon as a quarter of a block tells."""
        if self._unsure_from is None:
            return 0
        after = residuals[self._unsure_from :]
        if 4 * len(after) < self.n_block:
            self._unsure_from = 0  # wait for the next block
            return 0
        self._unsure_from = None
        level_s = float(_median(after))
        return round(level_s / self.line.period_s) if abs(level_s) >= self._half_s else 0

    def _weighed(self, middle: float, level_s: float) -> int:
        typical = _median if len(self._misses) >= 8 else np.max
        threshold_s = max(self._half_s, SIGMAS * 1.48 * float(typical(self._misses)))
        doubt_s, self._doubt_s = self._doubt_s, 0.0
        both_s = abs(doubt_s + level_s) / 2
        if abs(level_s) >= threshold_s or (doubt_s and both_s >= max(self._half_s, threshold_s / np.sqrt(2))):
            self._levels.clear()
            return round(level_s / self.line.period_s)
        if 2 * abs(level_s) >= threshold_s and not doubt_s:
            self._doubt_s = level_s  # perhaps they are missing from the middle of the block on: the next one tells
            return 0
        self._misses.append(abs(level_s))
        self._lay(middle, level_s, self.line.period_s)
        return 0

    def _lay(self, middle: float, level_s: float, period_s: float) -> None:
        """Lay the line through a block's level; the period is the Theil-Sen slope of the last levels."""
        stamp_s = self.line.stamp_of(middle) + level_s
        self._levels.append((middle, stamp_s))
        if len(self._levels) >= 4:
            at, stamps = np.array(self._levels).T
            later, earlier = _PAIRS[len(at)]
            period_s = self._possible(float(_median((stamps[later] - stamps[earlier]) / (at[later] - at[earlier]))))
        self.line = Line(middle, stamp_s, period_s)

    def _possible(self, period_s: float) -> float:
        return float(np.clip(period_s, (1 - MAX_RATE_ERROR) * self.nominal_s, (1 + MAX_RATE_ERROR) * self.nominal_s))

    def _begin_segment(self) -> None:
        self._levels: deque[tuple[float, float]] = deque(maxlen=MAX_BLOCKS)
        self._is_first = True
        self._doubt_s = 0.0
        self._unsure_from: int | None = None
        # Twice: the first stamp, through which the line goes, has its own jitter.
        self._set_tolerance(2 * max(self._spreads) if self._spreads else FIRST_TOLERANCE_S)
        self._begin_block()

    def _begin_block(self) -> None:
        self._stall_s = 0.0
        self.n_open = self.n_block

    def _set_tolerance(self, spread_s: float) -> None:
        self.tolerance_s = max(self._half_s, min(spread_s, MAX_TOLERANCE_S))


_PAIRS = {n: np.tril_indices(n, -1) for n in range(4, MAX_BLOCKS + 1)}


def _median(values: ArrayLike) -> NDArray[np.float64]:
    """Return the median along the last axis. The first call of numpy's own imports for 20 ms, amid the stream."""
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    return np.asarray((ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2)


def _lost_within(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many samples were lost before each sample of a stream's first block, from residuals in periods.

    Only where the stamps are so clean that a loss cannot be jitter: they jump forward and never back.
    """
    jumps = np.diff(residuals, prepend=residuals[0])
    if jumps.min() <= -0.5 or SPREADS * _median(np.abs(jumps)) > 0.5:
        return np.zeros(len(residuals))
    return np.cumsum(np.where(jumps > 0.5, np.rint(jumps), 0.0))


def _trend(indices: NDArray[np.float64], residuals: NDArray[np.float64]) -> tuple[float, float]:
    """Return a block's slope (0 where it may be chance) and how far off a line laid through it may soon be.

    Least squares through the medians of eight parts, whose scatter also knows of jitter that whole chunks share.
    """
    n = len(residuals) // 8
    at = indices[: 8 * n].reshape(8, n).mean(axis=1)
    medians = _median(residuals[: 8 * n].reshape(8, n))
    at, medians = at - at.mean(), medians - medians.mean()
    slope = float(at @ medians / (at @ at))
    scatter = float(np.sqrt(np.mean((medians - slope * at) ** 2)))
    error = scatter / float(np.sqrt(at @ at))
    return (slope if abs(slope) > 8 * error else 0.0), 2 * scatter
