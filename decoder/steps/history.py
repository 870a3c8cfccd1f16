"""The newest samples of a run, kept for events that are told of late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class History:
    """A buffer of samples, indexed by their number since the run began.

    Parameters
    ----------
    n_features : int
    n_keep : int
        How many of the newest samples `forget` keeps in any case.

    Attributes
    ----------
    start, stop : int
        Samples ``[start, stop)`` are held.
    """

    def __init__(self, n_features: int, n_keep: int) -> None:
        self.n_features = n_features
        self.start = 0
        self.stop = 0
        self._n_keep = n_keep
        self._offset = 0  # the number of the sample in the first row
        self._rows = np.empty((0, n_features), np.float32)

    def append(self, chunk: NDArray[np.float32]) -> None:
        """Add the next samples."""
        stop = self.stop + len(chunk)
        if stop - self._offset > len(self._rows):
            n_held = self.stop - self.start
            rows = np.empty((2 * n_held + len(chunk), self.n_features), np.float32)  # room for as many again
            rows[:n_held] = self[self.start : self.stop]
            self._rows, self._offset = rows, self.start
        self._rows[self.stop - self._offset : stop - self._offset] = chunk
        self.stop = stop

    def forget(self, before: int) -> None:
        """Let go of the samples before a number, save the newest ``n_keep``."""
        self.start = max(self.start, min(before, self.stop - self._n_keep))

    def __getitem__(self, which: slice) -> NDArray[np.float32]:
        return self._rows[which.start - self._offset : which.stop - self._offset]
