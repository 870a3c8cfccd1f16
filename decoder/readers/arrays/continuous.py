"""Continuous recordings that laboratories publish as arrays: samples, and the events' onsets and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, ShapeError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import OnEventOutside, events_inside
from .array_files import entries, load_arrays, named_labels

OnsetUnit = Literal["samples", "s", "ms"]


def read_continuous(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    data: str,
    rate_hz: float | str,
    onsets: str,
    labels: str,
    *,
    rows: Literal["samples", "channels"] = "samples",
    channel_names: str | Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    label_names: str | Sequence[str] | Mapping[str, str] | None = None,
    onset_unit: OnsetUnit = "samples",
    counted_from: float = 0.0,
    duration_s: float | str = 0.0,
    unit: str | Sequence[str] = "a.u.",
    run: Sequence[int | str] | None = None,
    on_event_outside: OnEventOutside = "error",
) -> Recording:
    """Read a continuous recording from arrays of ``.npz`` or ``.mat`` files, each given by its name there.

    Names lead into MATLAB's structures with dots, ``"cnt.x"``; see
    `hotwire.decoder.readers.arrays.array_files.load_arrays`.

    Parameters
    ----------
    path : path or sequence of paths
        Several files are several runs of one recording, with the same channels and rate.
    data : str
        The samples, (n_samples, n_channels) or transposed; a vector is a single channel.
    rate_hz : float or str
        Samples per second, or the array that holds it.
    onsets : str
        When each event began, as `onset_unit` and `counted_from` say; may be fractions.
    labels : str
        What each event was: texts; whole numbers; or one-hot, (n_labels, n_events) or transposed.
    rows : str
        What a row of `data` is: ``"samples"`` (default) or ``"channels"``.
    channel_names : str or sequence of str, optional
        The array that holds them, or the names of all channels. Default: ``channel_1``, ...
    channels : sequence of str, optional
        The channels to read, in this order. Default: all.
    label_names : mapping of str to str, sequence of str, or str, optional
        What all labels in the file mean, e.g. ``{"1": "left", "2": "right"}``; for one-hot labels, the names in their
        order. Or the array that holds either, with a row for each label.
    onset_unit : str
        ``"samples"`` (default), ``"s"`` or ``"ms"``.
    counted_from : float
        The number of the first sample in the onsets' counting: 0 (default), or 1 as in MATLAB. Positions that were
        counted from 1 and then divided by ten, because the samples went from 1,000 Hz to 100, are counted from 0.1.
    duration_s : float or str
        How long each event lasted in seconds, or the array that holds this.
    unit : str or sequence of str
        Of all channels or of each.
    run : sequence of int or str, optional
        The runs' names, one for each file. Default: numbers from 1.
    on_event_outside : str
        What to do with an event that begins before or after its run: ``"error"`` (default) or ``"drop"``.

    Raises
    ------
    UnknownNameError
        A file has no such array, or there is no such channel or label; lists those there are.
    RecordingError
        A file cannot be read, arrays or files do not fit together, or an event is outside its run.
    """
    check_choice("rows", rows, ("samples", "channels"))
    check_choice("onset_unit", onset_unit, ("samples", "s", "ms"))
    paths = [Path(path)] if isinstance(path, str | PathLike) else [Path(one) for one in path]
    run_names = list(range(1, len(paths) + 1)) if run is None else list(run)
    if not paths or len(run_names) != len(paths) or len(set(run_names)) != len(paths):
        raise InputError(f"run: expected a name of its own for each of the {len(paths)} files, got {run_names}")
    arrays_or_values = [rate_hz, channel_names, label_names, duration_s]
    wanted = [data, onsets, labels, *(name for name in arrays_or_values if isinstance(name, str))]
    parts: list[_ContentOfFile] = []
    from tqdm import tqdm  # not on a rig, which reads other kinds of recording

    for one in tqdm(paths, desc="reading", delay=1, disable=None):
        arrays = load_arrays(one, wanted)
        samples = _samples(one, data, arrays[data], rows)
        rate = _number(one, rate_hz, arrays[rate_hz]) if isinstance(rate_hz, str) else float(rate_hz)
        if not (np.isfinite(rate) and rate > 0):
            raise InputError(f"rate_hz: expected a positive number of samples per second, got {rate:g}")
        onset_s = _each(one, onsets, arrays[onsets])
        label = _labels(one, labels, arrays, label_names, len(onset_s))
        onset_s = (onset_s - counted_from) / {"samples": rate, "s": 1.0, "ms": 1000.0}[onset_unit]
        if isinstance(duration_s, str):
            durations = _of_each_event(one, duration_s, _each(one, duration_s, arrays[duration_s]), len(onset_s))
        else:
            durations = np.full(len(onset_s), float(duration_s))
        names = _channel_names(one, channel_names, arrays, samples.shape[1])
        parts.append(_ContentOfFile(one, samples, rate, names, onset_s, durations, label))
    return _joined(parts, run_names, channels, unit, on_event_outside, rows)


class _ContentOfFile(NamedTuple):
    path: Path
    samples: NDArray
    rate_hz: float
    names: tuple[str, ...]
    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    label: NDArray[np.str_]


def _joined(
    parts: list[_ContentOfFile],
    run_names: list,
    channels: Sequence[str] | None,
    unit: str | Sequence[str],
    on_event_outside: OnEventOutside,
    rows: str,
) -> Recording:
    first = parts[0]
    for part in parts[1:]:
        if part.names != first.names or part.rate_hz != first.rate_hz:
            raise RecordingError(
                f"{part.path}: expected {listed(first.names)} at {first.rate_hz:g} Hz, as in {first.path}, got "
                f"{listed(part.names)} at {part.rate_hz:g} Hz; runs of one recording have the same channels and rate"
            )
    lengths = {name: len(part.samples) for name, part in zip(run_names, parts, strict=True)}
    events = Events.joined(
        [
            Events(np.repeat(np.asarray(name), len(part.onset_s)), part.onset_s, part.duration_s, part.label)
            for name, part in zip(run_names, parts, strict=True)
        ]
    )
    notes = [listed((part.path for part in parts), 3)]
    try:
        events = events_inside(events, lengths, first.rate_hz, on_event_outside, notes)
    except RecordingError as error:
        other = "channels" if rows == "samples" else "samples"
        raise RecordingError(
            f"{notes[0]}: {error}. Do onset_unit and counted_from say how onsets were counted, and are the rows of the "
            f"data {rows}, not {other}?"
        ) from None
    columns = _columns(first.names, channels)
    recording = Recording(
        data=np.concatenate([part.samples[:, columns] for part in parts]),
        rate_hz=first.rate_hz,
        feature_names=tuple(first.names[i] for i in columns),
        run=np.repeat(np.asarray(run_names), list(lengths.values())),
        events=events,
        unit=unit if isinstance(unit, str) else _unit_of_each(unit, len(first.names), columns),
        source="; ".join(notes),
    )
    warn_of_units(recording)
    return recording


def _columns(names: tuple[str, ...], channels: Sequence[str] | None) -> list[int]:
    for name in channels or ():
        if name not in names:
            raise UnknownNameError("channel", name, names)
    return [names.index(name) for name in (names if channels is None else channels)]


def _unit_of_each(unit: Sequence[str], n_channels: int, columns: list[int]) -> tuple[str, ...]:
    if len(unit) != n_channels:
        raise ShapeError(f"unit: expected one unit or one for each of the {n_channels} channels, got {len(unit)}")
    return tuple(unit[i] for i in columns)


def _samples(path: Path, name: str, array: NDArray, rows: str) -> NDArray:
    if array.ndim == 1 or (array.ndim == 2 and 1 in array.shape):
        array = array.reshape(-1, 1) if array.size else array
    elif rows == "channels":
        array = array.T
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not array.size:
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers with two axes, samples and channels, got an array of "
            f"{array.dtype} of shape {array.shape}"
        )
    return array


def _number(path: Path, name: str, array: NDArray) -> float:
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise RecordingError(
            f"{path}: expected {name!r} to be a number, got an array of {array.dtype} of shape {array.shape}"
        )
    return float(array.item())


def _each(path: Path, name: str, array: NDArray) -> NDArray[np.float64]:
    """Return numbers as a vector, however the file turned them."""
    if array.dtype.kind not in "biuf" or array.size != max(array.shape, default=0):
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers in a row, one for each event, got an array of {array.dtype} of "
            f"shape {array.shape}"
        )
    return array.ravel().astype(np.float64)


def _of_each_event(path: Path, name: str, entries: NDArray, n_events: int) -> NDArray:
    if len(entries) != n_events:
        raise RecordingError(
            f"{path}: expected {name!r} to have one entry for each of {n_events} onsets, got {len(entries)}"
        )
    return entries


def _channel_names(
    path: Path, names: str | Sequence[str] | None, arrays: Mapping[str, NDArray], n_channels: int
) -> tuple[str, ...]:
    if names is None:
        return tuple(f"channel_{i}" for i in range(1, n_channels + 1))
    found = [str(name) for name in (entries(path, names, arrays[names]) if isinstance(names, str) else names)]
    if len(found) != n_channels:
        raise ShapeError(
            f"{path}: channel_names: expected {n_channels} names, one for each channel of the data, got {len(found)} "
            f'({listed(found)}); if rows of the data are channels, give rows = "channels"'
        )
    return tuple(found)


def _labels(
    path: Path,
    name: str,
    arrays: Mapping[str, NDArray],
    label_names: str | Sequence[str] | Mapping[str, str] | None,
    n_events: int,
) -> NDArray[np.str_]:
    array = arrays[name]
    meaning = _pairs(path, label_names, arrays[label_names]) if isinstance(label_names, str) else label_names
    if array.ndim == 2 and 1 not in array.shape and array.dtype.kind in "biuf":
        return _one_hot(
            path, name, array, list(meaning.values()) if isinstance(meaning, Mapping) else meaning, n_events
        )
    found = _of_each_event(path, name, entries(path, name, array).astype(np.str_), n_events)
    if meaning is not None and not isinstance(meaning, Mapping):
        pairs = ", ".join(f'"{one}" = "{of}"' for one, of in zip(np.unique(found).tolist(), meaning, strict=False))
        raise InputError(
            f"label_names: expected what each label of {name!r} means, such as {{ {pairs} }}, got the names "
            f"{listed(meaning)} alone; which label each belongs to is clear for one-hot labels only"
        )
    return named_labels(name, found, meaning)


def _pairs(path: Path, name: str, array: NDArray) -> dict[str, str] | list[str]:
    """Return the labels' names; as a mapping where a column of labels comes before that of the names."""
    texts = array if array.dtype.kind == "U" else entries(path, name, array).astype(np.str_).reshape(array.shape)
    if array.ndim == 2 and array.shape[1] == 2 and array.shape[0] > 1:
        return {str(label): str(meaning) for label, meaning in texts}
    return [str(meaning) for meaning in texts.ravel()]


def _one_hot(path: Path, name: str, array: NDArray, names: Sequence[str] | None, n_events: int) -> NDArray[np.str_]:
    if names is None:
        raise InputError(
            f"label_names: {name!r} is one-hot, shape {array.shape}; name its labels in their order, "
            'such as label_names = ["left", "right"]'
        )
    if array.shape == (len(names), n_events):
        array = array.T
    if array.shape != (n_events, len(names)):
        raise RecordingError(
            f"{path}: expected {name!r} to be one-hot, ({len(names)} labels, {n_events} events) or turned, got shape "
            f"{array.shape}; the names are {listed(names)}"
        )
    wrong = np.flatnonzero(((array != 0) & (array != 1)).any(axis=1) | (array.sum(axis=1) != 1))
    if wrong.size:
        raise RecordingError(
            f"{path}: expected {name!r} to have a single 1 for each event, got {array[wrong[0]].tolist()} for event "
            f"{wrong[0]}; {wrong.size} of {n_events} events are not so"
        )
    return np.array(list(names), np.str_)[array.argmax(axis=1)]
