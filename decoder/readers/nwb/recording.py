"""Recordings from NWB files: spikes of units in bins, or a series of electrodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import NotFinite, OnEventOutside, events_inside, without_not_finite
from .files import UNITS, opened_nwb, other_series_of, series_of, tables_of
from .intervals import events_of
from .runs import cut_by_runs
from .series import SampleTimes, Signal, read_series
from .spikes import binned


def read_nwb(
    path: str | PathLike[str],
    signal: str | None = None,
    *,
    bin_ms: float | None = None,
    channels: Sequence[str] | None = None,
    events: str | None = None,
    label: str | None = None,
    onset: str = "start_time",
    end: str = "stop_time",
    run: str | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
    values: Literal["rates", "counts"] = "rates",
    not_finite: NotFinite = "error",
    on_event_outside: OnEventOutside = "error",
) -> Recording:
    """Read the units or a series of an NWB file, with the rows of one of its tables as events.

    Parameters
    ----------
    path : path
    signal : str, optional
        ``"units"``, whose spikes are counted in bins, or the name of a series, such as an ``ElectricalSeries``. May be
        left out if the file has only one of these.
    bin_ms : float, optional
        For units: the width of the bins.
    channels : sequence of str, optional
        The units or channels to read, in this order. Default: all. Units are named by their number, ``unit_7``, or by
        the column ``unit_name``; channels by the column ``channel_name``, ``electrode_name`` or ``label`` of the
        electrodes, or else by their number, ``electrode_7``.
    events : str, optional
        The table: ``"trials"``, ``"epochs"`` or another one of intervals. May be left out if there is only one, or
        if there are trials.
    label : str, optional
        Its column that holds the labels. May be left out if only one can.
    onset, end : str
        Its columns of the event's begin and end in seconds; the same column for both makes events momentary.
    run : str, optional
        Its column that names the run of each event, such as ``"block"``: the samples are cut midway between the events
        of one run and those of the next. Default: a run is what was recorded without a pause.
    start_s, stop_s : float, optional
        What to read, in the file's time. Default: the whole series; for units from 0 to the end of the bin of the last
        spike or event.
    values : str
        For units: ``"rates"`` (default), in spikes/s, or ``"counts"``.
    not_finite : str
        For series, see `read_mne`.
    on_event_outside : str
        What to do with an event without a time, or that begins outside of what is read: ``"error"`` (default) or
        ``"drop"``.

    Returns
    -------
    Recording
        A series of electrodes is in volts (the file's conversion and offset are applied); a new run begins where its
        timestamps step. The groups and the known locations of the electrodes are the regions.

    Raises
    ------
    MissingExtraError
        There is no pynwb.
    UnknownNameError
        The file has no such signal, channel, table or column; lists those there are.
    RecordingError
        The file cannot be read, several signals or columns fit, or an event is outside.
    """
    check_choice("values", values, ("rates", "counts"))
    path = Path(path)
    with opened_nwb(path) as file:
        notes = [str(path)]
        chosen = _chosen(path, file, signal)
        wanted = None if channels is None else list(channels)
        happened = _events(path, file, events, label, onset, end, run, on_event_outside, notes)
        if chosen is None:
            if bin_ms is None:
                raise InputError("bin_ms: expected the width of the bins in which spikes are counted, such as 50.0")
            read = binned(path, file, bin_ms, wanted, happened, start_s, stop_s, values, notes)
        elif bin_ms is None:
            read = read_series(path, chosen, wanted, start_s, stop_s)
        else:
            raise InputError(f"bin_ms: {chosen.name!r} has its own rate; take bin_ms out, or read signal = 'units'")
    cut = np.zeros(0, np.intp)
    if run is not None:
        clock, cut = cut_by_runs(path, read.clock, happened)
        read = read._replace(clock=clock)
    return _recording(read, cut, happened, not_finite, on_event_outside, notes)


def _recording(
    read: Signal,
    cut: NDArray[np.intp],
    events: Events,
    not_finite: NotFinite,
    on_event_outside: OnEventOutside,
    notes: list[str],
) -> Recording:
    """Check what was read; cut are the positions of runs that were cut from those before them."""
    rate_hz, lengths = read.clock.rate_hz, read.clock.stop - read.clock.first
    run = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    events = _in_runs(events, read.clock)
    events = events_inside(events, dict(enumerate(lengths.tolist(), 1)), rate_hz, on_event_outside, notes)
    left = without_not_finite(read.data, read.names, run, events, rate_hz, not_finite)
    begins = np.flatnonzero(np.diff(left.run, prepend=0))
    starts = (np.cumsum(lengths) - lengths)[cut]
    recording = Recording(
        data=read.data[left.rows][:, left.columns],
        rate_hz=rate_hz,
        feature_names=tuple(read.names[i] for i in left.columns),
        run=left.run,
        events=left.events,
        unit=read.unit,
        source="; ".join([*notes, *([left.note] if left.note else [])]),
        regions={name: np.flatnonzero(np.isin(left.columns, of)) for name, of in read.regions.items()},
        cut_from_last=tuple(left.run[begins[np.isin(np.flatnonzero(left.rows)[begins], starts)]].tolist()),
    )
    warn_of_units(recording)
    return recording


def _chosen(path: Path, file: Any, signal: str | None) -> Any:
    """Return the series to read; None for the units."""
    series = series_of(file)
    names = [*([UNITS] if file.units is not None else []), *series]
    if signal is None and len(names) != 1:
        raise RecordingError(
            f"{path}: signal: expected the name of one, the file has {listed(names) or 'neither units nor series of '}"
            f"{'' if names else 'electrodes; other series: ' + (listed(other_series_of(file)) or 'none')}"
        )
    name = names[0] if signal is None else signal
    if name == UNITS and file.units is not None:
        return None
    others = {} if name in series else other_series_of(file)
    if name not in {**series, **others}:
        raise UnknownNameError(f"signal in {path}", name, [*names, *others])
    return {**others, **series}[name]


def _events(
    path: Path,
    file: Any,
    name: str | None,
    label: str | None,
    onset: str,
    end: str,
    run: str | None,
    on_event_outside: OnEventOutside,
    notes: list[str],
) -> Events:
    """Return the events in the file's time, in the runs that a column names, or all in run 1."""
    check_choice("on_event_outside", on_event_outside, ("error", "drop"))
    tables = tables_of(file)
    if name is None and not tables:
        return Events.none()
    if name is None and "trials" not in tables and len(tables) > 1:
        raise RecordingError(f"{path}: events: expected the name of a table, there are {listed(tables)}")
    name = name or ("trials" if "trials" in tables else next(iter(tables)))
    if name not in tables:
        raise UnknownNameError(f"table in {path}", name, tables)
    return events_of(path, name, tables[name], label, onset, end, run, on_event_outside, notes)


def _in_runs(events: Events, clock: SampleTimes) -> Events:
    """Count onsets from the first sample of the run in which they are: of the last that has begun."""
    half = 0.5 / clock.rate_hz
    run = np.maximum(np.searchsorted(clock.start_s - half, events.onset_s, side="right") - 1, 0)
    onset_s = events.onset_s - clock.start_s[run]
    onset_s = np.where((onset_s < 0) & (onset_s >= -half), 0.0, onset_s)
    return replace(events, run=run + 1, onset_s=onset_s)
