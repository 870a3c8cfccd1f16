"""A ring buffer for the newest samples of a stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError

BUFFER_S, MIN_BUFFER = 30.0, 128
"""Raw samples stored by default. For a scanner, 30 s would be too short for a new decoder's baseline."""


def n_buffered(buffer_s: float | None, rate_hz: float) -> int:
    """How many raw samples are stored; None for the default.

    >>> n_buffered(None, 250.0), n_buffered(None, 0.5), n_buffered(2.0, 250.0)
    (7500, 128, 500)
    """
    return max(1, round(max(BUFFER_S * rate_hz, MIN_BUFFER) if buffer_s is None else buffer_s * rate_hz))


class Ring:
    """The newest ``n_samples`` of a stream, (n_samples, n_channels), float32.

    Adding costs the same for any length, and nothing is moved. Reading copies only if the ring's end is within the
    samples, and then only those that are read. (Writing every row twice would avoid that copy but double the memory:
    two minutes of 1,024 channels at 2 kHz are 1 GB.) ``stop`` is one past the newest sample's index on the stream's
    grid.

    >>> ring = Ring(n_channels=1, n_samples=3)
    >>> ring.append(np.array([[0.0], [1.0], [2.0], [3.0]]), first_index=0)
    >>> ring.latest(2).ravel()
    array([2., 3.], dtype=float32)
    >>> ring.append(np.array([[5.0]]), first_index=5)  # sample 4 never came
    >>> ring.latest(3).ravel()
    array([ 3., nan,  5.], dtype=float32)
    """

    def __init__(self, n_channels: int, n_samples: int) -> None:
        for name, value in (("n_channels", n_channels), ("n_samples", n_samples)):
            if value < 1:
                raise InputError(f"{name}: expected a positive number, got {value}")
        self.stop = 0
        self._n = n_samples
        self._rows = np.full((n_samples, n_channels), np.nan, dtype=np.float32)  # allocates all its memory now

    def append(self, rows: NDArray[np.floating], first_index: int) -> None:
        """Add rows (n, n_channels) from an index on; samples skipped before it are NaN."""
        if rows.ndim != 2 or rows.shape[1] != self._rows.shape[1]:
            raise ShapeError(f"rows: expected (n, {self._rows.shape[1]}), got shape {rows.shape}")
        if first_index < self.stop:
            raise InputError(
                f"first_index: expected at least {self.stop}, as earlier samples are there already, got {first_index}"
            )
        n_missing = min(first_index - self.stop, self._n)
        if n_missing:
            self._write(first_index - n_missing, np.broadcast_to(np.float32(np.nan), (n_missing, rows.shape[1])))
        stop = first_index + len(rows)
        newest = rows[-self._n :]
        self._write(stop - len(newest), newest)
        self.stop = stop

    def latest(self, n: int) -> NDArray[np.float32]:
        """Return the newest ``n`` samples, (n, n_channels), read-only and valid until the next append. Missing ones are
        NaN, also those before the first.
        """
        if not 0 <= n <= self._n:
            raise InputError(f"n: expected 0 to {self._n} samples, as many as the ring keeps, got {n}")
        stop = self.stop % self._n or self._n
        newest = self._rows[max(0, stop - n) : stop]
        if n > stop:  # the ring's end is within them
            newest = np.concatenate([self._rows[stop - n :], newest])
        newest.flags.writeable = False
        return newest

    def _write(self, first: int, rows: NDArray[np.floating]) -> None:
        """Write at most one turn of rows."""
        at = first % self._n
        n_here = min(len(rows), self._n - at)  # what fits before the ring's end
        self._rows[at : at + n_here] = rows[:n_here]
        if n_here < len(rows):
            self._rows[: len(rows) - n_here] = rows[n_here:]
