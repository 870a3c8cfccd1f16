"""Spike times of units that were recorded together, counted in bins."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import NonFiniteError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed
from ...recordings.recording import Recording
from ..arrays.array_files import entries, load_arrays
from ..left_out import OnEventOutside, events_inside
from ..tables import numbers, read_table
from .binning import check_seconds, checked_rate_hz, counts_in_bins, n_bins_between, note_outside
from .unit_names import unit_names, wanted_units

FAR = 100
"""Events that end so many times later than the spikes, or earlier, were not measured by the same clock."""


def read_spike_times(
    path: str | PathLike[str],
    bin_ms: float,
    *,
    events: str | PathLike[str] | None = None,
    unit: str = "unit",
    time_s: str = "time_s",
    onset_s: str = "onset_s",
    label: str = "label",
    duration_s: str | None = None,
    run: str | None = None,
    units: Sequence[str | int] | None = None,
    start_s: float = 0.0,
    stop_s: float | Mapping[str, float] | None = None,
    values: Literal["rates", "counts"] = "rates",
    on_event_outside: OnEventOutside = "error",
    ticks_per_s: float = 1.0,
    event_ticks_per_s: float = 1.0,
) -> Recording:
    """Read a continuous recording of units from a table of their spikes: which unit, and when.

    Sample ``i`` holds the spikes in ``[start_s + i * bin, start_s + (i + 1) * bin)``: live it is complete one bin after
    its own time. (Spikes of neurons that were *not* recorded together are read by
    `hotwire.decoder.readers.spikes.pseudo_trials.read_spikes`.)

    Parameters
    ----------
    path : path
        A table with a header, ``.csv`` or ``.tsv``; or arrays in ``.npz`` or ``.mat``, with dots into structures.
    bin_ms : float
        Width of the bins.
    events : path, optional
        Another such file, or the same. Default: no events.
    unit, time_s : str
        The columns, or arrays, of the spikes: the unit as a number or text, and the time in seconds. Times that are
        whole numbers only are refused: they are samples or milliseconds.
    onset_s, label : str
        Those of the events.
    duration_s : str, optional
        The events' durations in seconds. Default: events are momentary.
    run : str, optional
        The run, as a number or text, in both files; its times count from its own zero. Default: one run.
    units : sequence of str or int, optional
        The units to read, in this order; one without any spike stays, silent. Default: all in the table, sorted.
    start_s, stop_s : float
        What of each run to read, in its own time; `stop_s` may be a mapping from run to seconds. By default, a run goes
        on to the end of the bin of its last spike or event. Give `stop_s` if a run ends in silence that no event marks.
    values : str
        ``"rates"`` (default), in spikes/s, or ``"counts"``.
    on_event_outside : str
        What to do with an event that begins before or after its run: ``"error"`` (default) or ``"drop"``.
    ticks_per_s, event_ticks_per_s : float
        How many of the spikes' times, and of the events', make a second: 1 (default) for seconds, 1000 for
        milliseconds, the amplifier's rate for samples.

    Returns
    -------
    Recording
        ``1000 / bin_ms`` samples per second; a feature has the name of its unit, ``unit_7`` where that is a number,
        whatever other units there are. ``source`` says how many spikes were outside, and which units are silent.

    Raises
    ------
    UnknownNameError
        A file has no such column, or there is no such run; lists those there are.
    RecordingError
        A file cannot be read, its columns do not fit together, or an event is outside its run.
    """
    rate_hz = checked_rate_hz(bin_ms)
    check_choice("values", values, ("rates", "counts"))
    path = Path(path)
    spikes = _Table.read(path, time_s, unit, None, run, ticks_per_s)
    marked = None if events is None else _Table.read(Path(events), onset_s, label, duration_s, run, event_ticks_per_s)
    names = unit_names(path, spikes.name)
    chosen = list(names.values()) if units is None else wanted_units(names, units)
    if ticks_per_s == 1:
        check_seconds(spikes.time_s, len(names), f"{path}: {time_s}", "Give ticks_per_s = {}")
    if marked is not None:
        _check_clocks(spikes, marked)
    lengths = _lengths(spikes, marked, start_s, stop_s, rate_hz)
    counts, n_outside = _counts(spikes, names, chosen, lengths, start_s, rate_hz)
    notes = [str(path)]
    if n_outside:
        notes.append(note_outside(n_outside, len(spikes.time_s), path))
    silent = [name for name, total in zip(chosen, counts.sum(axis=0), strict=True) if total == 0]
    if silent:
        notes.append(f"without a spike: {listed(silent)}")
    happened = Events.none()
    if marked is not None:
        happened = Events(marked.run, marked.time_s - start_s, marked.duration_s, marked.name)
        happened = events_inside(happened, dict(lengths), rate_hz, on_event_outside, notes)
    return Recording(
        data=(counts * (rate_hz if values == "rates" else 1)).astype(np.float32),
        rate_hz=rate_hz,
        feature_names=tuple(chosen),
        run=np.repeat(np.array(list(lengths)), list(lengths.values())),
        events=happened,
        unit="spikes/s" if values == "rates" else "spikes",
        source="; ".join(notes),
    )


class _Table(NamedTuple):
    path: Path
    time_s: NDArray[np.float64]
    name: NDArray[np.str_]
    """The unit or the label."""
    duration_s: NDArray[np.float64]
    run: NDArray

    @classmethod
    def read(
        cls, path: Path, time_s: str, name: str, duration_s: str | None, run: str | None, ticks_per_s: float
    ) -> _Table:
        wanted = [one for one in (time_s, name, duration_s, run) if one is not None]
        if path.suffix.lower() in (".csv", ".tsv"):
            table = read_table(path)
            for one in wanted:
                if one not in table:
                    raise UnknownNameError(f"column in {path}", one, table)
            columns = {one: np.array(table[one], np.str_) for one in wanted}
            columns |= {one: numbers(path, one, table[one]) for one in (time_s, duration_s) if one is not None}
        else:
            arrays = load_arrays(path, wanted)
            columns = {one: arrays[one].ravel() for one in (time_s, duration_s) if one is not None}
            columns |= {one: entries(path, one, arrays[one]) for one in (name, run) if one is not None}
        sizes = {one: column.size for one, column in columns.items()}
        if len(set(sizes.values())) != 1 or columns[time_s].dtype.kind not in "biuf":
            raise RecordingError(f"{path}: expected columns of one length, and times as numbers, got {sizes}")
        n = sizes[time_s]
        times = columns[time_s].astype(np.float64)
        bad = np.flatnonzero(~np.isfinite(times))
        if bad.size:
            raise NonFiniteError(
                f"{path}: expected finite seconds in {time_s!r}, got {times[bad[0]]} in row {bad[0]}; {bad.size} of "
                f"{n} are not. Take these rows out"
            )
        return cls(
            path,
            times / ticks_per_s,
            columns[name].astype(np.str_),
            np.zeros(n) if duration_s is None else columns[duration_s].astype(np.float64) / ticks_per_s,
            np.ones(n, np.int64) if run is None else _as_numbers(columns[run]),
        )


def _as_numbers(names: NDArray) -> NDArray:
    """Return names as whole numbers if all of them are, else as text."""
    texts = names.astype(np.str_)
    return texts.astype(np.int64) if len(texts) and all(text.isdecimal() for text in texts.tolist()) else texts


def _check_clocks(spikes: _Table, marked: _Table) -> None:
    """Refuse events that begin long after the last spike, and warn of such that all begin in the very beginning."""
    last_s, last_event_s = spikes.time_s.max(initial=0.0), marked.time_s.max(initial=0.0)
    if last_s > 0 and last_event_s > FAR * last_s:
        raise RecordingError(
            f"{marked.path}: the last event begins at {last_event_s:g} s, but the last spike is at {last_s:g} s; if "
            "the events are in samples or milliseconds, give event_ticks_per_s = 30000.0 or 1000.0"
        )
    if len(marked.time_s) > 1 and last_event_s * FAR < last_s:
        warnings.warn(
            f"{marked.path}: the last event begins at {last_event_s:g} s, but the spikes go on to {last_s:g} s; if the "
            "spikes are in samples or milliseconds, give ticks_per_s = 30000.0 or 1000.0",
            stacklevel=3,
        )


def _lengths(
    spikes: _Table,
    marked: _Table | None,
    start_s: float,
    stop_s: float | Mapping[str, float] | None,
    rate_hz: float,
) -> dict[int | str, int]:
    """Return how many bins each run has."""
    tables = [spikes] if marked is None else [spikes, marked]
    runs = list(dict.fromkeys(one for table in tables for one in table.run.tolist()))
    if isinstance(stop_s, Mapping):
        for name in stop_s:
            if name not in map(str, runs):
                raise UnknownNameError("run of stop_s", name, map(str, runs))
    lengths = {}
    for run in runs:
        stop = stop_s.get(str(run)) if isinstance(stop_s, Mapping) else stop_s
        last = [(t.time_s + t.duration_s)[t.run == run].max(initial=start_s) for t in tables]
        lengths[run] = n_bins_between(start_s, stop, max(last), rate_hz, run)
    return lengths


def _counts(
    spikes: _Table,
    names: Mapping[str, str],
    chosen: list[str],
    lengths: Mapping[int | str, int],
    start_s: float,
    rate_hz: float,
) -> tuple[NDArray[np.int64], int]:
    """Return the counts (n_samples, n_units), and how many spikes of these units are outside the runs."""
    column = {name: i for i, name in enumerate(chosen)}
    distinct, which = np.unique(spikes.name, return_inverse=True)
    column_of_spike = np.array([column.get(names[one], -1) for one in distinct.tolist()], np.int64)[which]
    n_outside, parts = 0, [np.zeros((0, len(chosen)), np.int64)]
    for run, n_bins in lengths.items():
        of_run = (spikes.run == run) & (column_of_spike >= 0)
        counts, outside = counts_in_bins(
            spikes.time_s[of_run], column_of_spike[of_run], (n_bins, len(chosen)), start_s, rate_hz
        )
        n_outside += outside
        parts.append(counts)
    return np.concatenate(parts), n_outside
