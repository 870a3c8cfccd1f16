"""Trials that were cut already, as one array with three axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from ...recordings.events import Events

AXES = ("trials", "channels", "times")


def laid_out(path: Path, name: str, array: NDArray, axes: Sequence[str] | None) -> NDArray:
    """Return trials (n_trials, n_channels, n_times), whose axes in the file are as named."""
    if axes is None or sorted(axes) != sorted(AXES):
        given = "none" if axes is None else ", ".join(map(str, axes))
        raise InputError(
            f"axes: {path}: {name!r} has the shape {array.shape}; expected what its axes are in this order, such as "
            f"axes = {list(AXES)}, got {given}"
        )
    if array.ndim != 3 or array.dtype.kind not in "biuf" or not array.size:
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers with three axes, {', '.join(axes)}, got an array of "
            f"{array.dtype} of shape {array.shape}"
        )
    return array.transpose([list(axes).index(axis) for axis in AXES])


def trial_names(run: NDArray | None, n_trials: int) -> NDArray:
    """Return the runs' names: each trial is a run of its own, ``"RUN TRIAL"`` where it belongs to a run.

    Examples
    --------
    >>> trial_names(np.array([1, 1, 2]), 3).tolist()
    ['1 1', '1 2', '2 1']
    """
    if run is None:
        return np.arange(1, n_trials + 1)
    names = run.tolist()
    return np.array([f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)], np.str_)


def one_event_each(labels: NDArray[np.str_], names: NDArray, n_times: int, rate_hz: float, onset_s: float) -> Events:
    """Return an event for each trial, from its onset to the trial's end."""
    if not 0 <= onset_s < n_times / rate_hz:
        raise InputError(
            f"onset_s: expected seconds since a trial's first sample, from 0 to below {n_times / rate_hz:g} "
            f"({n_times} samples at {rate_hz:g} Hz), got {onset_s:g}"
        )
    n_trials = len(labels)
    duration_s = n_times / rate_hz - onset_s
    return Events(names, np.full(n_trials, onset_s), np.full(n_trials, duration_s), labels)
