"""The sections of studies of stories: who listened, what was said during each run, and when."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ...errors import InputError, RecordingError
from ..readers.words.read import read_words, read_words_by_run
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords
from .section import AnyPath, OneOrMore, Positive, Section

LEAST_SPOKEN = 0.5
"""Of a run, until its last word."""


class ListenersSection(Section):
    """See `hotwire.decoder.readers.listeners.read_listeners`."""

    path: OneOrMore[AnyPath]
    tr_s: Positive


class WordsSection(Section):
    """A file for each run, in the order of the runs; or one table of all, with a column that names the run."""

    path: OneOrMore[AnyPath] = Field(min_length=1)
    tier: str | None = None
    column: str = "word"
    run: str | None = None
    """The column of the run, in one table of all runs."""
    starts_s: float = 0.0
    """When time 0 of the files is, in seconds since the run's first sample."""

    @model_validator(mode="after")
    def _is_one_table(self) -> WordsSection:
        if self.run is not None and len(self.path) > 1:
            raise InputError(f"run: expected one table with a column {self.run!r}, got {len(self.path)} files")
        return self

    def read(self, runs: list[Any] | None) -> dict[Any, TimedWords]:
        """Read the words of these runs; without runs, of all that a table names."""
        if self.run is not None:
            found = read_words_by_run(self.path[0], self.run, column=self.column, starts_s=self.starts_s)
            return found if runs is None else {run: found[str(run)] for run in runs if str(run) in found}
        names = range(1, len(self.path) + 1) if runs is None else runs
        if len(names) != len(self.path):
            raise InputError(f"path: expected a file for each of {len(names)} runs, got {len(self.path)}")
        options = {"tier": self.tier, "column": self.column, "starts_s": self.starts_s}
        return {run: read_words(path, **options) for run, path in zip(names, self.path, strict=True)}


class PassagesSection(WordsSection):
    """Texts that may be heard beside those of the runs, written as [words]; they need no recording."""

    def named(self) -> dict[str, TimedWords]:
        """Read all of them, by the names of their files, or by the table's column."""
        if self.run is not None:
            return self.read(None)
        names = [path.name.split(".")[0] for path in self.path]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(
                f"path: expected files of different names, by which passages are named, got {twice[0]!r} twice"
            )
        return dict(zip(names, self.read(names).values(), strict=True))


def check_lasting(words: dict[Any, TimedWords], recording: Recording) -> None:
    """Raise RecordingError where words end long before their run: its samples then last shorter than it says."""
    for run, length in recording.run_lengths().items():
        last_s, stop_s = words[run].offset_s[-1], length * recording.tr_s
        if last_s < LEAST_SPOKEN * stop_s:
            raise RecordingError(
                f"{words[run].source}: expected words during most of run {run}, which lasts {stop_s:g} s ({length} "
                f"samples, {recording.tr_s:g} s each), got the last one at {last_s:g} s; is the TR that of another "
                "run? If nothing more was said, cut the run there"
            )
