"""What an NWB file holds, and what of it a study would read to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .files import UNITS, opened_nwb, other_series_of, series_of, tables_of
from .intervals import columns_of, label_columns, texts
from .series import channel_names, clock_of
from .spikes import unit_names

MOST = 40
"""A column of a table that has more values than these is described by their number."""
BIN_MS = 50.0


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
    labels = {name: label_columns(columns) for name, columns in tables.items()}
    choose("events", sorted((name for name, of in labels.items() if of), key=lambda name: name != "trials"))
    if "events" in fields:
        columns = tables[fields["events"]]
        of_texts = [name for name in labels[fields["events"]] if any(isinstance(one, str) for one in columns[name])]
        choose("label", [*of_texts, *(name for name in labels[fields["events"]] if name not in of_texts)])
    return fields, hints
