"""The section [listeners] of a study of gist: several people who heard one story."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...readers.listeners import read_listeners
from ...recordings.one_story import cut_into_runs, mean_of_runs
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords
from ...study.section import AnyPath, OneOrMore, Positive, Section


class OneStorySection(Section):
    """Several people who heard one story: their mean is decoded, each feature in each one's standard deviations.

    See `hotwire.decoder.readers.listeners.read_listeners`.
    """

    path: OneOrMore[AnyPath]
    tr_s: Positive
    cut_s: list[Positive] = Field(min_length=1)
    """When the runs 1, 2, ... end and the next begin, in seconds; what a word reaches after it is in none."""

    def mean(self) -> Recording:
        """Read the listeners; return their mean."""
        return mean_of_runs(read_listeners(self.path, self.tr_s))

    def cut(self, recording: Recording, words: TimedWords, gap: int) -> tuple[Recording, dict[Any, TimedWords]]:
        """Cut the mean and the story's words into runs."""
        return cut_into_runs(recording, words, self.cut_s, gap)
