"""What the columns of a table of responses are, before any study says so: stimulus, class, sites, and others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import listed
from ..tables import is_number, read_table
from .response_table import FEW, stimuli_of, what_it_counts

STIMULUS = re.compile(r"(stim\w*|pic\w*|im(age|g)\w*|sound\w*|audio\w*|file\w*|name)", re.IGNORECASE)
CLASS = re.compile(r"(class|categor(y|ies)|label|kind|group|condition|type)(_?(name|id))?", re.IGNORECASE)
NUMBERED = re.compile(
    r"(stim\w*|pic\w*|image|sound|trial|rep\w*|presentation|run|session|block|day|date|subject|participant|animal|order|"
    r"index|number|row|onset|offset|duration|time)s?([ _.-]?(id|number|no|nr|index|order|s|ms))?",
    re.IGNORECASE,
)
"""Names of columns of numbers that say when and how often a stimulus was presented, and not how a site responded."""
SITE = re.compile(
    r"(unit|neuron|cell|site|channel|electrode|voxel|roi|region|area)s?([ _.-]?(id|name|number))?", re.IGNORECASE
)
"""Names of a column that says which site a row is of: such a table has a row for each site."""
FEWEST_PER_CLASS = 2
"""Stimuli, on average: where there are more classes, a column rather names the stimuli once more."""


class ResponseColumns(NamedTuple):
    """The columns that hold the stimulus and its class, those of sites, and why each of the others is no site."""

    stimulus: str
    label: str | None
    sites: list[str]
    left_out: dict[str, str]


def response_columns(path: Path, stimuli: Sequence[str]) -> ResponseColumns:
    """Find what the columns of a table of responses to these stimuli are.

    The stimulus is in the column that names the most of them; its class in a column that is the same in all rows of a
    stimulus and has few values, the one whose name says so first. All other columns of numbers are sites, but those
    that count, never vary, say the same in all repeats of each stimulus, or have entries that are no finite number.

    Raises
    ------
    RecordingError
        No column names the stimuli, or its names are not theirs; no column is a site; a table has a row for each site.
    """
    table = read_table(path)
    column = _stimulus_column(path, table, stimuli)
    of_row = stimuli_of(path, stimuli, table[column])
    others = {name: entries for name, entries in table.items() if name != column}
    label = _label_column({name: of for name, of in others.items() if _same_in_each(of, of_row)}, len(stimuli))
    sites, left_out = [], {}
    for name, entries in others.items():
        why = None if name == label else _why_no_site(name, entries, of_row)
        if why is not None:
            left_out[name] = why
        elif name != label:
            sites.append(name)
    of_site = [one for one in others if SITE.fullmatch(one) and not _same_in_each(others[one], of_row)]
    values = [one for one in sites if one not in of_site]
    if of_site and values:
        raise RecordingError(
            f"{path}: expected a column for each site, got a row for each, as {of_site[0]!r} tells; turn the table, in "
            f'pandas by table.pivot(index="{column}", columns="{of_site[0]}", values="{values[0]}").reset_index()'
        )
    if not sites:
        reasons = "; ".join(f"{name!r} {why}" for name, why in left_out.items())
        raise RecordingError(f"{path}: expected a column of numbers for each site, got none: {reasons or 'no other'}")
    return ResponseColumns(column, label, sites, left_out)


def _stimulus_column(path: Path, table: Mapping[str, list[str]], stimuli: Sequence[str]) -> str:
    names = {*stimuli, *(PurePath(name).stem for name in stimuli)}
    n_named = {column: len(names.intersection(entries)) for column, entries in table.items()}
    if not any(n_named.values()):
        first = {column: next(iter(entries), "") for column, entries in table.items()}
        raise RecordingError(
            f"{path}: expected a column that names the files of stimuli, such as {stimuli[0]!r} or "
            f"{PurePath(stimuli[0]).stem!r}, got "
            f"{listed([f'{column!r} with {entry!r}' for column, entry in first.items()], 5)}"
        )
    return max(table, key=lambda column: (n_named[column], STIMULUS.fullmatch(column) is not None))


def _label_column(constant: Mapping[str, list[str]], n_stimuli: int) -> str | None:
    """Of the columns that are the same in all rows of a stimulus the one that holds its class, if there is one."""
    may_be = {
        column: len(set(entries))
        for column, entries in constant.items()
        if 2 <= len(set(entries)) <= n_stimuli / FEWEST_PER_CLASS
        and (CLASS.fullmatch(column) or not any(map(is_number, entries)))
    }
    return min(may_be, key=lambda column: (CLASS.fullmatch(column) is None, may_be[column]), default=None)


def _why_no_site(name: str, entries: list[str], of_row: NDArray[np.intp]) -> str | None:
    """Why a column is no site; None where it may be one."""
    finite = [is_number(one) and np.isfinite(float(one)) for one in entries]
    if not name:
        return "has no name, as pandas writes for its row numbers"
    if not any(map(is_number, entries)):
        return "holds text"
    if not all(finite):
        line = finite.index(False)
        n_lost = f"{finite.count(False)} of {len(finite)} rows"
        return f"is no finite number in {n_lost}, such as {entries[line]!r} in line {line + 2}"
    values = np.array(entries, float)
    counts = what_it_counts(values, of_row)
    if counts is not None:
        return f"numbers the {counts}"
    if NUMBERED.fullmatch(name):
        return "is no response, by its name"
    if (values == values[0]).all():
        return "never varies"
    if len(of_row) - len(set(of_row)) >= FEW and _same_in_each(entries, of_row):
        return "is the same in all repeats of each stimulus"
    return None


def _same_in_each(entries: list[str], of_row: NDArray[np.intp]) -> bool:
    """Whether a column says the same in all rows of a stimulus."""
    return len(set(zip(of_row.tolist(), entries, strict=True))) == len(np.unique(of_row))
