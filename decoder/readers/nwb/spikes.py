"""The units of an NWB file, their spikes counted in bins."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events, listed
from ..spikes.binning import check_seconds, checked_rate_hz, counts_in_bins, n_bins_between, note_outside
from .series import SampleTimes, Signal, columns_by_name, groups_of

NAME_COLUMN = "unit_name"


def binned(
    path: Path,
    file: Any,
    bin_ms: float,
    units: list[str] | None,
    events: Events,
    start_s: float | None,
    stop_s: float | None,
    values: str,
    notes: list[str],
) -> Signal:
    """Return the spikes of units in bins; add to the notes what is outside or silent."""
    table = file.units
    names = unit_names(table)
    if table is None or "spike_times" not in table.colnames:
        raise RecordingError(f"{path}: its units have no spike_times")
    rows = columns_by_name(names, units)
    if not rows:
        raise RecordingError(f"{path}: expected units, got a table without any")
    rate_hz, start_s = checked_rate_hz(bin_ms), 0.0 if start_s is None else start_s
    times = [np.asarray(table["spike_times"][row], np.float64) for row in rows]
    column = np.repeat(np.arange(len(rows)), [len(of) for of in times])
    times_s = np.concatenate(times)
    if not np.isfinite(times_s).all():
        raise RecordingError(
            f"{path}: spike_times: expected seconds, got {np.count_nonzero(~np.isfinite(times_s))} of {len(times_s)} "
            "that are NaN or infinite"
        )
    check_seconds(times_s, len(rows), f"{path}: spike_times", "The format says seconds; divide them by {}")
    last_s = max(times_s.max(initial=start_s), (events.onset_s + events.duration_s).max(initial=start_s))
    n_bins = n_bins_between(start_s, stop_s, float(last_s), rate_hz)
    counts, n_outside = counts_in_bins(times_s, column, (n_bins, len(rows)), start_s, rate_hz)
    if n_outside:
        notes.append(note_outside(n_outside, len(times_s), path))
    silent = [names[row] for row, total in zip(rows, counts.sum(axis=0), strict=True) if total == 0]
    if silent:
        notes.append(f"without a spike: {listed(silent)}")
    _warn_of_unobserved(path, table, rows, events, notes)
    return Signal(
        data=(counts * (rate_hz if values == "rates" else 1)).astype(np.float32),
        names=[names[row] for row in rows],
        unit="spikes/s" if values == "rates" else "spikes",
        regions=_groups(table, rows),
        clock=SampleTimes(rate_hz, np.array([start_s]), np.array([0]), np.array([n_bins])),
    )


def unit_names(table: Any) -> list[str]:
    """Return the names of units: those of their own column, where all differ, or their numbers."""
    if table is not None and NAME_COLUMN in table.colnames:
        names = [str(one) for one in table[NAME_COLUMN][:]]
        if len(set(names)) == len(names) and all(names):
            return names
    return [] if table is None else [f"unit_{number}" for number in np.asarray(table.id[:]).tolist()]


def _groups(table: Any, rows: list[int]) -> dict[str, NDArray[np.intp]]:
    """Return which of the units are in each group of electrodes, and at each location of their first electrode."""
    if "electrode_group" in table.colnames:
        names = np.array([group.name for group in np.asarray(table["electrode_group"][:], object)[rows]], np.str_)
        groups = {name: np.flatnonzero(names == name) for name in np.unique(names).tolist()}
    else:
        groups = {}
    if "electrodes" in table.colnames:
        region = table["electrodes"]
        first = [np.ravel(region.target.data[_row(region, row)]) for row in rows]
        if all(len(of) for of in first):
            of_each = np.array([int(of[0]) for of in first], np.intp)
            groups = {**groups_of(region.target.table, of_each), **groups}
    return groups


def _row(column: Any, row: int) -> slice:
    """Return the entries of a row in a column with several entries each."""
    ends = np.asarray(column.data[:])
    return slice(int(ends[row - 1]) if row else 0, int(ends[row]))


def _warn_of_unobserved(path: Path, table: Any, rows: list[int], events: Events, notes: list[str]) -> None:
    """Where a unit was not observed its rate of 0 would be made up."""
    if "obs_intervals" not in table.colnames:
        return
    unobserved = np.zeros(len(events), bool)
    for row in rows:
        spans = np.asarray(table["obs_intervals"][row], np.float64).reshape(-1, 2)
        begins, ends_s = events.onset_s[:, None], (events.onset_s + events.duration_s)[:, None]
        unobserved |= ~((spans[:, 0] <= begins) & (ends_s <= spans[:, 1])).any(axis=1)
    if unobserved.any():
        note = f"{np.count_nonzero(unobserved)} of {len(events)} events go beyond the obs_intervals of a unit"
        notes.append(note)
        warnings.warn(f"{path}: {note}: its rate of 0 there is not measured; choose other channels", stacklevel=4)
