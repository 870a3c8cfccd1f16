"""Signals for drawing: of each short bin, the least and the most value of every channel."""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .feed import Signals, span_of

MOST_BINS = 1000
"""In the stretch that is shown: as many as a screen has columns for."""


class Traces:
    """The newest signals of the chosen channels of one stream, in bins.

    Samples that are missing are NaN, and so are bins of them only.

    >>> traces = Traces(rate_hz=100.0)
    >>> traces.add(Signals(0, (3, 5), np.array([[1.0, 4.0], [np.nan, 6.0]], np.float32)))
    >>> traces.fresh()["first"], traces.fresh()
    (0, None)
    """

    def __init__(self, rate_hz: float) -> None:
        self.per_bin = max(1, round(rate_hz * span_of(rate_hz) / MOST_BINS))
        self.bin_s = self.per_bin / rate_hz
        self.n_bins = round(span_of(rate_hz) / self.bin_s)
        self._channels: tuple[int, ...] = ()
        self._begin(0)

    def add(self, rows: Signals) -> None:
        """Take the next samples; of another choice of channels, they begin anew."""
        samples = rows.samples
        if rows.channels != self._channels or rows.first != self._next:
            self._channels = rows.channels
            self._begin(rows.first)
            samples = samples[-rows.first % self.per_bin :]
        samples = np.concatenate([self._rest, samples])
        self._next = rows.first + len(rows.samples)
        n_whole = len(samples) // self.per_bin
        self._rest = samples[n_whole * self.per_bin :]
        if not n_whole:
            return
        self._waiting.append(binned(samples[: n_whole * self.per_bin], self.per_bin))
        self._n += n_whole

    def fresh(self) -> dict[str, Any] | None:
        """The bins since the last call, ready for JSON; None where there are none."""
        if not self._waiting:
            return None
        bins = np.concatenate(self._waiting)[-self.n_bins :]
        self._waiting = []
        self._given.append(bins)
        self._n_given += len(bins)
        while self._n_given - len(self._given[0]) >= self.n_bins:
            self._n_given -= len(self._given.popleft())
        return self._packed(bins, self._n)

    def all(self) -> dict[str, Any] | None:
        """All bins that were given, for who comes later."""
        if not self._given:
            return None
        return self._packed(np.concatenate(self._given)[-self.n_bins :], self._n - sum(map(len, self._waiting)))

    def _begin(self, first: int) -> None:
        self._next = first
        self._n = -(-first // self.per_bin)
        self._n_given = 0
        self._rest = np.empty((0, len(self._channels)), np.float32)
        self._waiting: list[NDArray[np.float32]] = []
        self._given: deque[NDArray[np.float32]] = deque()

    def _packed(self, bins: NDArray[np.float32], stop: int) -> dict[str, Any]:
        data = b64encode(bins.tobytes()).decode()
        return {"first": stop - len(bins), "channels": self._channels, "data": data}


def binned(samples: NDArray[np.float32], per_bin: int) -> NDArray[np.float32]:
    """The least and the most of each bin (n_bins, n_channels, 2) of samples (n_bins * per_bin, n_channels).

    >>> binned(np.array([[1], [3], [np.nan], [2]], np.float32), 2).tolist()
    [[[1.0, 3.0]], [[2.0, 2.0]]]
    """
    of_bins = samples.reshape(-1, per_bin, samples.shape[1])
    return np.stack([np.fmin.reduce(of_bins, axis=1), np.fmax.reduce(of_bins, axis=1)], axis=2)
