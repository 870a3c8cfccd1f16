"""Responses in a table: a row for each stimulus, a column for each site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import listed
from ..tables import numbers, read_table


class ResponseTable(NamedTuple):
    """Responses (n_stimuli, n_sites) in the order of the stimuli, names of sites, and each stimulus's class, if any."""

    responses: NDArray[np.float64]
    sites: tuple[str, ...]
    labels: list[str] | None


def read_response_table(path: Path, stimuli: Sequence[str], *, stimulus: str, label: str | None) -> ResponseTable:
    """Read a table of responses to these stimuli, see `hotwire.decoder.readers.spikes.responses.read_responses`."""
    table = read_table(path)
    for field, column in (("stimulus", stimulus), ("label", label)):
        if column is not None and column not in table:
            raise RecordingError(
                f"{path}: expected a column {column!r}, got the columns {', '.join(table)}; name the one that holds "
                f"it: {field} = {next(iter(table))!r}"
            )
    order = _rows_of(path, stimuli, table[stimulus])
    sites = tuple(name for name in table if name not in (stimulus, label))
    if not sites:
        raise RecordingError(f"{path}: expected a column for each site beside {stimulus!r}, got none")
    responses = np.stack([_responses(path, name, table[name]) for name in sites], axis=1)
    return ResponseTable(responses[order], sites, None if label is None else [table[label][row] for row in order])


def _rows_of(path: Path, stimuli: Sequence[str], names: list[str]) -> NDArray[np.intp]:
    """The row of each stimulus; names in the table may lack the files' ending."""
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        lines = [i + 2 for i, name in enumerate(names) if name == twice[0]]
        raise RecordingError(
            f"{path}: expected each stimulus in one row, got {twice[0]!r} in lines {listed(lines)}; average its "
            "responses, or correct the names"
        )
    of_stem = {stem: n for stem, n in Counter(PurePath(name).stem for name in stimuli).items()}
    rows, row_of = [], {name: i for i, name in enumerate(names)}
    for name in stimuli:
        stem = PurePath(name).stem
        found = [row_of[one] for one in dict.fromkeys((name, stem)) if one in row_of]
        if (stem in row_of and of_stem[stem] > 1) or len(found) > 1:
            raise RecordingError(
                f"{path}: {stem!r} is the name of several stimuli; write each with its ending, such as {name!r}"
            )
        rows += found or [-1]
    absent = [name for name, row in zip(stimuli, rows, strict=True) if row < 0]
    unknown = [name for i, name in enumerate(names) if i not in set(rows)]
    if absent or unknown:
        parts = [
            *([f"no row for {listed(absent, 3)} ({len(absent)} of {len(stimuli)} stimuli)"] if absent else []),
            *([f"no stimulus {listed(unknown, 3)} ({len(unknown)} of {len(names)} rows)"] if unknown else []),
        ]
        raise RecordingError(f"{path}: expected a row for each file of stimuli, got {' and '.join(parts)}")
    return np.array(rows, np.intp)


def _responses(path: Path, name: str, column: list[str]) -> NDArray[np.float64]:
    if not any(map(_is_number, column)):
        raise RecordingError(
            f"{path}: expected numbers in the column {name!r}, as in that of any site, got {column[0]!r}; if it holds "
            f"the class of each stimulus, write label = {name!r}, else take it out"
        )
    values = numbers(path, name, column)
    if not np.isfinite(values).all():
        line = int(np.argmin(np.isfinite(values)))
        raise RecordingError(
            f"{path}, line {line + 2}: expected a finite number in the column {name!r}, got {column[line]!r}; take the "
            "stimulus out, or the site"
        )
    return values


def _is_number(entry: str) -> bool:
    try:
        float(entry)
    except ValueError:
        return False
    return True
