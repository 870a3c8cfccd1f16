"""A series of an NWB file: its samples in volts, their clock, the names and groups of its electrodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ...recordings.events import first_sample_at, listed

NAME_COLUMNS = ("channel_name", "electrode_name", "label")
"""Columns of the table of electrodes in which laboratories write names; the format itself has numbers alone."""
BLOCK = 1 << 22
"""How many values are read at a time."""
UNEVEN = 0.5
"""A step between stamps that is so many samples away from the usual one begins a new run."""
MOST_COMPRESSED = 2000
"""How many times larger than on disk samples may be; what deflates best becomes 1032 times larger."""


class SampleTimes(NamedTuple):
    """Samples per second, the time of each run's first sample in the file's seconds, and where runs begin and end."""

    rate_hz: float
    start_s: NDArray[np.float64]
    first: NDArray[np.intp]
    stop: NDArray[np.intp]


class Signal(NamedTuple):
    """Samples (n_samples, n_channels), not checked yet, with names, unit, regions and clock."""

    data: NDArray[np.float32]
    names: list[str]
    unit: str
    regions: dict[str, NDArray[np.intp]]
    clock: SampleTimes


def clock_of(path: Path, series: Any) -> SampleTimes:
    """Return the clock of a series; a new run begins where its stamps step away from the rate."""
    n_samples = int(series.data.shape[0])
    if not n_samples:
        raise RecordingError(f"{path}: {series.name!r} holds no samples")
    if series.rate is not None:
        rate_hz, start_s = float(series.rate), float(series.starting_time or 0.0)
        if not (np.isfinite(rate_hz) and rate_hz > 0 and np.isfinite(start_s)):
            raise RecordingError(f"{path}: {series.name!r}: expected a rate above 0, got {rate_hz:g} Hz")
        return SampleTimes(rate_hz, np.array([start_s]), np.array([0]), np.array([n_samples]))
    if series.timestamps is None:
        raise RecordingError(f"{path}: {series.name!r} has neither a rate nor timestamps, so nobody knows its times")
    stamps = np.asarray(series.timestamps[:], np.float64)
    steps = np.diff(stamps)
    if len(stamps) != n_samples or not np.isfinite(stamps).all() or n_samples < 2 or not (steps > 0).all():
        raise RecordingError(
            f"{path}: the timestamps of {series.name!r}: expected {n_samples} numbers that increase, two or more, got "
            f"{len(stamps)}, of which {np.count_nonzero(~(steps > 0))} do not follow the one before"
        )
    usual_s = float(np.median(steps))
    cuts = np.flatnonzero(np.abs(steps - usual_s) > UNEVEN * usual_s) + 1
    if len(cuts) > 0.01 * n_samples:
        raise RecordingError(
            f"{path}: {series.name!r} was not sampled evenly: {len(cuts)} of {n_samples - 1} steps between its "
            f"timestamps are far from the usual {usual_s:.4g} s"
        )
    # Rounded stamps give the rate only on average over all whole stretches.
    whole = np.delete(steps, cuts - 1)
    first = np.r_[0, cuts]
    return SampleTimes(float(f"{1.0 / whole.mean():.9g}"), stamps[first], first, np.r_[cuts, n_samples])


def channel_names(path: Path, series: Any) -> list[str]:
    """Return the name of each channel: its electrode's, where the file has one for each, or by its number there."""
    n_channels = 1 if len(series.data.shape) == 1 else int(series.data.shape[1])
    region = getattr(series, "electrodes", None)
    if region is None:
        return [f"channel_{i}" for i in range(1, n_channels + 1)]
    rows = np.asarray(region.data[:], np.intp)
    if len(rows) != n_channels:
        raise RecordingError(
            f"{path}: {series.name!r} has {n_channels} channels, but names {len(rows)} electrodes; the file "
            "contradicts itself"
        )
    for column in NAME_COLUMNS:
        if column in region.table.colnames:
            names = [str(one) for one in np.asarray(region.table[column][:])[rows]]
            if len(set(names)) == len(names) and all(names):
                return names
    return [f"electrode_{number}" for number in np.asarray(region.table.id[:])[rows].tolist()]


def groups_of(table: Any, rows: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
    """Return which of these rows of a table of electrodes are in each group, and at each location that is known."""
    regions: dict[str, NDArray[np.intp]] = {}
    for column in ("group_name", "location"):
        if column not in table.colnames:
            continue
        names = np.array([str(one) for one in np.asarray(table[column][:])[rows]], np.str_)
        for name in np.unique(names).tolist():
            if name not in ("", "unknown", "None"):
                regions.setdefault(name, np.flatnonzero(names == name))
    return regions


def columns_by_name(names: list[str], channels: list[str] | None) -> list[int]:
    for name in channels or ():
        if name not in names:
            raise UnknownNameError("channel", name, names)
    return [names.index(name) for name in (names if channels is None else channels)]


def read_series(
    path: Path, series: Any, channels: list[str] | None, start_s: float | None, stop_s: float | None
) -> Signal:
    """Return the samples of some channels, from one time to another; a series of electrodes is in volts."""
    data = series.data
    if len(data.shape) not in (1, 2) or np.dtype(data.dtype).kind not in "biuf":
        raise RecordingError(
            f"{path}: {series.name!r}: expected numbers, (n_samples, n_channels), got {data.dtype} of shape "
            f"{tuple(data.shape)}"
        )
    _check_size(path, series)
    names = channel_names(path, series)
    columns = columns_by_name(names, channels)
    clock = _part(path, series.name, clock_of(path, series), start_s, stop_s)
    region = getattr(series, "electrodes", None)
    return Signal(
        data=np.concatenate(
            [_samples(series, first, stop, columns) for first, stop in zip(clock.first, clock.stop, strict=True)]
        ),
        names=[names[i] for i in columns],
        unit="V" if str(series.unit) == "volts" else str(series.unit),
        regions={} if region is None else groups_of(region.table, np.asarray(region.data[:], np.intp)[columns]),
        clock=clock,
    )


def _part(path: Path, name: str, clock: SampleTimes, start_s: float | None, stop_s: float | None) -> SampleTimes:
    """Return what of a clock lies from one time to another, in the file's time."""
    if start_s is None and stop_s is None:
        return clock
    lengths = clock.stop - clock.first
    low, high = (
        np.array([0 if at is None else first_sample_at(at - s, clock.rate_hz) for s in clock.start_s.tolist()])
        for at in (start_s, stop_s)
    )
    low = np.clip(low, 0, lengths)
    high = lengths if stop_s is None else np.clip(high, 0, lengths)
    some = high > low
    if not some.any():
        last_s = clock.start_s[-1] + lengths[-1] / clock.rate_hz
        raise RecordingError(
            f"{path}: start_s, stop_s: expected seconds within {name!r}, from {clock.start_s[0]:g} to {last_s:g}, got "
            f"{start_s} to {stop_s}"
        )
    start = clock.start_s + low / clock.rate_hz
    return SampleTimes(clock.rate_hz, start[some], (clock.first + low)[some], (clock.first + high)[some])


def _samples(series: Any, first: int, stop: int, columns: list[int]) -> NDArray[np.float32]:
    """Return samples (n_samples, n_channels) in the unit of the series, read in blocks."""
    of_each = getattr(series, "channel_conversion", None)
    factors = series.conversion * (np.ones(len(columns)) if of_each is None else np.asarray(of_each[:])[columns])
    n_channels = 1 if len(series.data.shape) == 1 else int(series.data.shape[1])
    samples = np.empty((stop - first, len(columns)), np.float32)
    n_each = max(1, BLOCK // max(n_channels, 1))
    for start in range(first, stop, n_each):
        block = np.asarray(series.data[start : min(start + n_each, stop)]).reshape(-1, n_channels)[:, columns]
        samples[start - first : start - first + len(block)] = block * factors + series.offset
    return samples


def _check_size(path: Path, series: Any) -> None:
    """Refuse samples that the file only claims to hold: HDF5 gives zeros for what was never written."""
    on_disk = series.data.id.get_storage_size()
    claimed = int(np.prod(series.data.shape, dtype=np.float64)) * np.dtype(series.data.dtype).itemsize
    if claimed > MOST_COMPRESSED * on_disk:
        raise RecordingError(
            f"{path}: {series.name!r}: expected samples of shape {tuple(series.data.shape)}, {claimed / 1e9:.3g} GB, "
            f"but the file holds {on_disk} bytes of them; it was not written to its end"
        )


def described(path: Path, series: Any) -> dict[str, Any]:
    """Return what a series holds, as plain data."""
    clock = clock_of(path, series)
    names = channel_names(path, series) if len(series.data.shape) <= 2 else []
    return {
        "type": type(series).__name__,
        "rate_hz": clock.rate_hz,
        "shape": list(map(int, series.data.shape)),
        "seconds": round(float(np.sum(clock.stop - clock.first)) / clock.rate_hz, 3),
        "runs": len(clock.first),
        "unit": str(series.unit),
        "channels": listed(names, 40),
    }
