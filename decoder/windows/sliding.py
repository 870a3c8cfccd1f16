"""A window that slides, whatever the events."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from ..steps.settings import check_number, window_samples
from .window import Window, WindowRow, WindowState


@dataclass(frozen=True)
class SlidingAverage(Window):
    """One trial at regular intervals: the mean over the newest samples. It ignores events, and has no labels.

    The first is ready when the run is as long as the window. Both lengths are rounded to the nearest sample. Windows of
    which all samples are missing are left out.

    Parameters
    ----------
    length_s : float
        The length of a window.
    every_s : float
        From one window to the next.
    """

    length_s: float
    every_s: float

    def __post_init__(self) -> None:
        check_number("length_s", self.length_s, may_be_least=False)
        check_number("every_s", self.every_s, may_be_least=False)

    def open(self, n_features: int, rate_hz: float, history_s: float = 30.0) -> WindowState:
        n_length = window_samples(self.length_s, rate_hz, "length_s")
        return _SlidingAverageState(n_features, n_length, window_samples(self.every_s, rate_hz, "every_s"))


class _SlidingAverageState(WindowState):
    """Stores a sum for each part of the window; window and pace are both multiples of a part's length.

    A sample is thus added once, however many windows it belongs to.
    """

    def __init__(self, n_features: int, n_length: int, n_every: int) -> None:
        super().__init__(n_features)
        self._n_length = n_length
        self._n_every = n_every
        self._n_part = gcd(n_length, n_every)
        n_parts = n_length // self._n_part
        self._sums = np.zeros((n_parts, n_features))
        self._present = [0] * n_parts
        self._n_present = 0
        self._stop = 0

    def announce(self, event: int, onset_s: float, duration_s: float) -> None:
        """Do nothing: these windows ignore events."""

    def _push(self, chunk: NDArray[np.float32]) -> list[WindowRow]:
        rows: list[WindowRow] = []
        done = 0
        while done < len(chunk):
            n = min(len(chunk) - done, self._n_part - self._stop % self._n_part)
            part = self._part()
            total = self._sums[part]
            for sample in chunk[done : done + n].astype(np.float64):  # one by one: the chunks must not matter
                np.add(total, sample, out=total)
            self._present[part] += n
            self._n_present += n
            done += n
            rows += self._go_on(n)
        return rows

    def _skip(self, n_samples: int) -> list[WindowRow]:
        rows: list[WindowRow] = []
        while n_samples and self._n_present:
            n = min(n_samples, self._n_part - self._stop % self._n_part)
            self._part()
            n_samples -= n
            rows += self._go_on(n)
        self._stop += n_samples
        return rows

    def _part(self) -> int:
        """Return which part the next sample belongs to; where it begins, it replaces the oldest."""
        part = self._stop // self._n_part % len(self._sums)
        if self._stop % self._n_part == 0:
            self._sums[part] = 0.0
            self._n_present -= self._present[part]
            self._present[part] = 0
        return part

    def _go_on(self, n_samples: int) -> list[WindowRow]:
        self._stop += n_samples
        first = self._stop - self._n_length
        if first < 0 or first % self._n_every or not self._n_present:
            return []
        x = (np.add.reduce(self._sums) / self._n_present).astype(np.float32)
        return [WindowRow(-1, first, self._stop, x, self._n_present)]
