"""The newest samples of a run, for events that are announced late."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 18


class NewestSamples:
    """Samples indexed by their number since the run began; missing ones take no room.

    The rows are in small blocks that are reused. Nothing is ever moved: appending costs the same however many there
    are, and memory is allocated as it is needed. It holds the samples ``[start, stop)`` that are not missing; `n_keep`
    is how many of the newest samples `forget` never frees.
    """

    def __init__(self, n_features: int, n_keep: int) -> None:
        self.n_features = n_features
        self.start = 0
        self.stop = 0
        self._n_keep = n_keep
        self._n_block = max(1, BLOCK_BYTES // (4 * max(1, n_features)))
        self._blocks: deque[NDArray[np.float32]] = deque()
        self._free: list[NDArray[np.float32]] = []
        self._first_row = 0  # number of the first row in the blocks, counting only samples that are present
        self._n_rows = 0
        # Gap by gap: its samples [start, stop), and the number of the row that follows it. The first is an empty one.
        self._gap_start = [0]
        self._gap_stop = [0]
        self._gap_row = [0]

    def append(self, chunk: NDArray[np.float32]) -> None:
        done = 0
        while done < len(chunk):
            at = (self._n_rows - self._first_row) % self._n_block
            if at == 0:
                new = self._free.pop() if self._free else np.empty((self._n_block, self.n_features), np.float32)
                self._blocks.append(new)
            n = min(len(chunk) - done, self._n_block - at)
            self._blocks[-1][at : at + n] = chunk[done : done + n]
            self._n_rows += n
            done += n
        self.stop += done

    def skip(self, n_samples: int) -> None:
        """Advance by missing samples."""
        if self._gap_stop[-1] < self.stop:
            self._gap_start.append(self.stop)
            self._gap_stop.append(self.stop)
            self._gap_row.append(self._n_rows)
        self.stop += n_samples
        self._gap_stop[-1] = self.stop

    def forget(self, before: int) -> None:
        """Free the samples before a number, except the newest ``n_keep``."""
        self.start = max(self.start, min(before, self.stop - self._n_keep))
        while len(self._blocks) > 1 and self._first_row + self._n_block <= self._row_of(self.start):
            self._free.append(self._blocks.popleft())
            self._first_row += self._n_block
        n_old = self._gap_at(self.start)
        if n_old > len(self._gap_start) // 2:  # not one by one: the rest of the list has to move
            for column in (self._gap_start, self._gap_stop, self._gap_row):
                del column[:n_old]

    def rows(self, first: int, stop: int) -> NDArray[np.float32]:
        """Return the samples ``[first, stop)`` that are not missing, (n_present, n_features)."""
        row, end = self._row_of(first), self._row_of(stop)
        parts = []
        while row < end:
            block, at = divmod(row - self._first_row, self._n_block)
            n = min(end - row, self._n_block - at)
            parts.append(self._blocks[block][at : at + n])
            row += n
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, self.n_features), np.float32), *parts])

    def present(self, first: int, stop: int) -> Iterator[int]:
        """Yield the numbers of the samples ``[first, stop)`` that are not missing."""
        gap = self._gap_at(first)
        while first < stop:
            gap_stop = self._gap_stop[gap]
            gap += 1
            upto = self._gap_start[gap] if gap < len(self._gap_start) else self.stop
            yield from range(max(first, gap_stop), min(stop, upto))
            first = upto

    def positions(self, first: int, stop: int) -> NDArray[np.intp]:
        """Return the positions of the samples of `rows`, counted from `first`."""
        return np.fromiter(self.present(first, stop), np.intp) - first

    def _gap_at(self, sample: int) -> int:
        """Return the last gap that begins at or before a sample."""
        return bisect_right(self._gap_start, sample) - 1

    def _row_of(self, sample: int) -> int:
        """Return how many samples before this one are not missing."""
        gap = self._gap_at(sample)
        return self._gap_row[gap] + max(0, sample - self._gap_stop[gap])
