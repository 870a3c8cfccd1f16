"""Inverse power laws, fitted by least squares on a grid of their shapes.

What is left is linear in one or two parameters, neither below 0, so no starting value is needed and none can mislead
(variable projection: Golub & Pereyra 1973, The differentiation of pseudo-inverses and nonlinear least squares problems
whose variables separate. SIAM J. Numer. Anal. 10, 413-432).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from .unit_blocks import Floats


class Law(ABC):
    """What scores lack of the best possible one, by size.

    `least_error` is the squared error of the fit, `flat_error` that of a law in which nothing is learned; the fit has
    `n_more` parameters more than that one, three in all.
    """

    least_error: float
    flat_error: float
    n_more: int

    @abstractmethod
    def extremes(self, terms: Mapping[float, float], allowed: float) -> tuple[float, float, float]:
        """A sum of what is lacking at some sizes, by weights: as fitted, and the extremes over laws of `allowed`
        squared error.
        """


class PowerLaw(Law):
    """The law ``rest + drop * size^-c``, of at least two different sizes and of what is lacking there, not below 0.

    Examples
    --------
    >>> sizes = np.array([1.0, 2.0, 4.0, 8.0])
    >>> law = PowerLaw(sizes, 0.1 + 0.4 / sizes)
    >>> round(law.extremes({20.0: 1.0}, law.least_error)[0], 3)
    0.12
    """

    n_more = 2

    def __init__(self, sizes: Floats, lacking: Floats) -> None:
        self._exponents = np.geomspace(0.05, 3.0, 400)
        self._largest, self._lacking = sizes.max(), lacking
        self._faded = self._fade(sizes)
        columns = np.stack([np.ones_like(self._faded), self._faded], axis=-1)
        self._normal = np.einsum("cni,cnj->cij", columns, columns)
        self._diagonal = np.einsum("cii->ci", self._normal)
        along = np.einsum("cni,n->ci", columns, lacking)
        # Rest or drop alone cannot come out below 0, as nothing that is fitted is; both together can.
        alone = (along / self._diagonal)[:, np.newaxis] * np.eye(2)
        together = np.linalg.solve(self._normal, along[..., np.newaxis])[..., 0]
        self._fits = [alone[:, 0], alone[:, 1], together]
        errors = np.array([np.where((fit >= 0).all(axis=1), self._error(fit), np.inf) for fit in self._fits])
        which, self._best = np.unravel_index(errors.argmin(), errors.shape)
        self._curve = self._fits[int(which)][self._best]
        self.least_error = float(errors.min())
        self.flat_error = float(np.square(lacking - lacking.mean()).sum())

    def extremes(self, terms: Mapping[float, float], allowed: float) -> tuple[float, float, float]:
        # For each exponent the laws allowed are an ellipse, cut by the axes that neither rest nor drop may be below.
        # What is linear is extreme on the ellipse's edge, or where the edge meets an axis.
        of_drop = self._fade(list(terms)) @ list(terms.values())
        along = np.stack([np.full_like(of_drop, sum(terms.values())), of_drop], axis=-1)
        steepest = np.linalg.solve(self._normal, along[..., np.newaxis])[..., 0]
        length = np.sqrt(np.einsum("ci,ci->c", along, steepest))[:, np.newaxis]
        on_axes = np.eye(2) / np.sqrt(self._diagonal)[..., np.newaxis]
        edges = [on_axes[:, 0], on_axes[:, 1], steepest / np.where(length > 0, length, 1.0)]
        best = float(along[self._best] @ self._curve)
        values = [[best]]
        for fit, edge in zip(self._fits, edges, strict=True):
            step = np.sqrt(np.maximum(allowed - self._error(fit), 0.0))[:, np.newaxis] * edge
            for curves in (fit - step, fit + step):
                curves = np.maximum(curves, 0.0)
                within = self._error(curves) <= allowed * (1 + 1e-9)
                values.append(np.einsum("ci,ci->c", along, curves)[within])
        of_all = np.concatenate(values)
        return best, float(of_all.min()), float(of_all.max())

    def _fade(self, sizes: ArrayLike) -> Floats:
        """What is left of the drop, of 1 at the largest size, (n_exponents, n_sizes)."""
        return (np.atleast_1d(np.asarray(sizes, np.float64)) / self._largest) ** -self._exponents[:, np.newaxis]

    def _error(self, curves: Floats) -> Floats:
        return np.square(self._lacking - curves[:, :1] - curves[:, 1:] * self._faded).sum(axis=1)


class AnchoredLaw(Law):
    """The law ``rest + (start - rest) * (1 + size / delay)^-c``, whose start, above 0, is what is lacking before any
    learning.

    Examples
    --------
    >>> sizes = np.array([1.0, 2.0, 4.0, 8.0])
    >>> law = AnchoredLaw(sizes, 0.1 + 0.4 / (1 + sizes / 3), start=0.5)
    >>> abs(law.extremes({20.0: 1.0}, law.least_error)[0] - (0.1 + 0.4 / (1 + 20 / 3))) < 0.01
    True
    """

    n_more = 3

    def __init__(self, sizes: Floats, lacking: Floats, start: float) -> None:
        delays, exponents = np.meshgrid(np.geomspace(0.01, 4.0, 80) * sizes.max(), np.geomspace(0.2, 3.0, 40))
        self._delays, self._exponents, self._start = delays.reshape(-1, 1), exponents.reshape(-1, 1), start
        faded = self._fade(sizes)
        learned, target = 1.0 - faded, lacking - start * faded
        self._size = np.square(learned).sum(axis=1)
        self._free = (learned * target).sum(axis=1) / self._size
        # Of what is lacking no more can rest than there was, and no less than nothing.
        self._rest = np.clip(self._free, 0.0, start)
        self._free_error = np.square(target - self._free[:, np.newaxis] * learned).sum(axis=1)
        errors = self._free_error + self._size * np.square(self._rest - self._free)
        self._best = int(errors.argmin())
        self.least_error = float(errors[self._best])
        self.flat_error = float(np.square(lacking - start).sum())

    def extremes(self, terms: Mapping[float, float], allowed: float) -> tuple[float, float, float]:
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
        """What is left of what can be learned, (n_shapes, n_sizes)."""
        return (1.0 + np.atleast_1d(np.asarray(sizes, np.float64)) / self._delays) ** -self._exponents
