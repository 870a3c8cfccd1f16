"""Second-order sections run causally over many columns: a few numpy calls a sample, the same bits for any chunks.

``scipy.signal.sosfilt`` with carried state gives the same bits. It is not used because it takes twice as long for a
chunk of one sample, and a rig would need a second more to import scipy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TINY = 1e-45
"""A float32 cannot hold smaller numbers."""

FLUSH_EVERY = 256


class Cascade:
    """Filters of equally many sections, one after the other, in transposed direct form II; they begin at rest.

    `sections` is (n_filters, n_sections, 6), and every filter gets the same `n_columns`. The sections run as a wave
    front: while the first treats sample t, the next treats sample t - 1, so that all of them (and all filters, and all
    columns) share each call of numpy. Every operation is elementwise and in the order of ``scipy.signal.sosfilt``.
    Without input, states would shrink to numbers so small that processors take a hundred times longer over them: states
    below `TINY` become zero now and then, counted in samples since the run began.
    """

    def __init__(self, sections: NDArray[np.float64], n_columns: int) -> None:
        n_filters, self._n_sections, _ = sections.shape
        self._width = n_filters * n_columns
        # One coefficient for each section, filter and column: numpy is faster without broadcasting.
        coefficients = np.repeat(sections.transpose(2, 1, 0).reshape(6, -1), n_columns, axis=1)
        # The input of the first section, and the output of each.
        self._levels = np.zeros(coefficients.shape[1] + self._width)
        self._in = self._levels[: self._width].reshape(n_filters, n_columns)
        self._out = self._levels[-self._width :].reshape(n_filters, n_columns)
        self._state = np.zeros((2, coefficients.shape[1]))
        between = np.empty((4, coefficients.shape[1]))
        self._rows = [row.copy() for row in coefficients[[0, 1, 2, 4, 5]]] + [*between, *self._state]
        self._views: dict[tuple[int, int], tuple[NDArray[np.float64], ...]] = {}
        self._n_seen = 0

    def push(self, rows: NDArray, out: NDArray) -> None:
        """Filter the next rows (n, n_columns) into ``out`` (n, n_filters, n_columns)."""
        done = 0
        while done < len(rows):
            stop = min(len(rows), done + FLUSH_EVERY - self._n_seen % FLUSH_EVERY)
            self._run(rows[done:stop], out[done:stop])
            self._n_seen += stop - done
            done = stop
            if self._n_seen % FLUSH_EVERY == 0:
                self._state[np.abs(self._state) < TINY] = 0.0

    def _run(self, rows: NDArray, out: NDArray) -> None:
        n, last = len(rows), self._n_sections - 1
        multiply, add, subtract = np.multiply, np.add, np.subtract
        for tick in range(n + last):
            if tick < n:
                self._in[...] = rows[tick]
            x, y, b0, b1, b2, a1, a2, b0x, b1x, b2x, ay, state1, state2 = self._active(
                max(0, tick + 1 - n), min(last, tick)
            )
            multiply(b0, x, b0x)
            multiply(b1, x, b1x)
            multiply(b2, x, b2x)
            add(b0x, state1, y)  # from here on x, which is where the section before writes, is the next sample
            multiply(a1, y, ay)
            subtract(b1x, ay, b1x)
            add(b1x, state2, state1)
            multiply(a2, y, ay)
            subtract(b2x, ay, state2)
            if tick >= last:
                out[tick - last] = self._out

    def _active(self, first: int, last: int) -> tuple[NDArray[np.float64], ...]:
        """Return the parts of all arrays for the sections from the first to the last one."""
        if (first, last) not in self._views:
            some = slice(first * self._width, (last + 1) * self._width)
            y = self._levels[some.start + self._width : some.stop + self._width]
            self._views[first, last] = (self._levels[some], y, *(of[some] for of in self._rows))
        return self._views[first, last]
