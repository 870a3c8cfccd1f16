"""What all kinds of features share: the checks of training trials, and how fitted ones treat a trial and are saved."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, NonFiniteError, ShapeError
from .base import FittedFeatures

SILENT = 1e-6
"""A signal without power counts as one of this part of the least power it had in training: its logarithm is finite."""


@dataclass(frozen=True, eq=False)
class OfArrays(FittedFeatures):
    """Fitted features whose dataclass fields are arrays; `shape` (2,) counts the samples and channels of a trial."""

    shape: NDArray[np.intp]

    def __post_init__(self) -> None:
        # A product of matrices may round otherwise in another memory layout, as that of arrays from a file.
        for field in fields(self):
            object.__setattr__(self, field.name, np.array(getattr(self, field.name), order="C"))

    def one(self, x: NDArray) -> NDArray[np.float64]:
        if x.shape != tuple(self.shape.tolist()):
            raise ShapeError(f"x: expected {self.shape[0]} samples of {self.shape[1]} channels, got {x.shape}")
        # A new array of one layout, so that a trial gives the same bits wherever it is from.
        samples = np.array(x, np.float64, order="C")
        require_finite(samples[None])
        return self._one(samples)

    @abstractmethod
    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the features of finite samples of the right shape."""

    def to_arrays(self) -> dict[str, NDArray]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray]) -> Self:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def check_trials(X: NDArray) -> None:
    """Check the shape of training trials (n_trials, n_times, n_channels), and that they are finite.

    Every channel has to vary within some trial.
    """
    if X.ndim != 3 or not X.size:
        raise ShapeError(f"X: expected (n_trials, n_times, n_channels), got {X.shape}")
    if X.shape[1] < 2:
        raise InputError(
            f"X: expected trials of several samples, got {X.shape[1]}; use a window that holds samples, such as Epoch"
        )
    require_finite(X)
    flat = np.flatnonzero((np.ptp(X, axis=1) == 0).all(axis=0))
    if len(flat):
        raise InputError(
            f"X: channel {', '.join(map(str, flat.tolist()))} (counted from 0) does not vary within any trial; leave "
            "it out"
        )


def trials_of(classes: NDArray[np.intp], n_trials: int) -> list[NDArray[np.intp]]:
    """Return the trials of each class, in the order of the classes.

    InputError where there are fewer than two classes, or fewer than two trials of one.
    """
    if classes.shape != (n_trials,):
        raise ShapeError(f"classes: expected one for each of {n_trials} trials, got {classes.shape}")
    there, counts = np.unique(classes, return_counts=True)
    if len(there) < 2:
        raise InputError(
            f"classes: expected trials of at least two classes, got {n_trials} of {len(there)}; spatial filters are "
            "fitted to tell classes apart"
        )
    if counts.min() < 2:
        raise InputError(
            f"classes: expected at least two trials of each class, got one of class {there[counts.argmin()]}; "
            "record more of them, or leave it out"
        )
    return [np.flatnonzero(classes == one) for one in there]


def require_finite(X: NDArray) -> None:
    """Raise NonFiniteError, naming the position, if samples (n_trials, n_times, n_channels) hold NaN or infinity."""
    finite = np.isfinite(X)
    if not finite.all():
        trial, time, channel = np.argwhere(~finite)[0].tolist()
        value = "NaN" if np.isnan(X[trial, time, channel]) else str(X[trial, time, channel])
        raise NonFiniteError(
            f"X holds {value} in trial {trial} at sample {time} of channel {channel} (counted from "
            "0), expected finite numbers: reject such trials"
        )


def centred(x: NDArray) -> NDArray[np.float64]:
    """Return samples (n_times, n_channels) less their mean over time."""
    x = x.astype(np.float64)
    return x - x.mean(axis=0)


def floor_of(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least power that counts of each signal, from training (n_trials, n_signals): see `SILENT`."""
    silent = np.argwhere(power <= 0)
    if len(silent):
        trial, signal = silent[0].tolist()
        raise InputError(
            f"X: signal {signal} (channel, filter or frequency, counted from 0) has no power at all in trial {trial}, "
            "expected signals that vary in every training trial; leave such trials out, e.g. by the window's setting "
            "`least`"
        )
    return SILENT * power.min(axis=0)
