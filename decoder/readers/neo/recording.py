"""Recordings from what Neo reads: a signal, or spikes in bins; each of its segments is a run."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ....errors import InputError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import NotFinite, OnEventOutside, events_inside, without_not_finite
from ..spikes.binning import checked_rate_hz
from ..spikes.unit_names import unit_name
from .files import segments_of
from .segments import events_in, signal_in, spikes_in

SPIKES = "spikes"


def read_neo(
    path: str | PathLike[str],
    signal: str | None = None,
    *,
    format: str | None = None,
    bin_ms: float | None = None,
    channels: Sequence[str] | None = None,
    events: str | None = None,
    values: Literal["rates", "counts"] = "rates",
    not_finite: NotFinite = "error",
    on_event_outside: OnEventOutside = "error",
) -> Recording:
    """Read a signal, or the spikes, of a file or folder that Neo reads (Plexon, Blackrock, Neuralynx, ...).

    Each of Neo's segments is a run, numbered from 1; its events and epochs are the events, with their labels.

    Parameters
    ----------
    path : path
    signal : str, optional
        ``"spikes"``, which are counted in bins, or the name of an analog signal. May be left out if there is only one.
    format : str, optional
        The name of Neo's reader, such as ``"PlexonIO"``. Default: the one that fits the ending, if only one does.
    bin_ms : float, optional
        For spikes: the width of the bins.
    channels : sequence of str, optional
        The channels or units to read, in this order. Default: all.
    events : str, optional
        The name of Neo's event or epoch. May be left out if only one has any.
    values : str
        For spikes: ``"rates"`` (default), in spikes/s, or ``"counts"``.
    not_finite : str
        For signals, see `read_mne`.
    on_event_outside : str
        What to do with an event that begins before or after its segment: ``"error"`` (default) or ``"drop"``.

    Raises
    ------
    MissingExtraError
        There is no Neo.
    UnknownNameError
        There is no such format, signal, channel or event; lists those there are.
    RecordingError
        The file cannot be read, several readers, signals or events fit, or segments differ in channels, rate or unit.
    """
    check_choice("values", values, ("rates", "counts"))
    path = Path(path)
    segments = segments_of(path, format)
    name = _chosen(path, "signal", signal, signal_names(segments))
    if name == SPIKES and bin_ms is None:
        raise InputError("bin_ms: expected the width of the bins in which spikes are counted, such as 50.0")
    if name != SPIKES and bin_ms is not None:
        raise InputError(f"bin_ms: {name!r} has its own rate; take bin_ms out, or read signal = 'spikes'")
    if bin_ms is None:
        parts = [signal_in(path, segment, _position(path, segment, name)) for segment in segments]
    else:
        rate_hz, units = checked_rate_hz(bin_ms), [train_names(segment) for segment in segments]
        names = list(dict.fromkeys(one for of in units for one in of))
        parts = [
            spikes_in(path, segment, names, of, rate_hz, values == "rates")
            for segment, of in zip(segments, units, strict=True)
        ]
    first = parts[0]
    for number, part in enumerate(parts[1:], 2):
        if (part.names, part.rate_hz, part.unit) != (first.names, first.rate_hz, first.unit):
            raise RecordingError(
                f"{path}: expected {listed(first.names)} at {first.rate_hz:g} Hz in {first.unit} as in segment 1, got "
                f"{listed(part.names)} at {part.rate_hz:g} Hz in {part.unit} in segment {number}"
            )
    lengths = {number: len(part.data) for number, part in enumerate(parts, 1)}
    notes = [str(path)]
    marked = event_names(segments)
    happened = Events.none()
    if events is not None or marked:
        wanted = _chosen(path, "events", events, marked)
        tables = []
        for number, (segment, part) in enumerate(zip(segments, parts, strict=True), 1):
            items = [one for name, one in named([*segment.events, *segment.epochs]) if name == wanted]
            tables.append(events_in(path, items, number, part.start_s))
        happened = Events.joined(tables)
    happened = events_inside(happened, lengths, first.rate_hz, on_event_outside, notes)
    for one in channels or ():
        if one not in first.names:
            raise UnknownNameError("channel", one, first.names)
    columns = [first.names.index(one) for one in (first.names if channels is None else channels)]
    names = [first.names[i] for i in columns]
    run = np.repeat(np.array(list(lengths)), list(lengths.values()))
    data = np.concatenate([part.data[:, columns] for part in parts])
    left = without_not_finite(data, names, run, happened, first.rate_hz, not_finite)
    recording = Recording(
        data=data[left.rows][:, left.columns],
        rate_hz=first.rate_hz,
        feature_names=tuple(names[i] for i in left.columns),
        run=left.run,
        events=left.events,
        unit=first.unit,
        source="; ".join([*notes, *([left.note] if left.note else [])]),
    )
    warn_of_units(recording)
    return recording


def signal_names(segments: list[Any]) -> list[str]:
    """Return what there is to read: the names of analog signals, and ``"spikes"``."""
    names = [name for segment in segments for name, _ in named(segment.analogsignals)]
    return list(dict.fromkeys([*names, *([SPIKES] if any(len(one.spiketrains) for one in segments) else [])]))


def event_names(segments: list[Any]) -> list[str]:
    """Return the names of events and epochs that have any."""
    items = [pair for segment in segments for pair in named([*segment.events, *segment.epochs])]
    return list(dict.fromkeys(name for name, one in items if one.shape[0]))


def train_names(segment: Any) -> list[str]:
    """Return the names of the units: Neo's where all differ, or their numbers."""
    names = [unit_name(str(train.name or train.annotations.get("id") or "")) for train in segment.spiketrains]
    alike = len(set(names)) < len(names) or "" in names
    return [f"unit_{i}" for i in range(1, len(names) + 1)] if alike else names


def named(items: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return items with their names; by their kind and number where they have none."""
    kinds = [type(one).__name__.removesuffix("Proxy").lower() for one in items]
    return [(str(one.name or f"{kind}_{i}"), one) for i, (kind, one) in enumerate(zip(kinds, items, strict=True), 1)]


def _position(path: Path, segment: Any, name: str) -> int:
    names = [one for one, _ in named(segment.analogsignals)]
    if names.count(name) != 1:
        raise RecordingError(
            f"{path}: expected the signal {name!r} once in every segment, got {listed(names) or 'none'} in one"
        )
    return names.index(name)


def _chosen(path: Path, field: str, wanted: str | None, there: list[str]) -> str:
    if wanted is None and len(there) != 1:
        raise RecordingError(f"{path}: {field}: expected the name of one, there are {listed(there) or 'none'}")
    if wanted is not None and wanted not in there:
        raise UnknownNameError(f"{field} in {path}", wanted, there)
    return there[0] if wanted is None else wanted
