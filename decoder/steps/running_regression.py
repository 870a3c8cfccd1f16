"""Removing nuisance signals as they come: a general linear model that grows with every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .base import Step, StepState
from .reference import positions
from .settings import OnGap, check_count, check_on_gap

TINY = 1e-9
"""A ridge of this share of each regressor's power: a head that never moved has regressors of zeros."""


@dataclass(frozen=True)
class RunningRegression(Step):
    """Subtract what some features, and a drift, explain of the others by all samples of the run so far.

    The causal form of `regress_out`: after every sample the model is the least-squares fit to the samples up to it, and
    its residual at the sample is returned. The regressors themselves are taken out. Until there are more samples than
    regressors, the output is zero.

    Parameters
    ----------
    regressors : sequence of str
        Features, such as ``"trans_x"`` to ``"rot_z"`` of a recording of kind ``"dicom"`` with ``motion = "features"``.
    drift : int
        The order of a polynomial in time that is taken out, too, at most 3: 0 for the mean, 1 (default) a line.
    on_gap : {"bridge", "reset"}
        See `Step`.

    Examples
    --------
    >>> step = RunningRegression(["trans_x"], drift=0)
    >>> rows = [[1.0, 7.0], [2.0, 9.0], [0.0, 5.0], [0.0, 8.0]]
    >>> step.open_on(["trans_x", "voxel_1_1_1"], 0.5).push(rows).ravel().round(3).tolist()
    [0.0, 0.0, -0.0, 1.636...]
    """

    regressors: Sequence[str]
    drift: int = 1
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        given = self.regressors
        if isinstance(given, str) or not all(isinstance(name, str) for name in given) or len(set(given)) < len(given):
            raise InputError(f"regressors: expected a list of names, each once, got {given!r}")
        object.__setattr__(self, "regressors", tuple(given))
        check_count("drift", self.drift, 0)
        if self.drift > 3:
            raise InputError(f"drift: expected 0 to 3, got {self.drift}")
        check_on_gap(self.on_gap)

    def names_out(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in self.regressors)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        raise InputError("RunningRegression: regressors are picked by their names; use open_on(names, rate_hz)")

    def open_on(self, names: Sequence[str], rate_hz: float) -> StepState:
        nuisance = positions(self.regressors, names)
        signal = [i for i in range(len(names)) if i not in nuisance]
        if not signal:
            raise InputError(f"regressors: all {len(names)} features are regressors, none is left; name fewer")
        return _RegressionState(len(names), np.array(nuisance, np.intp), np.array(signal, np.intp), self.drift)


class _RegressionState(StepState):
    """Sums of the products of the regressors with each other and with the signals."""

    def __init__(self, n_features: int, nuisance: NDArray[np.intp], signal: NDArray[np.intp], drift: int) -> None:
        super().__init__(n_features)
        self._nuisance, self._signal, self._drift = nuisance, signal, drift
        n = len(nuisance) + drift + 1
        self._gram, self._cross = np.zeros((n, n)), np.zeros((n, len(signal)))
        self._first: NDArray[np.float64] | None = None
        self._n_seen = 0

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.zeros((len(chunk), len(self._signal)), np.float32)
        for i, row in enumerate(chunk.astype(np.float64)):
            if self._first is None:
                self._first = row
            row = row - self._first  # sums of squares of large values would lose digits
            time = self._n_seen / 100.0
            x = np.concatenate([time ** np.arange(self._drift + 1), row[self._nuisance]])
            y = row[self._signal]
            self._gram += x[:, None] * x
            self._cross += x[:, None] * y
            self._n_seen += 1
            if self._n_seen > len(x):
                ridge = np.diag(TINY * np.maximum(np.diag(self._gram), TINY))
                out[i] = y - x @ np.linalg.solve(self._gram + ridge, self._cross)
        return out

    def _skip(self, n_samples: int) -> int:
        return n_samples

    def finish(self) -> NDArray[np.float32]:
        return np.empty((0, len(self._signal)), np.float32)
