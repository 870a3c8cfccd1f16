"""The timeline of a stream: from stamps to positions on the sample grid."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from math import isnan, nan
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.steps.base import all_finite
from ...errors import InputError, NonFiniteError, StreamError
from .grid import Grid
from .segments import Segments

RESET_S = 60.0
"""A stamp that jumps ahead by more is a clock reset, unless the time of arrival does so, too."""
REACH_S = 1.0
REACH_SAMPLES = 16
"""Stamps that go back by more than this (the longer of the two) are a clock reset."""
MIN_LOSS_S = 0.5
"""The time of arrival cannot detect a shorter loss."""
MAX_STALL_S = 0.1
"""A longer stall of the sender is not jitter."""


class SampleRange(NamedTuple):
    """Samples that are used: ``rows`` of the chunk, the first of them at ``first`` on the stream's grid."""

    first: int
    rows: slice


class Gap(NamedTuple):
    """Samples that were lost, late or not usable: ``n_missing`` from ``first`` on, and the reason.

    A clock reset is reported also if nothing was lost; then ``n_missing`` is 0.
    """

    first: int
    n_missing: int
    reason: Literal["lost", "nonfinite", "clock reset", "restart", "skipped"]


@dataclass
class Losses:
    """Counts of samples that were not used."""

    lost: int = 0
    """Positions on the grid without a sample: it was lost, or too late."""
    duplicated: int = 0
    """Samples dropped because their position had a sample already."""
    reordered: int = 0
    """Samples dropped because their position had been counted as lost: out of order, or all stamped at once after a
    stall.
    """
    clock_resets: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Timeline:
    """Give every sample its position on the stream's grid; 0 is the first sample.

    Only the stamps decide, one after the other, so the result does not depend on how the stream is cut into chunks. The
    time of arrival, which does depend on it, only separates a clock that was set from a stream that was away.

    * A stamp beyond the `Grid`'s tolerance is a `Gap`: samples are missing. A loss hidden by jitter is counted once it
      shifts the stamps of a whole block (one second, and at least 16 samples). In the first block, where the jitter is
      not known, this holds for every loss below 0.05 s. Samples used in the meantime keep their positions.
    * Stamps before the next position are dropped until the grid is reached again. They are *duplicated* if the position
      had a sample, *reordered* if it had been counted as lost. A sender that stalls and then stamps all waiting samples
      at once has this effect. The grid stays correct, and if stalls repeat, the tolerance grows to include them.
    * The clock was set if stamps jump ahead by more than a minute, not confirmed by the arrival, or back by more than a
      second (16 samples). The loss is then computed from the arrival, as precisely as chunks are cut, and counts from
      half a second on. A clock that was set back by less cannot be distinguished from samples that were sent twice.

    >>> timeline = Timeline(rate_hz=10.0)
    >>> timeline.place(np.array([5.0, 5.1, 5.2, 6.0]), received_s=6.0)
    [SampleRange(first=0, rows=slice(0, 3, None)), Gap(first=3, n_missing=7, reason='lost'),
     SampleRange(first=10, rows=slice(3, 4, None))]
    >>> timeline.index_at(5.5)
    5.0
    """

    def __init__(self, rate_hz: float) -> None:
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise InputError(f"rate_hz: expected a positive number of samples per second, got {rate_hz}")
        self.losses = Losses()
        self.rate_hz = rate_hz
        self._grid = Grid(rate_hz)
        self._reach_s = max(REACH_S, REACH_SAMPLES / rate_hz) + 0.5 / rate_hz
        self._next = 0  # the next position
        self._is_behind = False  # stamps have not reached it again
        self._is_restart = False
        self._last_stamp_s = nan
        self._received_s = nan
        self._segments = Segments()
        self._gaps: deque[Gap] = deque(maxlen=64)
        self._n_owed = 0  # samples of the newest gap that may still arrive, too late
        self._seen: set[float] = set()  # stamps of this block and the last, while repeats could be hidden
        self._seen_before: set[float] = set()

    @property
    def started(self) -> bool:
        """Whether a sample was received."""
        return not isnan(self._received_s)

    @property
    def stop(self) -> int:
        """One past the newest sample's position."""
        return self._next

    def restarted(self) -> None:
        """Note that the stream was away: the next stamps are from a new outlet. The grid continues."""
        self._is_restart = self.started

    def place(self, stamps: NDArray[np.float64], received_s: float) -> list[SampleRange | Gap]:
        """Return where the samples of a chunk go, in order. Rows in no range are dropped and counted.

        ``stamps`` (n_samples,) are in seconds, not dejittered. ``received_s`` is the time of arrival on the local
        clock. Raises NonFiniteError if a stamp is NaN or infinite.
        """
        if not all_finite(stamps):
            raise NonFiniteError(
                f"stamps: expected finite seconds, got {stamps[~np.isfinite(stamps)][0]}; the stream's clock is broken"
            )
        ranges: list[SampleRange | Gap] = []
        if len(stamps) and not self.started:
            self._received_s = received_s
            self._grid.begin(0, float(stamps[0]))
            self._segments.begin(0, float(stamps[0]))
        at = 0
        while at < len(stamps):
            if self._is_restart:
                self._restart(ranges, stamps, received_s)
            if self._is_behind:
                at = self._drop(ranges, stamps, at, received_s)
            else:
                at = self._accept(ranges, stamps, at, received_s)
        if len(stamps):
            self._received_s = received_s
        return ranges

    def index_at(self, stamp_s: float) -> float:
        """Return the position of a stamp, in samples since the first one; raises StreamError before the first sample.

        Stamps from before a clock reset use the old clock.
        """
        self._check_started()
        return self._segments.line_with(stamp_s, self._grid.line).index_at(stamp_s)

    def stamp_of(self, index: float) -> float:
        """Return the dejittered stamp of a position, in seconds; raises StreamError before the first sample."""
        self._check_started()
        return self._segments.line_at(index, self._grid.line).stamp_of(index)

    def _accept(self, ranges: list[SampleRange | Gap], stamps: NDArray[np.float64], at: int, received_s: float) -> int:
        """Use the samples that are where the grid expects them, and handle the first one that is not."""
        grid = self._grid
        part = stamps[at : at + grid.n_open]
        indices, late_s = grid.residuals(part, self._next)
        n_fit = n = len(part)
        earliest_s = np.minimum.reduce(late_s)
        if earliest_s < -grid.tolerance_s or np.maximum.reduce(late_s) > grid.tolerance_s:
            n_fit = n = int((np.abs(late_s) > grid.tolerance_s).argmax())
        if n and grid.is_wide:
            if earliest_s < -0.5 * grid.line.period_s:
                n = self._up_to_repeat(part[:n], late_s[:n])
            else:  # the usual case: none is so early that it might be a repeat
                self._seen.update(part[:n].tolist())
        if n:
            _extend(ranges, self._next, at, n)
            self._last_stamp_s = float(part[n - 1])
            self._next += n
            grid.add(indices[:n], late_s[:n])
        if n < n_fit:
            self._is_behind = True  # a stamp that is a repeat
        elif n < len(part):
            self._jump(ranges, stamps, at + n, float(late_s[n]), received_s)
        elif not grid.n_open:
            self._close_block(ranges)
        return at + n

    def _jump(
        self, ranges: list[SampleRange | Gap], stamps: NDArray[np.float64], at: int, late_s: float, received_s: float
    ) -> None:
        """Handle a stamp that is not where the grid expects it."""
        away_s = received_s - self._received_s
        if late_s < -self._reach_s or (late_s > RESET_S and away_s < late_s / 2):
            self.losses.clock_resets += 1
            n_missing = self._n_missing_by_arrival(away_s, len(stamps))
            self._lose(ranges, n_missing, "clock reset")
            self._begin_segment(float(stamps[at]))
            self._grid.shift(self._next, float(stamps[at]))
        elif late_s < 0:
            self._is_behind = True
        else:
            self._lose(ranges, max(1, round(late_s / self._grid.line.period_s)), "lost")
            self._grid.jumped()
            if late_s > RESET_S:  # the line does not extend so far
                self._begin_segment(float(stamps[at]))
                self._grid.shift(self._next, float(stamps[at]))

    def _drop(self, ranges: list[SampleRange | Gap], stamps: NDArray[np.float64], at: int, received_s: float) -> int:
        """Drop samples until they reach the next position."""
        line = self._grid.line
        late_s = stamps[at:] - line.stamp_of(self._next)
        is_over = (late_s >= -0.5 * line.period_s) | (late_s < -self._reach_s)
        n = int(is_over.argmax()) if is_over.any() else len(late_s)
        self._count_dropped(stamps[at : at + n])
        if at + n < len(stamps):
            self._is_behind = False
            if late_s[n] < -self._reach_s:
                self._jump(ranges, stamps, at + n, float(late_s[n]), received_s)
        return at + n

    def _count_dropped(self, stamps: NDArray[np.float64]) -> None:
        line = self._grid.line
        positions = np.rint(line.at + (stamps - line.stamp_s) / line.period_s)
        is_late = np.zeros(len(stamps), np.bool_)
        for gap in self._gaps:
            is_late |= (positions >= gap.first) & (positions < gap.first + gap.n_missing)
        n_late = int(is_late.sum())
        if self._gaps:  # as many stamps as the gap, right after it: the sender stalled and catches up
            gap = self._gaps[-1]
            stop = gap.first + gap.n_missing
            is_near = (positions >= stop) & (
                (positions - stop) * line.period_s <= max(MAX_STALL_S, gap.n_missing * line.period_s)
            )
            n_caught_up = min(self._n_owed, int(is_near.sum()))
            self._n_owed -= n_caught_up
            n_late += n_caught_up
            if n_caught_up and gap.n_missing * line.period_s <= MAX_STALL_S:
                self._grid.stalled(gap.n_missing * line.period_s)
        self.losses.reordered += n_late
        self.losses.duplicated += len(stamps) - n_late

    def _restart(self, ranges: list[SampleRange | Gap], stamps: NDArray[np.float64], received_s: float) -> None:
        """Continue with a new outlet. The time away is lost, measured by the stamps if they can be trusted."""
        line = self._grid.line
        late_s = float(stamps[0]) - line.stamp_of(self._next)
        away_s = received_s - self._received_s
        if late_s < -self._grid.tolerance_s or (late_s > RESET_S and away_s < late_s / 2):
            n_missing = self._n_missing_by_arrival(away_s, len(stamps))
        else:
            n_missing = max(0, round(late_s / line.period_s))
        self._lose(ranges, n_missing, "restart")
        self._begin_segment(float(stamps[0]))
        self._grid.begin(self._next, float(stamps[0]))
        self._is_restart = False

    def _n_missing_by_arrival(self, away_s: float, n_came: int) -> int:
        """Return how many more samples should have arrived since the last arrival; 0 below half a second."""
        missing_s = away_s - n_came * self._grid.line.period_s
        return round(missing_s / self._grid.line.period_s) if missing_s >= MIN_LOSS_S else 0

    def _close_block(self, ranges: list[SampleRange | Gap]) -> None:
        n_missing = self._grid.close()
        if n_missing > 0:
            self._lose(ranges, n_missing, "lost")
        self._is_behind = n_missing < 0
        self._seen_before, self._seen = self._seen, set()

    def _lose(
        self, ranges: list[SampleRange | Gap], n_missing: int, reason: Literal["lost", "clock reset", "restart"]
    ) -> None:
        gap = Gap(self._next, n_missing, reason)
        ranges.append(gap)
        if n_missing:
            self._gaps.append(gap)
            self._n_owed = n_missing
            self._next += n_missing
            self.losses.lost += n_missing

    def _begin_segment(self, stamp_s: float) -> None:
        """Begin a new segment at the next position."""
        self._segments.begin(self._next, stamp_s, self._last_stamp_s, self._grid.line)
        self._is_behind = False
        self._seen, self._seen_before = set(), set()

    def _check_started(self) -> None:
        if not self.started:
            raise StreamError("timeline: no sample has come yet, so no stamp has a position; wait for the first chunk")

    def _up_to_repeat(self, stamps: NDArray[np.float64], late_s: NDArray[np.float64]) -> int:
        """Return how many samples precede the first repeated stamp."""
        before = np.append(self._last_stamp_s, stamps[:-1])
        is_suspect = (stamps < before) & (late_s < -0.5 * self._grid.line.period_s)
        if not is_suspect.any():
            self._seen.update(stamps.tolist())
            return len(stamps)
        for i, (stamp, suspect) in enumerate(zip(stamps.tolist(), is_suspect.tolist(), strict=True)):
            if suspect and (stamp in self._seen or stamp in self._seen_before):
                return i
            self._seen.add(stamp)
        return len(stamps)


def _extend(ranges: list[SampleRange | Gap], first: int, at: int, n: int) -> None:
    """Add a piece, or extend the last one if it continues there."""
    last = ranges[-1] if ranges else None
    if isinstance(last, SampleRange) and last.rows.stop == at:
        ranges[-1] = SampleRange(last.first, slice(last.rows.start, at + n))
    else:
        ranges.append(SampleRange(first, slice(at, at + n)))
