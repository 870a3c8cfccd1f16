"""Study files of gist: ``kind = "gist"``, a recording or a synthetic listener, words with their times, a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ....errors import InputError
from ....models.networks.language.language_model import LanguageModel
from ....models.networks.sentence import SentenceEncoder
from ...gist.fitting import GistSettings
from ...gist.sentence_similarity import SentenceSimilarity
from ...recordings.one_story import mean_of_runs
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords, check_words
from ...steps import run_steps
from ...study.stories import check_lasting
from ...study.study import checked_study, naming
from .ceilings import Ceilings, ceilings_of
from .result import GistResult
from .run import evaluate_gist
from .sections import GistSections


@dataclass(frozen=True)
class GistStudy:
    """A study of gist, opened and checked; `text` is the whole file."""

    path: Path
    text: str = field(repr=False)
    sections: GistSections = field(repr=False)

    def evaluate(self, say: Callable[[str], None] = lambda _: None) -> GistResult:
        """Read all of it, fit, decode and score; each stage is said as it begins."""
        sections, network = self.sections, self.network()
        sentences = self.sentences()
        say("The synthetic listener hears the words." if sections.listener else "Reading the recording and its words.")
        recording, words = self.read(network)
        with naming(self.path):
            recording = run_steps(sections.gist.steps, recording)
            result = evaluate_gist(
                network,
                words,
                recording,
                self.settings(),
                **dict(sections.evaluation),
                passages=self.passages(words),
                sentences=sentences,
                say=say,
            )
        return replace(result, ceilings=self.ceilings())

    def ceilings(self) -> Ceilings | None:
        """How alike the brains of several listeners of one story are; None of a single one."""
        listeners, gist, evaluation = self.sections.listeners, self.sections.gist, self.sections.evaluation
        if listeners is None:
            return None
        [story] = self.sections.words.read([1]).values()
        with naming(self.path, "listeners: "):
            return ceilings_of(
                listeners.read(),
                lambda mean: run_steps(gist.steps, listeners.cut(mean, story, gist.encoding().gap)[0]),
                evaluation.held_out,
                evaluation.window_s,
            )

    def sentences(self) -> SentenceSimilarity | None:
        """Open the sentence encoder, if there is one."""
        if self.sections.sentences is None:
            return None
        with naming(self.path, "sentences: "):
            encoder = self.sections.sentences.open()
            if not isinstance(encoder, SentenceEncoder):
                raise InputError(f"expected a sentence encoder, got {encoder.name}")
            return SentenceSimilarity(encoder)

    def naming(self) -> AbstractContextManager[None]:
        """Name the file in errors that its contents cause."""
        return naming(self.path)

    def network(self) -> LanguageModel:
        """Open the network."""
        with naming(self.path, "network: "):
            return self.sections.network.open_language_model()

    def settings(self) -> GistSettings:
        """The settings of the fit."""
        section = self.sections.gist
        beam = self.sections.beam.settings()
        return GistSettings(section.layer, section.n_tokens, section.n_components, section.encoding(), beam)

    def passages(self, words: Mapping[Any, TimedWords]) -> dict[str, TimedWords]:
        """What may be heard, by its name: the words of all runs, and the study's other passages."""
        found = {str(run): of for run, of in words.items()}
        if self.sections.passages is not None:
            with naming(self.path, "passages: "):
                others = self.sections.passages.named()
                if same := sorted(found.keys() & others.keys()):
                    raise InputError(f"expected other names than the runs have, got {same[0]!r}; its words are known")
            found |= others
        return found

    def read(self, network: LanguageModel) -> tuple[Recording, dict[Any, TimedWords]]:
        """Read the recording, or have the listener hear, before any step; and the words of its runs."""
        sections = self.sections
        if sections.recording is not None:
            with naming(self.path, "recording: "):
                recording = sections.recording.read()
            with naming(self.path, "words: "):
                words = sections.words.read(recording.runs)
                check_words(words, recording)
                check_lasting(words, recording)
            return recording, words
        if sections.listeners is not None:
            with naming(self.path, "listeners: "):
                mean = mean_of_runs(sections.listeners.read())
            with naming(self.path, "words: "):
                story = sections.words.read([1])
                check_words(story, mean)
                check_lasting(story, mean)
            with naming(self.path, "listeners: "):
                return sections.listeners.cut(mean, story[1], sections.gist.encoding().gap)
        assert sections.listener is not None
        with naming(self.path, "words: "):
            words = sections.words.read(None)
        shortest = sorted(words, key=lambda run: len(words[run]))[: sections.listener.runs]
        words = {run: of for run, of in words.items() if run in shortest}
        with naming(self.path, "listener: "):
            return sections.listener.hears(words, network, sections.gist.layer, sections.gist.n_tokens), words


def open_gist(path: Path) -> GistStudy:
    """Open a study of gist and check all of it; nothing is read or fetched yet.

    A StudyError is raised where there is no such file, it is no TOML, or fields are wrong.
    """
    return GistStudy(*checked_study(path, "gist", GistSections))
