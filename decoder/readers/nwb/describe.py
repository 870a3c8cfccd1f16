"""What an NWB file holds, and what of it a study would read to begin with."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ...recordings.events import MISSING
from .files import UNITS, opened_nwb, other_series_of, series_of, tables_of
from .intervals import columns_of, label_columns, texts
from .series import channel_names, clock_of
from .spikes import unit_names

MOST = 40
"""A column of a table that has more values than these is described by their number."""
BIN_MS = 50.0
RUN_COLUMN = re.compile(r"(run|block|session)([_ ]?(id|index|name|number|no|nr|num))?s?", re.IGNORECASE)
"""Names of columns that say in which run an event was, as laboratories call them."""


def describe_nwb(path: Path) -> dict[str, Any]:
    """Return units, series and tables of a file, as plain data; RecordingError where it cannot be read."""
    with opened_nwb(path) as file:
        units = None if file.units is None else unit_names(file.units)
        found: dict[str, Any] = {
            "description": str(file.session_description),
            "units": units if units is None or len(units) <= MOST else f"{len(units)} units",
            "series": {name: _series(path, one) for name, one in series_of(file).items()},
            "other_series": {name: type(one).__name__ for name, one in other_series_of(file).items()},
            "tables": {},
        }
        for name, table in tables_of(file).items():
            values = {column: sorted(set(texts(of))) for column, of in columns_of(table).items()}
            found["tables"][name] = {
                "n_rows": len(table),
                "columns": {column: of if len(of) <= MOST else f"{len(of)} values" for column, of in values.items()},
            }
        return {name: of for name, of in found.items() if of is not None and of != {}}


def _series(path: Path, series: Any) -> dict[str, Any]:
    clock, names = clock_of(path, series), channel_names(path, series)
    return {
        "shape": list(map(int, series.data.shape)),
        "rate_hz": clock.rate_hz,
        "seconds": round(float(np.sum(clock.stop - clock.first)) / clock.rate_hz, 3),
        "runs": len(clock.first),
        "channels": names if len(names) <= MOST else f"{len(names)} channels",
    }


def fields_to_begin_with(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a study's section, and a hint for each for which there are several: units before series."""
    with opened_nwb(path) as file:
        signals = [*([UNITS] if file.units is not None else []), *series_of(file)]
        tables = {name: columns_of(table) for name, table in tables_of(file).items()}
    fields: dict[str, Any] = {"path": str(path.resolve())}
    hints: dict[str, str] = {}

    def choose(name: str, there: list[str]) -> None:
        if there:
            fields[name] = there[0]
        if len(there) > 1:
            hints[name] = f"there are: {', '.join(there)}"

    choose("signal", signals)
    if signals[:1] == [UNITS]:
        fields["bin_ms"] = BIN_MS
    runs = {name: run_columns(columns) for name, columns in tables.items()}
    labels = {name: [one for one in label_columns(of) if one not in runs[name]] for name, of in tables.items()}
    choose("events", sorted((name for name, of in labels.items() if of), key=lambda name: name != "trials"))
    if "events" in fields:
        columns = tables[fields["events"]]
        of_texts = [name for name in labels[fields["events"]] if any(isinstance(one, str) for one in columns[name])]
        choose("label", [*of_texts, *(name for name in labels[fields["events"]] if name not in of_texts)])
        several = [one for one in runs[fields["events"]] if _differ_within(columns[fields["label"]], columns[one])]
        choose("run", several)
        if several:
            says = f"the column that says in which of {len(set(texts(columns[fields['run']])))} runs an event was"
            hints["run"] = "; ".join([says, *([hints["run"]] if "run" in hints else [])])
    return fields, hints


def run_columns(columns: dict[str, list[Any]]) -> list[str]:
    """Return the columns that are named as runs, and whose values are two or more that follow one another.

    Examples
    --------
    >>> run_columns({"block": [1, 1, 2, 2], "run": [1, 2, 1, 2], "session": ["a"] * 4, "side": [1, 1, 2, 2]})
    ['block']
    """

    def may(values: list[str]) -> bool:
        stretches = [name for name, _ in groupby(values)]
        return 2 <= len(stretches) == len(set(values)) <= len(values) // 2 and MISSING not in stretches

    return [name for name, values in columns.items() if RUN_COLUMN.fullmatch(name) and may(texts(values))]


def _differ_within(labels: list[Any], runs: list[Any]) -> bool:
    """Whether each run has events of two labels or more; a block of one condition is none."""
    return all(len({label for label, one in zip(labels, runs, strict=True) if one == run}) > 1 for run in set(runs))
