"""The sample grid of a stream: when each sample should be stamped, learned from the stamps themselves."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPREADS = 8.0
"""A stamp may be off by this many median absolute deviations."""
MARGIN = 1.5
"""A stamp may be off by this many times the worst recent stamp."""
SIGMAS = 5.0
"""A block's median that is off by more standard errors than this is not jitter."""
FIRST_TOLERANCE_S = 0.05
MAX_TOLERANCE_S = 0.1
MAX_RATE_ERROR = 0.01
"""A stream slower than its nominal rate by more than this part loses samples."""
BLOCK_S = 1.0
MIN_BLOCK_SAMPLES = 16
MAX_BLOCKS = 32


class Line(NamedTuple):
    """Sample ``at`` has the stamp ``stamp_s``, each next one a period later."""

    at: float
    stamp_s: float
    period_s: float

    def stamp_of(self, index: float) -> float:
        return self.stamp_s + (index - self.at) * self.period_s

    def index_at(self, stamp_s: float) -> float:
        return self.at + (stamp_s - self.stamp_s) / self.period_s


class _Ahead(NamedTuple):
    """The stamps that a line predicts for the samples from ``first`` on, computed once for many chunks."""

    line: Line
    first: int
    indices: NDArray[np.float64]
    stamps: NDArray[np.float64]

    @classmethod
    def along(cls, line: Line, first: int, n: int) -> _Ahead:
        indices = np.arange(first, first + n, dtype=np.float64)
        return cls(line, first, indices, line.stamp_s + (indices - line.at) * line.period_s)


class Grid:
    """A line through the stamps, fitted again after every block of samples (one second, and at least 16).

    A block's level is the median of its residuals, so that no single stamp moves the line. The period follows the
    levels of the last blocks, so a drifting clock or a slightly different rate is no loss. A level that is off by half
    a period or more, and by more than jitter explains, is not drift: samples are missing, or too many were counted as
    missing. `close` returns their number and does not move the line. A loss smaller than five standard errors of a
    block's median is never detected. With clean stamps nothing is that small. At 1 kHz with random jitter up to 3 ms it
    is about half a sample; it is some samples where whole chunks share an error.

    ``tolerance_s`` is how far from the line a stamp may be and still count as jitter. It is the larger of 1.5 times the
    worst stamp and 8 median absolute deviations, over the last 32 blocks, at most 0.1 s; half a period if that is
    larger, or if no stamp was off by more than a third of one; 0.05 s before the jitter is known. ``n_open`` samples
    are missing from the current block; call `close` when it is 0.
    """

    def __init__(self, rate_hz: float) -> None:
        self.n_block = max(MIN_BLOCK_SAMPLES, round(BLOCK_S * rate_hz))
        self.nominal_s = 1 / rate_hz
        self._half_s = 0.51 * self.nominal_s  # slightly more, for stamps exactly between two positions
        self._indices, self._residuals = np.empty(self.n_block), np.empty(self.n_block)  # of the current block
        self.begin(0, 0.0)

    def begin(self, index: int, stamp_s: float) -> None:
        """Start the line at the first stamp of a new stream."""
        self._spreads: deque[float] = deque(maxlen=MAX_BLOCKS)
        self._misses: deque[float] = deque(maxlen=MAX_BLOCKS)
        self.line = Line(index, stamp_s, self.nominal_s)
        self._ahead = _Ahead.along(self.line, index, 0)
        self._is_period_known = False
        self._begin_segment()

    def shift(self, index: int, stamp_s: float) -> None:
        """Start the line again after the stream's clock was set. Period and jitter stay."""
        self.line = Line(index, stamp_s, self.line.period_s)
        self._begin_segment()

    @property
    def is_wide(self) -> bool:
        """Whether the tolerance is so wide that a sample could be taken for its neighbour."""
        return self.tolerance_s > 1.2 * self._half_s

    def residuals(self, stamps: NDArray[np.float64], first: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the indices from ``first`` on, and by how many seconds each stamp is late."""
        n, at = len(stamps), first - self._ahead.first
        if self._ahead.line is not self.line or not 0 <= at <= len(self._ahead.stamps) - n:
            self._ahead, at = _Ahead.along(self.line, first, max(n, self.n_block)), 0
        return self._ahead.indices[at : at + n], stamps - self._ahead.stamps[at : at + n]

    def add(self, indices: NDArray[np.float64], residuals: NDArray[np.float64]) -> None:
        """Add samples to the block."""
        at = self.n_block - self.n_open
        self._indices[at : at + len(indices)] = indices
        self._residuals[at : at + len(indices)] = residuals
        self.n_open -= len(indices)

    def jumped(self) -> None:
        """Note a gap. Its size comes from one stamp with jitter; the next block corrects it."""
        self._unsure_from = self.n_block - self.n_open if self.is_wide else None

    def stalled(self, seconds: float) -> None:
        """Note that stamps stalled for so long and then caught up. This is jitter, too."""
        self._stall_s = max(self._stall_s, seconds)

    def close(self) -> int:
        """End the block and update the line. Return how many more samples are missing; negative if too many were
        counted.
        """
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
        if worst_s > self._half_s:  # else every stamp has a certain position
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
        """Return by how many samples the last gap is larger than counted; needs a quarter of a block."""
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
            self._doubt_s = level_s  # perhaps missing from the middle of the block on: the next one decides
            return 0
        self._misses.append(abs(level_s))
        self._lay(middle, level_s, self.line.period_s)
        return 0

    def _lay(self, middle: float, level_s: float, period_s: float) -> None:
        """Fit the line to a block's level. The period is the Theil-Sen slope of the last levels."""
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
    """Return the median along the last axis. numpy's own imports modules for 20 ms at its first call, during the
    stream.
    """
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    return np.asarray((ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2)


def _lost_within(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many samples were lost before each sample of the first block, from residuals in periods.

    It is 0 unless the stamps are so clean that a loss cannot be jitter: they jump forward and never back.
    """
    jumps = np.diff(residuals, prepend=residuals[0])
    if jumps.min() <= -0.5 or SPREADS * _median(np.abs(jumps)) > 0.5:
        return np.zeros(len(residuals))
    return np.cumsum(np.where(jumps > 0.5, np.rint(jumps), 0.0))


def _trend(indices: NDArray[np.float64], residuals: NDArray[np.float64]) -> tuple[float, float]:
    """Return a block's slope (0 if it may be chance) and the error that a line with this slope may soon have.

    Least squares through the medians of eight parts. Their scatter includes jitter that whole chunks share.
    """
    n = len(residuals) // 8
    at = indices[: 8 * n].reshape(8, n).mean(axis=1)
    medians = _median(residuals[: 8 * n].reshape(8, n))
    at, medians = at - at.mean(), medians - medians.mean()
    slope = float(at @ medians / (at @ at))
    scatter = float(np.sqrt(np.mean((medians - slope * at) ** 2)))
    error = scatter / float(np.sqrt(at @ at))
    return (slope if abs(slope) > 8 * error else 0.0), 2 * scatter
