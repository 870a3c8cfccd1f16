"""A study file of ``kind = "reading"``: reading times, a language model, and a corpus in which words are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from ...gist.word_frequency import Corpus
from ...study.derived import fields_of
from ...study.networks import NetworkSection
from ...study.section import AnyPath, Section
from ...study.study import checked_study, naming
from .run import ReadingResult, predict_reading
from .settings import ReadingSettings
from .times import read_times


@fields_of(read_times)
class ReadingTimesSection(Section):
    """See `hotwire.decoder.experiments.reading.times.read_times`."""


@fields_of(ReadingSettings)
class ReadingEncodeSection(Section):
    """See `hotwire.decoder.experiments.reading.settings.ReadingSettings`."""

    corpus: AnyPath
    """A table with a column `word`, a row for each time that it was said: how usual each word is."""

    @model_validator(mode="after")
    def _is_possible(self) -> ReadingEncodeSection:
        self.settings()  # raises where it is not
        return self

    def settings(self) -> ReadingSettings:
        return ReadingSettings(**self.given("corpus"))


class ReadingSections(Section):
    """A whole study file of reading times."""

    kind: Literal["reading"]
    reading: ReadingTimesSection
    network: NetworkSection
    encode: ReadingEncodeSection


@dataclass(frozen=True)
class ReadingStudy:
    """A study file of reading times, opened and checked."""

    path: Path
    text: str = field(repr=False)
    sections: ReadingSections = field(repr=False)

    def run(self) -> ReadingResult:
        """Read the times, and predict them. A StudyError says what the file makes impossible."""
        of = self.sections
        with naming(self.path, "encode: "):
            settings, corpus = of.encode.settings(), Corpus(of.encode.corpus)
        with naming(self.path, "reading: "):
            times = read_times(**of.reading.given())
            corpus.log_frequency(times.word)  # raises before the network is opened
        with naming(self.path, "network: "):
            network = of.network.open_language_model()
        with naming(self.path):
            return predict_reading(times, network, corpus, settings)


def open_reading(path: str | PathLike[str]) -> ReadingStudy:
    """Open a study file of reading times and check all of it; nothing is read yet.

    A StudyError says that there is no such file, it is not TOML, or fields are wrong.
    """
    return ReadingStudy(*checked_study(path, "reading", ReadingSections))
