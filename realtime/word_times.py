"""When words are said during a live stream: as the recording tells, from markers, or evenly."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..decoder.gist.word_rate import Word, WordClock, WordRate
from ..errors import InputError
from .sources.source import Marker

LATE_S = 1.0
"""A marker of a word may come so much later than the sample with its stamp."""


def word_at(onset_s: float, duration_s: float) -> Word:
    """The word that begins then; its time is rounded to a microsecond, as stamps come with noise below that.

    Examples
    --------
    >>> word_at(1.0000000001, 0.5)
    Word(middle_s=1.25, duration_s=0.5)
    """
    return Word(round(onset_s + duration_s / 2, 6), round(duration_s, 6))


class WordTimes(Protocol):
    """Tells words' times as the stream goes on."""

    n_refused: int
    """Markers that came too late, or stand for no time."""

    def take(self, markers: Iterable[tuple[Marker, float]]) -> None:
        """Take markers, each with its time in seconds since the first sample."""
        ...

    def until(self, newest_s: float, sample: NDArray[np.float32]) -> tuple[list[Word], float]:
        """The next words, now that a sample (n_voxels,) with this stamp has come, and until when all words are known.

        One that was lost is NaN.
        """
        ...

    def rest(self) -> list[Word]:
        """The words that are left when the stream has ended."""
        ...


class WordsByRate:
    """Words as often as the recording tells, see `hotwire.decoder.gist.word_rate`."""

    def __init__(self, rate: WordRate) -> None:
        self.n_refused = 0
        self._clock = WordClock(rate)

    def take(self, markers: Iterable[tuple[Marker, float]]) -> None:
        """Markers do not count."""

    def until(self, newest_s: float, sample: NDArray[np.float32]) -> tuple[list[Word], float]:
        return self._clock.push(sample.astype(np.float64)), self._clock.until_s

    def rest(self) -> list[Word]:
        return self._clock.finish()


class EvenWords:
    """Words at an even rate, whatever the recording tells.

    Parameters
    ----------
    words_per_s : float
    ahead_s : float
        They are known so much ahead of the samples.

    Examples
    --------
    >>> EvenWords(2.0, ahead_s=0.0).until(1.0, np.zeros(1, np.float32))
    ([Word(middle_s=0.25, duration_s=0.5), Word(middle_s=0.75, duration_s=0.5)], 1.0)
    """

    def __init__(self, words_per_s: float, ahead_s: float) -> None:
        if not (isfinite(words_per_s) and words_per_s > 0):
            raise InputError(f"words_per_s: expected a number above 0, such as 2.5, got {words_per_s}")
        self.n_refused = 0
        self._words_per_s, self._ahead_s, self._n = words_per_s, ahead_s, 0

    def take(self, markers: Iterable[tuple[Marker, float]]) -> None:
        """Markers do not count."""

    def until(self, newest_s: float, sample: NDArray[np.float32]) -> tuple[list[Word], float]:
        until_s, words = newest_s + self._ahead_s, []
        while (middle_s := (self._n + 0.5) / self._words_per_s) <= until_s:
            words.append(Word(middle_s, 1.0 / self._words_per_s))
            self._n += 1
        return words, until_s

    def rest(self) -> list[Word]:
        return []


class MarkedWords:
    """Words where markers say so: each begins at its marker, and lasts as long as that says.

    Parameters
    ----------
    duration_s : float
        Of a word whose marker does not say.

    Examples
    --------
    >>> words = MarkedWords(0.2)
    >>> words.take([(Marker("the", 7.0, None, 7.1), 1.0)])
    >>> [words.until(newest_s, np.zeros(1, np.float32)) for newest_s in (2.0, 3.0)]
    [([], 1.0), ([Word(middle_s=1.1, duration_s=0.2)], 2.0)]
    """

    def __init__(self, duration_s: float) -> None:
        self.n_refused = 0
        self._duration_s = duration_s
        self._waiting: list[Word] = []
        self._until_s = -float("inf")

    def take(self, markers: Iterable[tuple[Marker, float]]) -> None:
        for marker, at_s in markers:
            duration_s = self._duration_s if marker.duration_s is None else marker.duration_s
            word = word_at(at_s, duration_s)
            if isfinite(word.middle_s) and word.middle_s >= max(self._until_s, 0.0):
                self._waiting.append(word)
            else:
                self.n_refused += 1
        self._waiting.sort()

    def until(self, newest_s: float, sample: NDArray[np.float32]) -> tuple[list[Word], float]:
        self._until_s = max(self._until_s, newest_s - LATE_S)
        words = [word for word in self._waiting if word.middle_s <= self._until_s]
        self._waiting = self._waiting[len(words) :]
        return words, self._until_s

    def rest(self) -> list[Word]:
        words, self._waiting = self._waiting, []
        return words
