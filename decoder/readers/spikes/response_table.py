"""Responses in a table: a row for each stimulus, or for each of its repeats, and a column for each site."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ....errors.printable import printable
from ...recordings.events import listed
from ...recordings.patterns import matches
from ..tables import is_number, numbers, read_table
from .excluded import not_excluded

FEW = 10
"""Fewer numbers than these can be counts, or copies, by chance."""


class ResponseTable(NamedTuple):
    """Responses (n_rows, n_sites), the stimulus of each row (n_rows,), names of sites, and each stimulus's class.

    Rows are in the order of the stimuli, and the repeats of one in that of the file.
    """

    responses: NDArray[np.float64]
    stimulus: NDArray[np.intp]
    sites: tuple[str, ...]
    labels: list[str] | None

    def averages(self) -> NDArray[np.float64]:
        """The mean over the repeats of each stimulus, (n_stimuli, n_sites)."""
        first = np.searchsorted(self.stimulus, np.arange(self.stimulus[-1] + 1))
        return np.add.reduceat(self.responses, first) / np.bincount(self.stimulus)[:, None]


def read_response_table(
    path: Path,
    stimuli: Sequence[str],
    *,
    stimulus: str,
    label: str | None,
    sites: Sequence[str] | None,
    exclude: Sequence[str],
) -> ResponseTable:
    """Read a table of responses to these stimuli, see `hotwire.decoder.readers.spikes.responses.read_responses`."""
    table = read_table(path)
    for field, column in (("stimulus", stimulus), ("label", label)):
        if column is not None and column not in table:
            raise RecordingError(
                f"{path}: expected a column {column!r}, got the columns {', '.join(table)}; name the one that holds "
                f"it: {field} = {next(iter(table))!r}"
            )
    of_row = stimuli_of(path, stimuli, table[stimulus])
    others = [name for name in table if name not in (stimulus, label)]
    names = _sites(path, [others[i] for i in not_excluded(exclude, others, f"column of {path}")], sites)
    responses = np.stack([_responses(path, name, table[name]) for name in names], axis=1)
    if sites is None:
        _check_no_counts(path, names, responses, of_row)
    order = np.argsort(of_row, kind="stable")
    labels = None if label is None else _labels(path, label, table[label], of_row, stimuli)
    found = ResponseTable(responses[order], of_row[order], tuple(names), labels)
    _check_repeats(path, found, stimuli)
    return found


def stimuli_of(path: Path, stimuli: Sequence[str], names: list[str]) -> NDArray[np.intp]:
    """The position of each row's stimulus; names in the table may lack the files' ending."""
    there, stems = set(names), [PurePath(name).stem for name in stimuli]
    of_stem = Counter(stems)
    for name, stem in zip(stimuli, stems, strict=True):
        if stem in there and (of_stem[stem] > 1 or (stem != name and name in there)):
            raise RecordingError(
                f"{path}: {stem!r} is the name of several stimuli; write each with its ending, such as {name!r}"
            )
    position = {stem: i for i, stem in enumerate(stems)} | {name: i for i, name in enumerate(stimuli)}
    absent = [name for name, stem in zip(stimuli, stems, strict=True) if not {name, stem} & there]
    unknown = [name for name in dict.fromkeys(names) if name not in position]
    if absent or unknown:
        parts = [
            *([f"no row for {listed(absent, 3)} ({len(absent)} of {len(stimuli)} stimuli)"] if absent else []),
            *([f"no stimulus {listed(unknown, 3)} ({len(unknown)} of {len(there)} names)"] if unknown else []),
        ]
        raise RecordingError(
            f"{path}: expected rows for each file of stimuli, and no others, got {' and '.join(parts)}; correct the "
            "names, or take out what the other lacks"
        )
    return np.array([position[name] for name in names], np.intp)


def _sites(path: Path, columns: list[str], sites: Sequence[str] | None) -> list[str]:
    """The columns that are sites: those that were named, or fit a pattern; else all."""
    if sites is not None:
        chosen = np.zeros(len(columns), bool)
        for pattern in sites:
            fit = matches(pattern, columns)
            if not fit.any():
                raise UnknownNameError(f"column of {path}", pattern, columns)
            chosen |= fit
        return [name for name, one in zip(columns, chosen, strict=True) if one]
    if not columns:
        raise RecordingError(f"{path}: expected a column for each site beside that of the stimuli, got none")
    if "" in columns:
        raise RecordingError(
            f"{path}: expected a name for each column, got one without, as pandas writes for its row numbers; save the "
            'table with to_csv(..., index=False), or write exclude = [""]'
        )
    return columns


def _responses(path: Path, name: str, column: list[str]) -> NDArray[np.float64]:
    if not any(map(is_number, column)):
        raise RecordingError(
            f"{path}: expected numbers in the column {name!r}, as in that of any site, got {column[0]!r}; if it holds "
            f"the class of each stimulus, write label = {name!r}, if something else, exclude = [{name!r}]. A table "
            "with a row for each site has to be turned into one with a column for each"
        )
    values = numbers(path, name, column)
    if not np.isfinite(values).all():
        line = int(np.argmin(np.isfinite(values)))
        raise RecordingError(
            f"{path}, line {line + 2}: expected a finite number in the column {name!r}, got {column[line]!r}; take the "
            f"row out, or the site: exclude = [{name!r}]"
        )
    return values


def what_it_counts(values: NDArray, of_row: NDArray[np.intp]) -> str | None:
    """What a column (n_rows,) numbers, one after the other, where it does: the rows, or each stimulus's repeats.

    Examples
    --------
    >>> what_it_counts(np.arange(3.0, 15), np.arange(12))
    'rows'
    >>> what_it_counts(np.repeat([1, 2, 3], 4), np.tile(np.arange(4), 3))
    'repeats of each stimulus'
    >>> what_it_counts(np.arange(12) ** 2, np.arange(12))
    """
    n_repeats = np.bincount(of_row)
    in_each = np.arange(len(of_row)) - np.repeat(np.cumsum(n_repeats) - n_repeats, n_repeats)
    for what, ordered, count in (
        ("rows", np.sort(values), np.arange(len(values))),
        ("repeats of each stimulus", values[np.lexsort((values, of_row))], in_each),
    ):
        if count.any() and len(values) >= FEW and np.array_equal(ordered - ordered[0], count):
            return what
    return None


def _check_no_counts(path: Path, names: Sequence[str], responses: NDArray, of_row: NDArray[np.intp]) -> None:
    """Raise where a column numbers the rows, or the repeats of each stimulus: it is no site."""
    for name, values in zip(names, responses.T, strict=True):
        what = what_it_counts(values, of_row)
        if what is not None:
            raise RecordingError(
                f"{path}: expected a site in each column, but {name!r} numbers the {what}; take it out, or write "
                f"exclude = [{name!r}]"
            )


def _check_repeats(path: Path, table: ResponseTable, stimuli: Sequence[str]) -> None:
    """Raise where all repeats are copies, which would count as free of noise; warn where few stimuli have any."""
    again = np.flatnonzero(np.diff(table.stimulus) == 0)
    copies = np.array_equal(table.responses[again], table.responses[again + 1])
    if copies and table.responses[again].size >= FEW:
        raise RecordingError(
            f"{path}: expected single responses where a stimulus is in several rows, got copies, the same in every "
            "site; leave one row for each stimulus"
        )
    n_repeats = np.bincount(table.stimulus)
    several = np.flatnonzero(n_repeats > 1)
    if 0 < len(several) < len(stimuli):
        names = listed([printable(stimuli[i]) for i in several.tolist()], 3)
        warnings.warn(
            f"{printable(str(path))}: {len(several)} of the {len(stimuli)} stimuli ({names}) are in several rows, "
            "which are taken for repeats",
            stacklevel=4,
        )


def _labels(path: Path, column: str, labels: list[str], of_row: NDArray[np.intp], stimuli: Sequence[str]) -> list[str]:
    """The class of each stimulus, which is the same in all of its rows."""
    found: dict[int, str] = {}
    for line, (row, label) in enumerate(zip(of_row.tolist(), labels, strict=True), start=2):
        if found.setdefault(row, label) != label:
            raise RecordingError(
                f"{path}, line {line}: expected one class for {stimuli[row]}, got {label!r} after {found[row]!r} in "
                f"the column {column!r}. If it names sites, turn the table into one with a column for each site"
            )
    return [found[i] for i in range(len(stimuli))]
