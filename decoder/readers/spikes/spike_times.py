"""Spike times of units that were recorded together, counted in bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, NonFiniteError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed
from ...recordings.recording import Recording
from ..arrays.array_files import entries, load_arrays
from ..left_out import OnEventOutside, events_inside
from ..tables import numbers, read_table

EDGE_TOLERANCE = 1e-6
"""How far, in bins, a spike may be before an edge and still count as on it: times in files are rounded."""


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
        The columns, or arrays, of the spikes: the unit as a number or text, and the time in seconds.
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

    Returns
    -------
    Recording
        ``1000 / bin_ms`` samples per second; features are named by the units, ``unit_7`` where that is a number.
        ``source`` says how many spikes were outside, and which units are silent.

    Raises
    ------
    UnknownNameError
        A file has no such column, or there is no such run; lists those there are.
    RecordingError
        A file cannot be read, its columns do not fit together, or an event is outside its run.
    """
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        raise InputError(f"bin_ms: expected a width above 0, got {bin_ms:g}")
    check_choice("values", values, ("rates", "counts"))
    path = Path(path)
    spikes = _Table.read(path, time_s, unit, None, run)
    marked = None if events is None else _Table.read(Path(events), onset_s, label, duration_s, run)
    chosen = _units(spikes.name, units)
    rate_hz = 1000.0 / bin_ms
    lengths = _lengths(spikes, marked, start_s, stop_s, rate_hz)
    counts, n_outside = _counts(spikes, chosen, lengths, start_s, rate_hz)
    notes = [str(path)]
    if n_outside:
        notes.append(f"{n_outside} of {len(spikes.time_s)} spikes lie outside")
    silent = [name for name, total in zip(chosen, counts.sum(axis=0), strict=True) if total == 0]
    if silent:
        notes.append(f"without a spike: {listed(silent)}")
    happened = Events.none()
    if marked is not None:
        happened = Events(marked.run, marked.time_s - start_s, marked.duration_s, marked.name.astype(np.str_))
        happened = events_inside(happened, dict(lengths), rate_hz, on_event_outside, notes)
    return Recording(
        data=(counts * (rate_hz if values == "rates" else 1)).astype(np.float32),
        rate_hz=rate_hz,
        feature_names=tuple(f"unit_{name}" if isinstance(name, int) else name for name in chosen),
        run=np.repeat(np.array(list(lengths)), list(lengths.values())),
        events=happened,
        unit="spikes/s" if values == "rates" else "spikes",
        source="; ".join(notes),
    )


class _Table(NamedTuple):
    path: Path
    time_s: NDArray[np.float64]
    name: NDArray
    """The unit or the label."""
    duration_s: NDArray[np.float64]
    run: NDArray

    @classmethod
    def read(cls, path: Path, time_s: str, name: str, duration_s: str | None, run: str | None) -> _Table:
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
            times,
            _as_numbers(columns[name]),
            np.zeros(n) if duration_s is None else columns[duration_s].astype(np.float64),
            np.ones(n, np.int64) if run is None else _as_numbers(columns[run]),
        )


def _as_numbers(names: NDArray) -> NDArray:
    """Return names as whole numbers if all of them are, else as text."""
    texts = names.astype(np.str_)
    return texts.astype(np.int64) if len(texts) and all(text.isdecimal() for text in texts.tolist()) else texts


def _units(of_spike: NDArray, wanted: Sequence[str | int] | None) -> list[str | int]:
    if wanted is None:
        return np.unique(of_spike).tolist()
    if not wanted:
        raise InputError("units: expected some units to keep, got none")
    if of_spike.dtype.kind == "U":
        return [str(one) for one in wanted]
    wrong = [one for one in wanted if not str(one).isdecimal()]
    if wrong:
        raise InputError(f"units: expected whole numbers, as the units of the table are, got {listed(wrong)}")
    return [int(one) for one in wanted]


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
        if stop is None:
            last = [(t.time_s + t.duration_s)[t.run == run].max(initial=start_s) for t in tables]
            # The bin that holds the last one.
            lengths[run] = int(np.floor((max(last) - start_s) * rate_hz + EDGE_TOLERANCE)) + 1
        else:
            n_bins = (stop - start_s) * rate_hz
            lengths[run] = round(n_bins)
            if lengths[run] < 1 or abs(n_bins - lengths[run]) > EDGE_TOLERANCE:
                raise InputError(
                    f"stop_s: expected a whole number of bins of {1000 / rate_hz:g} ms, one or more, from {start_s:g} "
                    f"to {stop:g} s (run {run}), got {n_bins:g}"
                )
    return lengths


def _counts(
    spikes: _Table, units: list[str | int], lengths: Mapping[int | str, int], start_s: float, rate_hz: float
) -> tuple[NDArray[np.int64], int]:
    """Return the counts (n_samples, n_units), and how many spikes of these units are outside the runs."""
    column = {name: i for i, name in enumerate(units)}
    distinct, which = np.unique(spikes.name, return_inverse=True)
    column_of_spike = np.array([column.get(name, -1) for name in distinct.tolist()], np.int64)[which]
    # A spike on the edge of two bins belongs to the later one, as an event there does.
    bin_of_spike = np.floor((spikes.time_s - start_s) * rate_hz + EDGE_TOLERANCE).astype(np.int64)
    n_units, n_outside, parts = len(units), 0, []
    for run, n_bins in lengths.items():
        of_run = (spikes.run == run) & (column_of_spike >= 0)
        inside = of_run & (bin_of_spike >= 0) & (bin_of_spike < n_bins)
        n_outside += int(np.count_nonzero(of_run & ~inside))
        place = bin_of_spike[inside] * n_units + column_of_spike[inside]
        parts.append(np.bincount(place, minlength=n_bins * n_units).reshape(n_bins, n_units))
    return np.concatenate(parts) if parts else np.zeros((0, n_units), np.int64), n_outside
