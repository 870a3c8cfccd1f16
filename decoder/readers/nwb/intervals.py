"""Tables of an NWB file as events: a column for the label, and those of the onset and the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, UnknownNameError
from ...recordings.events import MISSING, Events, listed
from ..left_out import OnEventOutside

NO_LABELS = ("start_time", "stop_time", "tags", "timeseries", "id")
"""Columns of every table of intervals that say nothing of what was presented."""
MOST_CLASSES = 50
"""A column of more values than these hardly holds labels."""


def events_of(
    path: Path,
    name: str,
    table: Any,
    label: str | None,
    onset: str,
    end: str,
    run: str | None,
    on_event_outside: OnEventOutside,
    notes: list[str],
) -> Events:
    """Return a table's rows as events, in order of their onsets, in the file's time; add to notes what is left out.

    Their runs are what a column names, or all 1.
    """
    columns = columns_of(table)
    for column in (onset, end, label, run):
        if column is not None and column not in columns:
            raise UnknownNameError(f"column of {name!r} in {path}", column, columns)
    if label is None:
        candidates = [one for one in label_columns(columns) if one != run]
        if len(candidates) != 1:
            raise RecordingError(
                f"{path}: label: expected the column of {name!r} that holds the labels; it has "
                f"{listed(candidates or columns)}. Give label = {next(iter(candidates or columns), 'label')!r}"
            )
        [label] = candidates
    onset_s = _seconds(path, name, onset, columns[onset])
    end_s = _seconds(path, name, end, columns[end])
    labels = np.array(texts(columns[label]), np.str_)
    runs = np.ones(len(labels), np.int64) if run is None else np.array(texts(columns[run]), np.str_)
    missing = ~(np.isfinite(onset_s) & np.isfinite(end_s))
    if missing.any() and on_event_outside == "error":
        raise RecordingError(
            f"{path}: {np.count_nonzero(missing)} of {len(labels)} rows of {name!r} have no time in {onset!r} "
            f"or {end!r}; on_event_outside = 'drop' leaves them out"
        )
    if missing.any():
        notes.append(f"{np.count_nonzero(missing)} of {len(labels)} rows of {name!r} have no time and are left out")
    if (runs[~missing] == MISSING).any():
        raise RecordingError(
            f"{path}: run: expected the run of each row of {name!r}, but {np.count_nonzero(runs[~missing] == MISSING)} "
            f"of {len(labels)} have none in {run!r}; name another column, or take run out"
        )
    if (end_s[~missing] < onset_s[~missing]).any():
        raise RecordingError(
            f"{path}: expected the rows of {name!r} to end after they begin, but {end!r} is before {onset!r}; give the "
            "column of their end, such as end = 'stop_time'"
        )
    notes.append(f"events from {name!r}, labels from its column {label!r}")
    if run is not None:
        notes.append(f"runs from its column {run!r}, cut midway between their events")
    order = np.flatnonzero(~missing)[np.argsort(onset_s[~missing], kind="stable")]
    return Events(runs[order], onset_s[order], (end_s - onset_s)[order], labels[order])


def columns_of(table: Any) -> dict[str, list[Any]]:
    """Return the columns that have one value a row."""
    columns = {}
    for name in table.colnames:
        column = table[name]
        values = np.asarray(column.data[:])
        if values.ndim == 1 and len(values) == len(table):
            columns[name] = values.tolist()
    return columns


def label_columns(columns: dict[str, list[Any]]) -> list[str]:
    """Return the columns that may hold labels: of texts or whole numbers, two values or more, and not too many."""

    def may(values: list[Any]) -> bool:
        few = 2 <= len(set(texts(values))) <= min(MOST_CLASSES, len(values) // 2)
        return few and all(not isinstance(one, float) or one.is_integer() or np.isnan(one) for one in values)

    return [name for name, values in columns.items() if name not in NO_LABELS and may(values)]


def texts(values: list[Any]) -> list[str]:
    """Return values as labels: whole numbers without a point, and what is missing as ``n/a``.

    Examples
    --------
    >>> texts([b"left", 45.0, 0.5, float("nan"), True, ""])
    ['left', '45', '0.5', 'n/a', 'True', 'n/a']
    """

    def text(one: Any) -> str:
        if isinstance(one, float):
            return MISSING if np.isnan(one) else f"{one:.0f}" if one.is_integer() else repr(one)
        return (one.decode(errors="replace") if isinstance(one, bytes) else str(one)).strip() or MISSING

    return [text(one) for one in values]


def _seconds(path: Path, table: str, name: str, column: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array(column, np.float64)
    except (ValueError, TypeError):
        raise InputError(
            f"{path}: {name!r} of {table!r}: expected a column of seconds, got {column[0]!r}; name another"
        ) from None
