"""NWB files, opened with pynwb, and what they hold by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ....errors import MissingExtraError, RecordingError
from ..damaged import reading

UNITS = "units"


@contextmanager
def opened_nwb(path: Path) -> Iterator[Any]:
    """Open a file to read; what pynwb raises while it is read becomes a RecordingError."""
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    try:
        from pynwb import NWBHDF5IO
    except ImportError as error:
        raise MissingExtraError("reading NWB needs pynwb; install hotwire[nwb]") from error
    opening: Any = NWBHDF5IO  # its arguments are known to pynwb alone
    with reading(path, "cannot be read as NWB"), closing(opening(path, "r", load_namespaces=True)) as io:
        # Files of earlier versions of the format are read as they are; pynwb tells at length what is new.
        with warnings.catch_warnings(action="ignore"):
            file = io.read()
        yield file


def series_of(file: Any) -> dict[str, Any]:
    """Return the series of electrodes, by name; two of one name have their place in the file before it."""
    from pynwb.ecephys import ElectricalSeries, SpikeEventSeries

    found = [one for one in file.objects.values() if isinstance(one, ElectricalSeries)]
    return _by_name([one for one in found if not isinstance(one, SpikeEventSeries)])


def other_series_of(file: Any) -> dict[str, Any]:
    """Return all other series in time, by name."""
    from pynwb import TimeSeries

    electrodes = {id(one) for one in series_of(file).values()}
    return _by_name([o for o in file.objects.values() if isinstance(o, TimeSeries) and id(o) not in electrodes])


def tables_of(file: Any) -> dict[str, Any]:
    """Return the tables of intervals, by name: trials, epochs and others."""
    tables = {"trials": file.trials, "epochs": file.epochs, **dict(file.intervals or {})}
    return {name: table for name, table in tables.items() if table is not None}


def _by_name(found: list[Any]) -> dict[str, Any]:
    names = [one.name for one in found]
    return {one.name if names.count(one.name) == 1 else _place(one): one for one in found}


def _place(one: Any) -> str:
    return one.name if one.parent is None or one.parent.parent is None else f"{_place(one.parent)}/{one.name}"
