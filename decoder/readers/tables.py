"""Tables of events in text files: BIDS events, PyMVPA attributes, OpenfMRI onsets."""

from __future__ import annotations

import csv
import gzip
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RecordingError
from ...errors.printable import printable
from ..recordings.events import MISSING, Events
from .arrays.blocks import blocks

SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}


def read_text(path: str | PathLike[str]) -> str:
    """Return a file of UTF-8, with or without a byte order mark, perhaps packed (``.gz``); RecordingError if it is
    none.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RecordingError(f"{path}: expected a file packed by gzip, as its name says; it is none: {error}") from None
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path}: expected text in UTF-8, got the byte {error.object[error.start]:#04x} at position {error.start}; "
            "save the file as UTF-8"
        ) from None
    if "\0" in text:
        raise RecordingError(f"{path}: expected text in UTF-8, got bytes of zero; it is another kind of file")
    return text


def read_table(path: str | PathLike[str]) -> dict[str, list[str]]:
    """Return the columns of a table by name: fields are separated by commas in a ``.csv`` file, by tabs in others."""
    path = Path(path)
    lines = StringIO(read_text(path), newline="")
    by_tabs: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    by_commas = ".csv" in map(str.lower, path.suffixes[-2:])
    try:
        rows = [row for row in csv.reader(lines, **({} if by_commas else by_tabs)) if row]
    except csv.Error as error:
        raise RecordingError(f"{path}: not a table: {error}") from error
    if not rows:
        raise RecordingError(f"{path}: expected a header line, got an empty file")
    header = [name.strip() for name in rows[0]]
    others = [name for mark, name in SEPARATORS.items() if len(header) == 1 and mark in header[0]]
    if others:
        expected = "commas between the fields of a .csv file" if by_commas else "tabs between the fields"
        raise RecordingError(
            f"{path}: expected {expected}, got {others[0]}; save it with {'commas' if by_commas else 'tabs'}"
            + (" or name it .csv" if others[0] == "commas" else " or name it .tsv" if others[0] == "tabs" else "")
            + (", and numbers with points" if others[0] == "semicolons" else "")
        )
    twice = [name for i, name in enumerate(header) if name in header[:i]]
    if twice:
        raise RecordingError(f"{path}: expected columns of different names, got {twice[0]!r} twice; rename one")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise RecordingError(
                f"{path}, line {number}: expected {len(header)} fields as in the header, got {len(row)}"
            )
    return {name: [row[i].strip() for row in rows[1:]] for i, name in enumerate(header)}


def numbers(path: str | PathLike[str], name: str, column: list[str]) -> NDArray[np.float64]:
    """Return a column's entries as numbers; RecordingError where one is no number."""
    values = np.empty(len(column))
    for i, entry in enumerate(column):
        try:
            values[i] = float(entry)
        except ValueError:
            raise RecordingError(
                f"{path}, line {i + 2}: expected a number in the column {name!r}, got {entry!r}; correct "
                "the file or take the line out"
            ) from None
    return values


def is_number(entry: str) -> bool:
    """Whether an entry can be read as a number."""
    try:
        float(entry)
    except ValueError:
        return False
    return True


def warn_if_shared(paths: Sequence[Path]) -> None:
    """Warn where several runs have their events from one table, which BIDS allows and a forgotten table looks like."""
    for path, n in Counter(paths).items():
        if n > 1:
            warnings.warn(
                f"{printable(str(path))}: {n} runs have their events from this one table, with the same onsets and "
                "labels; give each run a table of its own, unless that is how it was",
                stacklevel=3,
            )


def read_events(
    path: str | PathLike[str], run: int | str, label: str = "trial_type", *, missing_duration_s: float | None = None
) -> Events:
    """Read the events of one run from a BIDS ``_events.tsv``.

    Parameters
    ----------
    path : path
    run : int or str
        The run's name.
    label : str
        The column that holds the label. An entry ``n/a`` stays as it is.
    missing_duration_s : float, optional
        The duration of events for which the table says ``n/a``. Default: they are an error.

    Raises
    ------
    RecordingError
        A column is missing; an onset or a duration is no number (``n/a`` included).
    """
    table = read_table(path)
    for name in ("onset", "duration", label):
        if name not in table:
            hint = f"; name the one that holds the label: label = {list(table)[-1]!r}" if name == label else ""
            raise RecordingError(f"{path}: expected a column {name!r}, got the columns {', '.join(table)}{hint}")
    stimulus = None
    if "stim_file" in table:
        stimulus = np.array(["" if entry == MISSING else entry for entry in table["stim_file"]], dtype=np.str_)
    n = len(table["onset"])
    duration = table["duration"]
    if missing_duration_s is not None:
        duration = [str(missing_duration_s) if entry == MISSING else entry for entry in duration]
    elif MISSING in duration:
        raise RecordingError(
            f"{path}, line {duration.index(MISSING) + 2}: expected a number in the column 'duration', got {MISSING!r}; "
            "say how long such events are taken to be: missing_duration_s = 0.0"
        )
    return Events(
        run=np.repeat(np.asarray(run), n),
        onset_s=numbers(path, "onset", table["onset"]),
        duration_s=numbers(path, "duration", duration),
        label=np.array(table[label], dtype=np.str_),
        stimulus=stimulus,
    )


def read_attributes(path: str | PathLike[str], tr_s: float, rest: str = "rest") -> tuple[NDArray, Events]:
    """Read PyMVPA's attributes: one line ``label run`` for each volume.

    A block is a stretch of volumes of one label within one run; rest makes no events.

    Parameters
    ----------
    path : path
    tr_s : float
        Seconds from one volume to the next.
    rest : str
        The label of volumes without stimulus.

    Returns
    -------
    run : array (n_samples,)
        The run of each volume; integers where all of them are.
    events : Events
        One per block.

    Raises
    ------
    RecordingError
        The file is missing, or a line is not made of a label and a run.
    """
    path = Path(path)
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    for number, fields in enumerate(lines, start=1):
        if len(fields) != 2:
            raise RecordingError(f"{path}, line {number}: expected a label and a run, got {' '.join(fields)!r}")
    label = np.array([fields[0] for fields in lines], dtype=np.str_)
    run = np.array([fields[1] for fields in lines], dtype=np.str_)
    if all(name.isdecimal() for name in run):
        run = run.astype(np.int64)
    events = blocks(label, run, tr_s)
    return run, events.take(events.label != rest)


def read_onsets(folder: Path, conditions: dict[str, str], run: int | str) -> Events:
    """Read OpenfMRI's onset files ``cond00N.txt`` (onset, duration, weight) of one run, sorted by onset."""
    found: list[tuple[float, float, str]] = []
    for stem, label in conditions.items():
        path = folder / f"{stem}.txt"
        if not path.is_file():
            raise RecordingError(f"{path}: there is no such file; the folder holds {listing(folder)}")
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            try:
                onset, duration = map(float, line.split()[:2])
            except ValueError:
                raise RecordingError(f"{path}, line {number}: expected onset and duration, got {line!r}") from None
            found.append((onset, duration, label))
    found.sort()
    return Events(
        run=np.repeat(np.asarray(run), len(found)),
        onset_s=np.array([onset for onset, _, _ in found]),
        duration_s=np.array([duration for _, duration, _ in found]),
        label=np.array([label for _, _, label in found], dtype=np.str_),
    )


def listing(folder: Path, most: int = 20) -> str:
    if not folder.is_dir():
        return f"nothing: there is no folder {folder}"
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "nothing") + more
