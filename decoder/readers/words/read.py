"""Words and their times, from a TextGrid, a table, or BIDS events."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from ....errors import RecordingError
from ...recordings.timed_words import TimedWords
from ..tables import MISSING, numbers, read_table, read_text
from .textgrid import is_textgrid, words_of_textgrid

ANNEX = ".git/annex/objects"
POINTERS = {"/annex/objects/": "git annex get", "version https://git-lfs": "git lfs pull"}
"""How a file begins that only stands for another, and how that is fetched."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_words(
    path: str | PathLike[str], *, tier: str | None = None, column: str = "word", starts_s: float = 0.0
) -> TimedWords:
    """Read the words of one run, with their times.

    Parameters
    ----------
    path : path
        A Praat TextGrid, in the long or the short form; a table (``.csv``, or separated by tabs) with the columns
        ``word``, ``onset_s`` and ``offset_s``; or a BIDS ``_events.tsv``, with ``onset`` and ``duration``.
    tier : str, optional
        The TextGrid's tier. Default: the only tier of intervals, or the one named ``word`` or ``words``.
    column : str
        The table's column that holds the words. Rows that are blank or ``n/a`` there are no words.
    starts_s : float
        When time 0 of the file is, in seconds since the run's first sample.

    Returns
    -------
    TimedWords
        Pauses, breath, laughter and noise, as aligners mark them in TextGrids, are left out.

    Raises
    ------
    RecordingError
        The file is missing, empty, a pointer of git-annex or Git LFS, or holds no words; or the words overlap or are
        out of order, see `TimedWords`.
    UnknownNameError
        There is no such tier.
    """
    path = Path(path)
    text = _text_of(path)
    if is_textgrid(text):
        found = words_of_textgrid(text, path, tier)
        word, onset_s = [one.text.strip() for one in found], [one.start_s for one in found]
        offset_s = [one.stop_s for one in found]
    elif path.suffix.lower() == ".textgrid":
        raise RecordingError(f'{path}: expected a TextGrid, which begins with File type = "ooTextFile"; it is none')
    else:
        word, onset_s, offset_s, _ = _of_table(path, column)
    return TimedWords(
        np.array(word, np.str_), starts_s + np.array(onset_s), starts_s + np.array(offset_s), source=str(path)
    )


def _text_of(path: Path) -> str:
    if path.is_symlink() and not path.exists() and ANNEX in str(path.readlink()):
        raise RecordingError(f"{path}: only git-annex's link to the file is here; run git annex get {path}")
    text = _utf_16(path) or read_text(path)
    if not text.strip():
        raise RecordingError(f"{path}: expected words with their times, got an empty file")
    for pointer, command in POINTERS.items():
        if text.startswith(pointer):
            raise RecordingError(
                f"{path}: expected words with their times, got a pointer to a file that is not here; run "
                f"{command} in its folder"
            )
    return text


def _utf_16(path: Path) -> str | None:
    """The text of a file that begins as Praat's files in UTF-16 do; None of any other."""
    content = path.read_bytes() if path.is_file() else b""
    if not content.startswith(UTF_16):
        return None
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path}: expected text in UTF-16, as the file begins, got something else: {error}"
        ) from None


def read_words_by_run(
    path: str | PathLike[str], run: str, *, column: str = "word", starts_s: float = 0.0
) -> dict[str, TimedWords]:
    """Read the words of several runs from one table, in which the column `run` names the run.

    The other parameters and errors are those of `read_words`; the table may be packed (``.tsv.gz``).
    """
    path = Path(path)
    _text_of(path)  # raises where it is no table at all
    table = read_table(path)
    if run not in table:
        raise RecordingError(f"{path}: expected a column {run!r} that names the run, got: {', '.join(table)}")
    words, onsets, offsets, rows = _of_table(path, column)
    runs = np.array([table[run][row] for row in rows])
    found = {}
    for name in dict.fromkeys(runs.tolist()):
        of = runs == name
        found[name] = TimedWords(
            np.array(words)[of],
            starts_s + np.array(onsets)[of],
            starts_s + np.array(offsets)[of],
            source=f"{path}, run {name}",
        )
    return found


def _of_table(path: Path, column: str) -> tuple[list[str], list[float], list[float], list[int]]:
    """The words, their onsets and offsets, and the rows that they are from."""
    table = read_table(path)
    onset = next((name for name in ("onset_s", "onset") if name in table), None)
    end = next((name for name in ("offset_s", "duration") if name in table), None)
    if column not in table or onset is None or end is None:
        others = [name for name in table if name not in (onset, end)]
        hint = f"name that of the words: column = {others[-1]!r}" if column not in table else ""
        if onset is None or end is None:
            hint = "rename the columns of times" + f", and that of {column!r}" * (column not in table)
        if len(table) == 1:
            hint = "separate them by tabs, or by commas in a .csv"
        raise RecordingError(
            f"{path}: expected the columns {column!r}, 'onset_s' and 'offset_s' (or 'onset' and 'duration', as BIDS "
            f"events have), got: {', '.join(table)}; {hint}"
        )
    onsets, ends = numbers(path, onset, table[onset]), numbers(path, end, table[end])
    offsets = onsets + ends if end == "duration" else ends
    rows = [i for i, word in enumerate(table[column]) if word not in ("", MISSING)]
    return [table[column][i] for i in rows], onsets[rows].tolist(), offsets[rows].tolist(), rows
