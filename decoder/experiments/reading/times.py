"""Reading times from a table: a row for each word, in the order of the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ...readers.tables import numbers, read_table

LEAST_STORIES = 3
LEAST_WORDS = 20


@dataclass(frozen=True, eq=False)
class ReadingTimes:
    """The words of stories, and how long each was read.

    Attributes
    ----------
    word : list of str
        As written, with capitals and punctuation.
    time_ms : array (n_words,)
    story : array (n_words,) of str
        Words of a story follow one another.
    source : str
    """

    word: list[str]
    time_ms: NDArray[np.float64]
    story: NDArray[np.str_]
    source: str

    @property
    def stories(self) -> list[str]:
        """The names of the stories in the order of the table."""
        return list(dict.fromkeys(self.story.tolist()))

    @property
    def place(self) -> NDArray[np.intp]:
        """The number of each word in its story, from 1."""
        return np.concatenate([1 + np.arange(np.count_nonzero(self.story == one)) for one in self.stories])


def read_times(path: Path, time: str, story: str, word: str = "word") -> ReadingTimes:
    """Read a table of reading times, ``.csv`` or separated by tabs.

    Parameters
    ----------
    path : path
    time : str
        The column of the times, in milliseconds, of one reader or the mean of several.
    story : str
        The column of the story; whole stories are held out.
    word : str
        The column of the words.

    Raises
    ------
    InputError
        A column is missing, a time is no number above 0, a word is blank, a story goes on after another one, is short,
        or there are few.
    """
    table = read_table(path)
    for field, column in (("time", time), ("story", story), ("word", word)):
        if column not in table:
            raise InputError(f"{field}: expected one of the table's columns, {', '.join(table)}, got {column!r}")
    times, words, stories = numbers(path, time, table[time]), table[word], np.array(table[story])
    wrong = np.flatnonzero(~(np.isfinite(times) & (times > 0)))
    if wrong.size:
        row = wrong[0]
        raise InputError(
            f"time: expected milliseconds above 0 for each word, got {times[row]} for word {row + 1} ({words[row]!r}); "
            f"{wrong.size} of {len(times)} are wrong"
        )
    blank = [i for i, one in enumerate(words) if not one.strip()]
    if blank:
        raise InputError(f"word: expected a word in each row, got a blank one in row {blank[0] + 1}")
    starts = [0, *(1 + np.flatnonzero(stories[1:] != stories[:-1])).tolist()]
    names = [str(stories[start]) for start in starts]
    if len(set(names)) < len(names):
        again = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"story: expected the words of each story together, got {again!r} again after another one")
    lengths = np.diff([*starts, len(stories)])
    if len(names) < LEAST_STORIES or lengths.min() < LEAST_WORDS:
        raise InputError(
            f"story: expected {LEAST_STORIES} stories or more, as whole ones are held out, of {LEAST_WORDS} words or "
            f"more, got {len(names)} of {lengths.min()} words and more"
        )
    return ReadingTimes(list(words), times, stories, str(path))
