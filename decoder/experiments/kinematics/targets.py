"""Continuous targets beside a recording: channels of its own, or an array with a row for each sample or time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError, NonFiniteError, RecordingError, ShapeError, UnknownNameError
from ...readers.arrays.array_files import entries, load_arrays
from ...recordings.events import GRID_TOLERANCE, listed
from ...recordings.recording import Recording
from .kalman import Floats, Quantity


@dataclass(frozen=True, eq=False)
class Kinematics:
    """Movement, or any other continuous target, at times of each run.

    Attributes
    ----------
    values : array (n_times, n_dims)
    time_s : array (n_times,)
        Seconds since the first sample of the run.
    run : array (n_times,)
        The run of each row, named as in the recording.
    names : tuple of str
        One for each dimension.
    quantity : {"velocity", "position"}
        What values are; a Kalman filter gets the other one from it.

    Raises
    ------
    ShapeError
        The arrays do not fit together.
    NonFiniteError
        A value or a time is NaN or infinite.
    """

    values: Floats
    time_s: Floats
    run: NDArray
    names: tuple[str, ...]
    quantity: Quantity = "velocity"

    def __post_init__(self) -> None:
        n_times, n_dims = self.values.shape if self.values.ndim == 2 else (-1, -1)
        if self.time_s.shape != (n_times,) or self.run.shape != (n_times,) or len(self.names) != n_dims:
            raise ShapeError(
                f"targets: expected values (n_times, n_dims) with a time and a run for each row and a name for each "
                f"column, got {self.values.shape}, {self.time_s.shape}, {self.run.shape} and {len(self.names)} names"
            )
        for what, of in (("values", self.values), ("times", self.time_s[:, None])):
            bad = np.argwhere(~np.isfinite(of))
            if len(bad):
                row = bad[0][0]
                raise NonFiniteError(
                    f"targets: expected finite {what}, got {of[tuple(bad[0])]} in row {row} (run {self.run[row]}); "
                    f"{len(np.unique(bad[:, 0]))} of {n_times} rows are not finite. Interpolate them, or leave the "
                    "runs out"
                )

    def cut_as(self, whole: Recording, cut: Recording) -> Kinematics:
        """The same targets, with the runs of a recording that was cut; rows outside the recording are left out."""
        first = {str(run): whole.samples_of(run).start for run in whole.runs}
        start = np.array([first[run] for run in self.run.astype(str).tolist()], np.intp)
        lengths = {str(run): n for run, n in whole.run_lengths().items()}
        n_samples = np.array([lengths[run] for run in self.run.astype(str).tolist()], np.intp)
        at = np.floor(self.time_s * whole.rate_hz + GRID_TOLERANCE).astype(np.intp)
        inside = (at >= 0) & (at < n_samples)
        run = cut.run[(start + at)[inside]]
        begins = {name: cut.samples_of(name).start for name in cut.runs}
        moved = (start[inside] - np.array([begins[name] for name in run.tolist()])) / whole.rate_hz
        return replace(self, values=self.values[inside], time_s=self.time_s[inside] + moved, run=run)

    def at_samples_of(self, recording: Recording) -> Floats:
        """The mean (n_samples, n_dims) of the values in each sample's time, ``[i, i + 1) / rate_hz``.

        It is a RecordingError where a sample has none.
        """
        found = np.full((recording.n_samples, len(self.names)), np.nan)
        for run, n_samples in recording.run_lengths().items():
            own = self.run.astype(str) == str(run)
            at = np.floor(self.time_s[own] * recording.rate_hz + GRID_TOLERANCE).astype(np.intp)
            inside = (at >= 0) & (at < n_samples)
            at, values = at[inside], self.values[own][inside]
            n_of = np.bincount(at, minlength=n_samples)
            if not n_of.all():
                empty = np.flatnonzero(n_of == 0)
                raise RecordingError(
                    f"targets: expected values at all times of run {run}, but {len(empty)} of its {n_samples} samples "
                    f"of {1 / recording.rate_hz:g} s have none, the first at {empty[0] / recording.rate_hz:g} s; take "
                    "longer samples, or the runs and times that have targets"
                )
            rows = recording.samples_of(run)
            for column in range(values.shape[1]):
                found[rows, column] = np.bincount(at, weights=values[:, column], minlength=n_samples) / n_of
        return found


def of_channels(
    recording: Recording, channels: Sequence[str], quantity: Quantity = "velocity"
) -> tuple[Recording, Kinematics]:
    """Take channels of a recording as targets; the recording is the one without them."""
    for name in channels:
        if name not in recording.feature_names:
            raise UnknownNameError("channel", name, recording.feature_names)
    rest = [name for name in recording.feature_names if name not in set(channels)]
    if not rest:
        raise InputError("channels: expected channels of the brain beside the targets, got none")
    values = recording.data[:, [recording.feature_names.index(name) for name in channels]].astype(np.float64)
    targets = Kinematics(values, _times_of(recording), recording.run, tuple(channels), quantity)
    return recording.select(features=rest), targets


def read_kinematics(
    recording: Recording,
    path: str | PathLike[str],
    values: str,
    *,
    time_s: str | None = None,
    run: str | None = None,
    names: Sequence[str] | None = None,
    quantity: Quantity = "velocity",
    start_s: float = 0.0,
) -> Kinematics:
    """Read targets from arrays of a ``.npz`` or ``.mat`` file.

    Parameters
    ----------
    recording : Recording
        As it was read, before any step.
    path : path
    values : str
        The array of the targets, (n_times, n_dims) or transposed, or (n_times,).
    time_s : str, optional
        The array of their times in seconds since the run's first sample (beside spike times, on their clock). Default:
        a row for each sample of the recording.
    run : str, optional
        The array of their runs. Default: those of the recording's samples; with times, its only run.
    names : sequence of str, optional
        Of the dimensions. Default: numbers from 1.
    quantity : {"velocity", "position"}
    start_s : float
        The time of the first sample of each run.

    Raises
    ------
    UnknownNameError
        The file has no such array, or the targets name a run that the recording does not have.
    RecordingError, ShapeError, NonFiniteError
        The file cannot be read, or its arrays do not fit together or to the recording.
    """
    path = Path(path)
    arrays = load_arrays(path, [name for name in (values, time_s, run) if name is not None])
    table, n_rows = _table(path, values, arrays[values]), recording.n_samples
    if time_s is not None:
        n_rows = arrays[time_s].size
        if arrays[time_s].dtype.kind not in "biuf":
            raise RecordingError(f"{path}: expected {time_s!r} to be seconds, got an array of {arrays[time_s].dtype}")
    if len(table) != n_rows and table.shape[1] == n_rows:
        table = table.T
    if len(table) != n_rows:
        of = "sample of the recording" if time_s is None else f"time in {time_s!r}"
        raise ShapeError(
            f"{path}: expected {values!r} to have a row for each of {n_rows:,}, one for each {of}, got {table.shape}"
            + ("; name the array of their times as time_s" if time_s is None else "")
        )
    times = _times_of(recording) if time_s is None else arrays[time_s].ravel().astype(np.float64) - start_s
    runs = _runs(path, recording, arrays, time_s, run, n_rows)
    known = {str(name) for name in recording.runs}
    for name in dict.fromkeys(runs.astype(str).tolist()):
        if name not in known:
            raise UnknownNameError(f"run in {path}", name, map(str, recording.runs))
    dims = tuple(names) if names is not None else tuple(str(i + 1) for i in range(table.shape[1]))
    if len(dims) != table.shape[1] or len(set(dims)) != len(dims):
        raise ShapeError(
            f"names: expected one for each of {table.shape[1]} dimensions, each once, got {listed(dims) or 'none'}"
        )
    return Kinematics(table, times, runs, dims, quantity)


def _times_of(recording: Recording) -> Floats:
    lengths = recording.run_lengths().values()
    return np.concatenate([np.arange(n) for n in lengths]) / recording.rate_hz


def _table(path: Path, name: str, array: NDArray) -> Floats:
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or not array.size:
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers (n_times, n_dims), got an array of {array.dtype} of shape "
            f"{array.shape}"
        )
    return np.asarray(array.reshape(len(array), -1), np.float64)


def _runs(
    path: Path, recording: Recording, arrays: Mapping[str, ArrayLike], time_s: str | None, run: str | None, n_rows: int
) -> NDArray:
    if run is not None:
        runs = entries(path, run, np.asarray(arrays[run]))
        if len(runs) != n_rows:
            raise ShapeError(
                f"{path}: expected {run!r} to have {n_rows:,} entries, one for each row, got {len(runs):,}"
            )
        return runs
    if time_s is None:
        return recording.run
    if len(recording.runs) > 1:
        raise InputError(
            f"run: expected the array with the run of each row, as times count within runs and the recording has "
            f"{len(recording.runs)}: {listed(recording.runs)}"
        )
    return np.repeat(recording.run[:1], n_rows)
