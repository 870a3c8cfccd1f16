"""An inverse power law with a known start, fitted by least squares on a grid of its shapes.

The rest is linear in one parameter, at least 0, so no starting value is needed (variable projection: Golub & Pereyra
1973, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate. SIAM J.
Numer. Anal. 10, 413-432).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from .unit_blocks import Floats


class PowerLaw:
    """The law ``rest + (start - rest) * (1 + size / delay)^-c`` of the difference between scores and the best possible
    one.

    `lacking` is this difference at each size, at least 0; `start`, above 0, is it before learning. `least_error` is the
    squared error of the fit, `flat_error` that of a law without learning.

    >>> sizes = np.array([1.0, 2.0, 4.0, 8.0])
    >>> law = PowerLaw(sizes, 0.1 + 0.4 / (1 + sizes / 3), start=0.5)
    >>> abs(law.extremes({20.0: 1.0}, law.least_error)[0] - (0.1 + 0.4 / (1 + 20 / 3))) < 0.01
    True
    """

    N_PARAMETERS = 3

    def __init__(self, sizes: Floats, lacking: Floats, start: float) -> None:
        delays, exponents = np.meshgrid(np.geomspace(0.01, 4.0, 80) * sizes.max(), np.geomspace(0.2, 3.0, 40))
        self._delays, self._exponents, self._start = delays.reshape(-1, 1), exponents.reshape(-1, 1), start
        faded = self._fade(sizes)
        learned, target = 1.0 - faded, lacking - start * faded
        self._size = np.square(learned).sum(axis=1)
        self._free = (learned * target).sum(axis=1) / self._size
        # The rest is between nothing and the whole start.
        self._rest = np.clip(self._free, 0.0, start)
        self._free_error = np.square(target - self._free[:, np.newaxis] * learned).sum(axis=1)
        errors = self._free_error + self._size * np.square(self._rest - self._free)
        self._best = int(errors.argmin())
        self.least_error = float(errors[self._best])
        self.flat_error = float(np.square(lacking - start).sum())

    def extremes(self, terms: Mapping[float, float], allowed: float) -> tuple[float, float, float]:
        """A weighted sum of the law at some sizes: as fitted, and its extremes up to a squared error."""
        of_start = self._fade(list(terms)) @ list(terms.values())
        of_rest = sum(terms.values()) - of_start
        best = float(of_rest[self._best] * self._rest[self._best] + self._start * of_start[self._best])
        room = np.sqrt(np.maximum(allowed - self._free_error, 0.0) / self._size)
        low, high = self._free - room, self._free + room
        within = (self._free_error <= allowed) & (low <= self._start) & (high >= 0)
        ends = [of_rest * np.clip(end, 0.0, self._start) + self._start * of_start for end in (low, high)]
        of_all = np.concatenate([[best], *(end[within] for end in ends)])
        return best, float(of_all.min()), float(of_all.max())

    def _fade(self, sizes: ArrayLike) -> Floats:
        """The part not learned yet, (n_shapes, n_sizes)."""
        return (1.0 + np.atleast_1d(np.asarray(sizes, np.float64)) / self._delays) ** -self._exponents
