"""Polynomial trends removed from each run: over the whole run, or causally over the past window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import comb
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState, WholeRun
from .numerics.running_sums import FromFirst, RunningSums
from .settings import OnGap, check_count, check_number, check_on_gap, window_samples


def detrend(X: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Return the residual of each column of X (n_samples, n_features) after a least-squares polynomial in time.

    InputError where there are no more samples than coefficients: the polynomial would explain everything.
    """
    if len(X) <= order + 1:
        raise InputError(
            f"order: a polynomial of order {order} needs a run of more than {order + 1} samples, got {len(X)}"
        )
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, len(X)), order + 1))
    return X - basis @ (basis.T @ X)


@dataclass(frozen=True)
class Detrend(Step):
    """Remove a polynomial trend from each run. Needs the whole run; the causal form is `RunningDetrend`.

    Parameters
    ----------
    order : int
        0 removes the mean, 1 (default) a straight line.
    """

    order: int = 1
    needs_future: ClassVar[bool] = True
    treats_features_alike: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("order", self.order, 0)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        return WholeRun(n_features, partial(detrend, order=self.order))


@dataclass(frozen=True)
class RunningDetrend(Step):
    """Subtract the trend of the past: a polynomial through the past window, evaluated at its newest sample.

    Until the window is full, it reaches back to the first sample of the run. The first ``order + 1`` samples are on any
    such polynomial and become zero.

    A fit is bent most by the samples at its edge: a straight line through n samples removes about ``4 m / n`` of a
    response that fills the newest m of them, where `RunningBaseline` removes ``m / n``. Make the window many times
    longer than a block.

    Parameters
    ----------
    window_s : float
        Length of the window in seconds, the newest sample included.
    order : int
        0 to 3; 1 (default) is a straight line.
    on_gap : {"bridge", "reset"}
        See `Step`.
    """

    treats_features_alike: ClassVar[bool] = True

    window_s: float
    order: int = 1
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        check_number("window_s", self.window_s, may_be_least=False)
        check_count("order", self.order, 0)
        if self.order > 3:
            raise InputError(f"order: expected 0 to 3 (more only fits noise at the window's edge), got {self.order}")
        check_on_gap(self.on_gap)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        n_window = window_samples(self.window_s, rate_hz)
        if n_window < self.order + 2:
            raise InputError(
                f"window_s: a trend of order {self.order} needs at least {self.order + 2} samples "
                f"({(self.order + 2) / rate_hz:g} s at {rate_hz:g} Hz), got {self.window_s} s"
            )
        return _RunningDetrendState(n_features, n_window, self.order)


def newest_value_weights(n_window: int, order: int) -> NDArray[np.float64]:
    """Return the weights (n_window + 1, order + 1) that give the fitted value at the newest of n samples.

    With n samples at the times ``tau = -(n - 1) / n, ..., -1 / n, 0`` and their moments ``m_j = sum(tau**j * x)``, the
    least-squares polynomial has the value ``weights[n] @ m`` at ``tau = 0``: the first row of the inverse Gram matrix.
    They are zero where n is too small for a fit (``n <= order + 1``).
    """
    counts = np.arange(n_window + 1)
    # gram[n, j, k] = sum over tau of tau ** (j + k)
    powers = [np.cumsum(counts.astype(float) ** p) for p in range(2 * order + 1)]
    weights = np.zeros((n_window + 1, order + 1))
    n = counts[order + 2 :]
    sums = [(-1.0) ** p * power[n - 1] / n.astype(float) ** p for p, power in enumerate(powers)]
    gram = np.array([[sums[j + k] for k in range(order + 1)] for j in range(order + 1)]).transpose(2, 0, 1)
    unit = np.zeros((len(n), order + 1, 1))
    unit[:, 0] = 1.0
    weights[order + 2 :] = np.linalg.solve(gram, unit)[:, :, 0]
    return weights


class _RunningDetrendState(FromFirst):
    """Stores sums of ``u**j * x``; the time u counts in windows from the start of each block."""

    def __init__(self, n_features: int, n_window: int, order: int) -> None:
        super().__init__(n_features)
        self._order = order
        self._n_window = n_window
        self._weights = newest_value_weights(n_window, order)
        self._sums = RunningSums(n_window, (order + 1) * n_features)

    def _compute(self, x: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
        u = (index % self._n_window) / self._n_window
        terms = np.concatenate([x * power[:, None] for power in _powers(u, self._order)], axis=1)
        this_block, block_before = self._sums.push(terms)

        n = self._sums.rows_in_window(index)
        left = x
        for shift, sums in ((u, this_block), (u + 1.0, block_before)):
            for j, factor in enumerate(self._factors(n, shift)):
                left = left - factor[:, None] * sums[:, j * self.n_features : (j + 1) * self.n_features]
        return np.where((n <= self._order + 1)[:, None], 0.0, left)

    def _factors(self, n: NDArray, shift: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return the weight of each sum of ``u**i * x``, where the newest sample is at ``u = shift``."""
        weights = self._weights[n]
        scale = _powers(self._n_window / n, self._order)
        back = _powers(-shift, self._order)
        # tau**j = (scale * (u - shift))**j = scale**j * sum over i of comb(j, i) * u**i * (-shift)**(j - i)
        return [
            sum(
                (weights[:, j] * scale[j] * comb(j, i) * back[j - i] for j in range(i, self._order + 1)),
                start=np.zeros(len(n)),
            )
            for i in range(self._order + 1)
        ]


def _powers(x: NDArray[np.float64], highest: int) -> list[NDArray[np.float64]]:
    """Return x**0 .. x**highest by repeated multiplication, which rounds alike for arrays of any length."""
    powers = [np.ones_like(x)]
    for _ in range(highest):
        powers.append(powers[-1] * x)
    return powers
