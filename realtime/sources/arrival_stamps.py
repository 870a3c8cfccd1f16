"""When samples were taken that come without stamps."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

PROMPTEST_OF_S, SETTLE_S = 5.0, 0.5


class ArrivalStamps:
    """Stamps of samples that come without any: each a period after the one before, from when the promptest came.

    The promptest of the last seconds counts, so that bursts and late calls move nothing, and a clock that drifts, or
    samples that never came, are followed. Half a second passes before the first ones, as they may be a late burst.

    >>> arrivals = ArrivalStamps(rate_hz=10.0)
    >>> for now_s in (5.0, 5.35, 5.4):  # the second call came late
    ...     arrivals.note(2, now_s)
    >>> arrivals.stamps(6).round(2).tolist()
    [4.9, 5.0, 5.1, 5.2, 5.3, 5.4]
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._n_noted = self._n_stamped = 0
        self._recent: deque[tuple[float, float]] = deque()
        self._last_s = -np.inf
        self.settled_s = -np.inf
        """When the first samples may be stamped."""

    def note(self, n: int, now_s: float) -> None:
        """Note that so many samples came, the last of them now."""
        while self._recent and self._recent[0][0] < now_s - PROMPTEST_OF_S:
            self._recent.popleft()
        if not self._recent:
            self.settled_s = now_s + SETTLE_S
        self._n_noted += n
        self._recent.append((now_s, now_s - (self._n_noted - 1) * self._period_s))

    def stamps(self, n: int) -> NDArray[np.float64]:
        """Return the stamps (n,) of the next samples that were noted."""
        times = np.arange(self._n_stamped, self._n_stamped + n) * self._period_s
        self._n_stamped += n
        times += min(start_s for _, start_s in self._recent)
        # Where a prompter one came just now, those after it are a little closer to each other.
        times = np.maximum(times, self._last_s + np.arange(1, n + 1) * self._period_s / 2)
        self._last_s = float(times[-1])
        return times
