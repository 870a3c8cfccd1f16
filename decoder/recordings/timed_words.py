"""Words in time: what was said during a run, and when, in seconds since its first sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NonFiniteError, RecordingError, ShapeError
from .events import Events, listed, set_field
from .recording import Recording

MAX_OVERLAP_S = 0.25
"""Automatic alignment lets neighbours overlap by a little; more than this is a fault of the file."""


@dataclass(frozen=True, eq=False, repr=False)
class TimedWords:
    """The words of one run in the order in which they were said.

    Attributes
    ----------
    word : array (n_words,) of str
    onset_s, offset_s : array (n_words,)
        Seconds since the first sample of the run.
    source : str
        Where they are from.

    Raises
    ------
    ShapeError
        The arrays differ in length.
    NonFiniteError
        A time is not a finite number.
    RecordingError
        There is no word, one is blank, ends before it begins, comes before the word in front of it, or overlaps it by
        more than a quarter of a second.

    Examples
    --------
    >>> TimedWords(["the", "rabbit"], [0.0, 0.2], [0.2, 0.7])
    <TimedWords: 2 words from 0 to 0.7 s, from memory>
    """

    word: NDArray[np.str_]
    onset_s: NDArray[np.float64]
    offset_s: NDArray[np.float64]
    source: str = "memory"

    def __post_init__(self) -> None:
        set_field(self, "word", np.asarray(self.word, dtype=np.str_))
        for name in ("onset_s", "offset_s"):
            set_field(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        lengths = {name: getattr(self, name).shape for name in ("word", "onset_s", "offset_s")}
        if len(set(lengths.values())) != 1 or self.word.ndim != 1:
            raise ShapeError(f"words: expected one word, onset_s and offset_s each, got the shapes {lengths}")
        if not len(self.word):
            raise RecordingError(f"{self.source}: expected words with their times, got none")
        self._check_each()
        self._check_order()

    def __len__(self) -> int:
        return len(self.word)

    def __repr__(self) -> str:
        return (
            f"<TimedWords: {len(self)} words from {self.onset_s[0]:g} to {self.offset_s.max():g} s, from {self.source}>"
        )

    @property
    def duration_s(self) -> NDArray[np.float64]:
        """How long each word lasts, (n_words,)."""
        return self.offset_s - self.onset_s

    @property
    def middle_s(self) -> NDArray[np.float64]:
        """The middle of each word, (n_words,); where words overlap, never before that of an earlier word."""
        return np.maximum.accumulate((self.onset_s + self.offset_s) / 2)

    def _check_each(self) -> None:
        for name in ("onset_s", "offset_s"):
            bad = np.flatnonzero(~np.isfinite(getattr(self, name)))
            if bad.size:
                value = getattr(self, name)[bad[0]]
                raise NonFiniteError(f"{self.source}: {name}: expected finite seconds, got {value} for {self._at(bad)}")
        bad = np.flatnonzero(np.char.strip(self.word) == "")
        if bad.size:
            raise RecordingError(f"{self.source}: expected a word at each time, got a blank one, {self._at(bad)}")
        bad = np.flatnonzero(self.offset_s < self.onset_s)
        if bad.size:
            raise RecordingError(
                f"{self.source}: expected each word to end after it begins, got {self._at(bad)}, which ends at "
                f"{self.offset_s[bad[0]]:g} s"
            )

    def _check_order(self) -> None:
        bad = 1 + np.flatnonzero(self.onset_s[1:] < self.offset_s[:-1] - MAX_OVERLAP_S)
        if not bad.size:
            return
        before, number = self._at(bad - 1), bad.size
        if (self.onset_s[bad] < self.onset_s[bad - 1]).any():
            bad = bad[self.onset_s[bad] < self.onset_s[bad - 1]]
            raise RecordingError(
                f"{self.source}: expected words in the order of time, got {self._at(bad)}, after {self._at(bad - 1)}; "
                "sort them by onset"
            )
        raise RecordingError(
            f"{self.source}: expected one word at a time, got {self._at(bad)}, but {before} ends at "
            f"{self.offset_s[bad[0] - 1]:g} s; {number} words begin more than {MAX_OVERLAP_S:g} s before the one in "
            "front of them ends. Give one speaker's words"
        )

    def _at(self, which: NDArray[np.intp]) -> str:
        first = which[0]
        return f"word {first + 1} ({str(self.word[first])!r}, at {self.onset_s[first]:g} s)"


def check_words(words: Mapping[Any, TimedWords], recording: Recording) -> None:
    """Raise RecordingError unless every run of a recording has words, and all of them were said during it.

    Parameters
    ----------
    words : mapping of int or str to TimedWords
        The words of each run, by its name.
    recording : Recording
    """
    lengths = recording.run_lengths()
    for run in words:
        if run not in lengths:
            raise RecordingError(
                f"words are given for the run {run!r}, which the recording does not have; its runs are: "
                f"{listed(lengths)}"
            )
    without = [run for run in lengths if run not in words]
    if without:
        raise RecordingError(f"expected words for each run, got none for: {listed(without)}; leave these runs out")
    for run, of_run in words.items():
        stop_s = lengths[run] * recording.tr_s
        outside = np.flatnonzero((of_run.onset_s < 0) | (of_run.middle_s >= stop_s))
        if outside.size:
            i = outside[0]
            raise RecordingError(
                f"{of_run.source}: word {i + 1} ({str(of_run.word[i])!r}) is said at {of_run.onset_s[i]:g} s, but run "
                f"{run} lasts from 0 to {stop_s:g} s ({lengths[run]} samples, {recording.tr_s:g} s each); "
                f"{outside.size} of {len(of_run)} words lie outside it. Times count in seconds from the first sample "
                "of the run"
            )


def words_as_events(recording: Recording, words: Mapping[Any, TimedWords]) -> Recording:
    """Return the recording with the words of its runs as its events, to replay them as markers."""
    check_words(words, recording)
    runs = recording.runs
    lengths = [len(words[run]) for run in runs]
    of_all = [words[run] for run in runs]
    events = Events(
        run=np.repeat(np.array(runs), lengths),
        onset_s=np.concatenate([of.onset_s for of in of_all]),
        duration_s=np.concatenate([of.duration_s for of in of_all]),
        label=np.concatenate([of.word for of in of_all]),
    )
    return replace(recording, events=events)
