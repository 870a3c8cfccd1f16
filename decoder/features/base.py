"""What features of trials are: from the samples of a trial to the numbers that the adapter takes.

Where windows hold samples, features say what of them matters: the power of some sources, a covariance. They are fitted
on training trials alone. Fitted ones need numpy only, and treat every trial by itself with the same operations, so that
a trial has the same features, bit for bit, offline and live.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import ShapeError
from ..kinds import settings_to_dict


class FittedFeatures(ABC):
    """Features after `Features.fit`; a subclass defines the arrays.

    Attributes
    ----------
    kind : str
        The name of the class of features that was fitted.
    n_out : int
        How many numbers a trial has.
    """

    kind: ClassVar[str]
    n_out: int

    @abstractmethod
    def one(self, x: NDArray) -> NDArray[np.float64]:
        """Return the features (n_out,) of one trial's samples, (n_times, n_channels)."""

    @abstractmethod
    def to_arrays(self) -> dict[str, NDArray]:
        """Return everything that `from_arrays` needs."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: dict[str, NDArray]) -> Self:
        """Return the features that `to_arrays` described."""

    def transform(self, X: NDArray) -> NDArray[np.float64]:
        """Return the features (n_trials, n_out) of trials (n_trials, n_times, n_channels), one by one."""
        return np.array([self.one(x) for x in X], np.float64).reshape(len(X), self.n_out)


class Features(ABC):
    """The settings of features. Subclasses are frozen dataclasses of plain settings."""

    fitted: ClassVar[type[FittedFeatures]]
    """The class of what `fit` returns; its `kind` is the name of this class."""

    @abstractmethod
    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedFeatures:
        """Fit on training trials.

        Parameters
        ----------
        X : array (n_trials, n_times, n_channels)
        classes : array (n_trials,) of int
            The class of each trial.
        rate_hz : float
            Of the samples.

        Raises
        ------
        InputError
            There are too few trials, or they do not vary.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the kind's name and the settings, ready for JSON."""
        return settings_to_dict(self)


def by_trial(X: NDArray, n_times: int) -> NDArray:
    """Return rows of trials as (n_trials, n_times, n_channels); ShapeError if `n_times` does not divide a row."""
    if X.ndim != 2 or X.shape[1] % n_times:
        raise ShapeError(f"X: expected (n_trials, {n_times} times n_channels), got {X.shape}")
    return X.reshape(len(X), n_times, X.shape[1] // n_times)
