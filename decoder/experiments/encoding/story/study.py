"""A study file of ``kind = "story"``: a recording, the words that were heard, a language model, and how it predicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import model_validator

from .....errors import InputError
from ....gist.word_frequency import Corpus
from ....readers.listeners import read_listeners, read_number_table
from ....study.derived import fields_of
from ....study.networks import NetworkSection
from ....study.recordings import AnyRecording
from ....study.section import AnyPath, OneOrMore, Section
from ....study.settings import Layer
from ....study.stories import ListenersSection, WordsSection
from ....study.study import checked_study, naming
from .models import check_folds
from .result import StoryEncoding
from .run import encode_story
from .settings import StorySettings
from .story_recording import StoryRecording, one_listener, several_listeners


@fields_of(StorySettings)
class StoryEncodeSection(Section):
    """See `hotwire.decoder.experiments.encoding.story.settings.StorySettings`."""

    layers: OneOrMore[Layer]
    corpus: AnyPath | None = None
    """A table with a column `word`, a row for each time that it was said: how usual each word is."""
    sound: OneOrMore[AnyPath] | None = None
    """The sound, such as its power: numbers apart by blanks, a row for each sample; a file for each run."""

    @model_validator(mode="after")
    def _is_possible(self) -> StoryEncodeSection:
        self.settings()  # raises where it is not
        return self

    def settings(self) -> StorySettings:
        return StorySettings(**self.given("corpus", "sound"))


class StorySections(Section):
    """A whole study file of the encoding of a story."""

    kind: Literal["story"]
    listeners: ListenersSection | None = None
    """Several people who heard one story."""
    recording: AnyRecording | None = None
    """One person, with the words of each run."""
    words: WordsSection
    network: NetworkSection
    encode: StoryEncodeSection

    @model_validator(mode="after")
    def _has_a_recording(self) -> StorySections:
        if (self.listeners is None) == (self.recording is None):
            raise InputError("expected one of [listeners] of one story, and [recording] of one listener")
        if self.listeners is not None and self.words.run is not None:
            raise InputError(f"words.run: expected none, since all [listeners] heard one story, got {self.words.run!r}")
        return self


@dataclass(frozen=True)
class StoryStudy:
    """A study file of the encoding of a story, opened and checked."""

    path: Path
    text: str = field(repr=False)
    sections: StorySections = field(repr=False)

    def run(self) -> StoryEncoding:
        """Read all of it, and encode. A StudyError says what the file makes impossible."""
        of = self.sections
        settings = of.encode.settings()
        recorded = self.recorded()
        with naming(self.path, "encode: "):
            check_folds(recorded, settings)  # before the network is opened
            corpus = None if of.encode.corpus is None else Corpus(of.encode.corpus)
            sound = self._sound(recorded)
        with naming(self.path, "network: "):
            network = of.network.open_language_model()
        with naming(self.path, "encode: "):
            return encode_story(recorded, network, settings, corpus=corpus, more=sound)

    def recorded(self) -> StoryRecording:
        """Read the recording and the words of its runs."""
        of = self.sections
        if of.listeners is not None:
            with naming(self.path, "listeners: "):
                recording = read_listeners(**of.listeners.given())
            with naming(self.path, "words: "):
                [story] = of.words.read([1]).values()
                return several_listeners(recording, story)
        assert of.recording is not None
        with naming(self.path, "recording: "):
            recording = of.recording.read()
        with naming(self.path, "words: "):
            return one_listener(recording, of.words.read(recording.runs))

    def _sound(self, recorded: StoryRecording) -> np.ndarray | None:
        files = self.sections.encode.sound
        if files is None:
            return None
        runs = list(recorded.words)
        if len(files) != len(runs):
            raise InputError(f"sound: expected a file for each of {len(runs)} runs, got {len(files)}")
        tables = [read_number_table(file) for file in files]
        for run, file, table in zip(runs, files, tables, strict=True):
            n = int(np.count_nonzero(recorded.run == run))
            if len(table) != n or table.shape[1] != tables[0].shape[1]:
                raise InputError(
                    f"sound: expected a row for each of {n} samples and {tables[0].shape[1]} columns, got "
                    f"{table.shape} in {file.name}"
                )
            if not np.isfinite(table).all():
                row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
                raise InputError(
                    f"sound: expected finite numbers, got {table[row].tolist()} in row {row + 1} of {file}"
                )
        return np.concatenate(tables)


def open_story(path: str | PathLike[str]) -> StoryStudy:
    """Open a study file of the encoding of a story and check all of it; nothing is read yet.

    A StudyError says that there is no such file, it is not TOML, or fields are wrong.
    """
    return StoryStudy(*checked_study(path, "story", StorySections))
