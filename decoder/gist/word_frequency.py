"""How usual a word is: how often it stands in a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..readers.tables import read_table

LEAST_KNOWN = 0.5
"""Of the words of a text that is read, so many have to stand in the corpus."""


class Corpus:
    """How often each word stands in a table with a column ``word``, a row for each time that it was said or written.

    Capitals, and what is not a letter at a word's ends, do not count.

    Raises
    ------
    InputError
        The table has no column ``word``, or no words.
    """

    def __init__(self, path: Path) -> None:
        table = read_table(path)
        if "word" not in table:
            raise InputError(f"{path}: expected a column 'word', got: {', '.join(table)}")
        self.source, self.times = path.name, Counter(map(plain, table["word"]))
        self.n_words = self.times.total()
        if not self.n_words:
            raise InputError(f"{path}: expected words, got none")

    def log_frequency(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The logarithm of how often each word stands there (n_words,), plus one so that new words have one.

        Raises InputError where the corpus holds so few of the words that it is of another language.
        """
        times = np.array([self.times[plain(word)] for word in words])
        if (times > 0).mean() < LEAST_KNOWN:
            raise InputError(
                f"{self.source}: expected most words of the text in the corpus, got {(times > 0).sum()} of "
                f"{len(words)}; is it of another language?"
            )
        return np.log(times + 1.0)


def plain(word: str) -> str:
    """A word in lower case, without what stands at its ends.

    Examples
    --------
    >>> plain("England,"), plain("don't"), plain("--")
    ('england', "don't", '')
    """
    letters = [i for i, letter in enumerate(word) if letter.isalnum()]
    return word[letters[0] : letters[-1] + 1].lower() if letters else ""
