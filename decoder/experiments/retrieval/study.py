"""A study file of retrieval: listeners, the story's words, a language model, and how stretches are told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

from pydantic import Field

from ...readers.listeners import read_listeners
from ...readers.words.read import read_words
from ...study.derived import fields_of
from ...study.networks import NetworkSection
from ...study.section import OneOrMore, Positive, Section
from ...study.settings import Layer
from ...study.stories import ListenersSection
from ...study.study import checked_study, naming
from .result import RetrievalResult
from .run import checked, retrieve
from .settings import RetrievalSettings


@fields_of(read_words)
class StoryWordsSection(Section):
    """See `hotwire.decoder.readers.words.read.read_words`."""


@fields_of(RetrievalSettings)
class RetrievalSection(Section):
    """See `hotwire.decoder.experiments.retrieval.settings.RetrievalSettings`."""

    layers: OneOrMore[Layer]
    window_s: OneOrMore[Positive] = Field([20.0, 40.0], min_length=1)
    drift_s: Positive


class RetrievalSections(Section):
    """A whole study file of retrieval."""

    kind: Literal["retrieval"]
    listeners: ListenersSection
    words: StoryWordsSection
    network: NetworkSection
    retrieval: RetrievalSection


@dataclass(frozen=True)
class RetrievalStudy:
    """A study file of retrieval, opened and checked."""

    path: Path
    text: str = field(repr=False)
    sections: RetrievalSections = field(repr=False)

    def run(self) -> RetrievalResult:
        """Read the recordings and the story, and retrieve. A StudyError says what the file makes impossible."""
        of = self.sections
        with naming(self.path):
            settings = RetrievalSettings(**of.retrieval.given())
            recording = read_listeners(**of.listeners.given())
            words = read_words(**of.words.given())
            checked(recording, words, settings)  # before the network is opened
        with naming(self.path, "network: "):
            network = of.network.open_language_model()
        with naming(self.path):
            return retrieve(recording, words, network, settings)


def open_retrieval(path: str | PathLike[str]) -> RetrievalStudy:
    """Open a study file of retrieval and check all of it; nothing is read yet.

    A StudyError says that there is no such file, it is not TOML, or fields are wrong.
    """
    return RetrievalStudy(*checked_study(path, "retrieval", RetrievalSections))
