"""Channel quality: which channels are flat, saturated or not finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError

MIN_SAMPLES = 8
"""A channel is not checked with fewer samples."""
SPANS_BEYOND = 10.0
"""A channel may be outside its calibrated range by this many widths of the range."""


class Quality:
    """Watches the channels of a stream. The result does not depend on how the stream is cut into chunks.

    Flat: the value has not changed for a second (and at least 8 samples), and the channel was not flat in calibration.
    Saturated: in most of the last second (and at least 8 samples) the value was outside its calibrated range, ``low``
    to ``high`` (n_channels,), by more than ten times its width; or it is flat and outside that range. Not finite: the
    newest sample is NaN or infinite.

    >>> quality = Quality(2, rate_hz=10.0, low=np.zeros(2), high=np.ones(2))
    >>> quality.push(np.column_stack([np.full(10, 0.5), np.linspace(0, 1, 10)]))
    >>> quality.reasons()
    {0: 'flat'}
    """

    def __init__(
        self,
        n_channels: int,
        rate_hz: float,
        low: NDArray[np.floating],
        high: NDArray[np.floating],
    ) -> None:
        if not rate_hz > 0:
            raise InputError(f"rate_hz: expected a positive number, got {rate_hz}")
        low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
        if low.shape != (n_channels,) or high.shape != (n_channels,):
            raise ShapeError(f"low, high: expected ({n_channels},), got shapes {low.shape} and {high.shape}")
        self._low, self._high = low, high
        self._may_be_flat = low == high
        span = np.where(self._may_be_flat, np.inf, SPANS_BEYOND * (high.astype(np.float64) - low))
        self._least, self._most = (low - span).astype(np.float32), (high + span).astype(np.float32)
        self._within = self._least.max(initial=-np.inf), self._most.min(initial=np.inf)
        self._n_recent = max(MIN_SAMPLES, round(rate_hz))
        self._n = 0
        self._last = np.full(n_channels, np.nan, np.float32)
        self._changed_at = np.zeros(n_channels, np.int64)  # the newest sample that differs from the one before it
        self._outside = np.zeros((self._n_recent, n_channels), np.bool_)  # of the last second, a ring buffer
        self._n_outside = np.zeros(n_channels, np.int64)
        self._was_outside = False

    def push(self, rows: NDArray[np.floating]) -> None:
        """Take the next samples (n, n_channels), also those that are not finite."""
        rows = np.asarray(rows, np.float32)
        if rows.ndim != 2 or rows.shape[1] != len(self._last):
            raise ShapeError(f"rows: expected (n, {len(self._last)}), got shape {rows.shape}")
        n = len(rows)
        if not n:
            return
        changed = rows[-1] != (rows[-2] if n > 1 else self._last)
        if np.logical_and.reduce(changed):  # the usual case
            self._changed_at[:] = self._n + n - 1
        else:
            self._changed_at = self._newest_changes(rows)
        self._last = rows[-1].copy()
        self._count_outside(rows)
        self._n += n

    def reasons(self) -> dict[int, str]:
        """Return the faulty channels: ``"flat"``, ``"saturated"`` or ``"not finite"``."""
        saturated, not_finite = self._saturated(), self._not_finite()
        return {
            channel: "not finite" if not_finite[channel] else "saturated" if saturated[channel] else "flat"
            for channel in np.flatnonzero(self._flat() | saturated | not_finite).tolist()
        }

    def _flat(self) -> NDArray[np.bool_]:
        unchanged = self._n - self._changed_at  # samples with the current value
        return (unchanged >= self._n_recent) & ~self._may_be_flat

    def _saturated(self) -> NDArray[np.bool_]:
        outside = 2 * self._n_outside > self._n_recent
        return outside | (self._flat() & ((self._last <= self._low) | (self._last >= self._high)))

    def _not_finite(self) -> NDArray[np.bool_]:
        return ~np.isfinite(self._last) & (self._n > 0)

    def _newest_changes(self, rows: NDArray[np.float32]) -> NDArray[np.int64]:
        changed = np.empty(rows.shape, np.bool_)
        changed[0] = rows[0] != self._last
        np.not_equal(rows[1:], rows[:-1], out=changed[1:])
        newest = self._n + len(rows) - 1 - changed[::-1].argmax(axis=0)
        return np.where(changed.any(axis=0), newest, self._changed_at)

    def _count_outside(self, rows: NDArray[np.float32]) -> None:
        """Update the count of each channel's values outside its limits, over the newest samples."""
        if not self._was_outside:
            # The usual case: all are within the narrowest limits; NaN and infinity are not.
            least, most = self._within
            if np.minimum.reduce(rows, axis=None) >= least and np.maximum.reduce(rows, axis=None) <= most:
                return
        outside = (rows < self._least) | (rows > self._most)
        self._was_outside = bool(outside.any() or self._n_outside.any())
        if not self._was_outside:
            return  # the ring has only False, and continues so
        newest = outside[-self._n_recent :]
        at = np.arange(self._n + len(rows) - len(newest), self._n + len(rows)) % self._n_recent
        self._n_outside += newest.sum(axis=0) - self._outside[at].sum(axis=0)
        self._outside[at] = newest
