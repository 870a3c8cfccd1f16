"""Study files of gist: ``kind = "gist"``, a recording or a synthetic listener, words with their times, a network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from ....errors import InputError, RecordingError
from ....models.networks.language.language_model import LanguageModel
from ....models.networks.sentence import SentenceEncoder
from ...gist.beam_settings import BeamSettings
from ...gist.encoding_fit import EncodingSettings
from ...gist.fitting import GistSettings
from ...gist.network_words import read_stories
from ...gist.proposals import Nucleus
from ...gist.sentence_similarity import SentenceSimilarity
from ...readers.words.read import read_words, read_words_by_run
from ...recordings.recording import Recording
from ...recordings.synthetic_listener import SyntheticListener
from ...recordings.timed_words import TimedWords, check_words
from ...steps import run_steps
from ...study.derived import fields_of, made_by
from ...study.messages import checked_sections
from ...study.networks import NetworkSection
from ...study.recordings import AnyRecording
from ...study.section import AnyPath, Natural, NotNegative, OneOrMore, Section
from ...study.settings import Layer, Steps
from ...study.study import check_kind, naming, read_document
from .controls import CHEAP, check_control
from .listeners import OneStorySection
from .result import GistResult
from .run import evaluate_gist

LEAST_SPOKEN = 0.5
"""Of a run, until its last word."""


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


@fields_of(SyntheticListener)
class ListenerSection(Section):
    """See `hotwire.decoder.recordings.synthetic_listener.SyntheticListener`."""

    layer: Layer
    """What the listener responds to: a layer other than the decoder's."""
    silence_s: NotNegative = 12.0
    """Recorded after a run's last word."""
    runs: Annotated[int, Field(ge=2)] | None = None
    """How many of the stories it hears, the shortest first; by default all."""

    def hears(self, words: dict[Any, TimedWords], network: LanguageModel, gist: GistSection) -> Recording:
        """Its recording of these stories."""
        listener = SyntheticListener(**self.given("layer", "silence_s", "runs"))
        # the decoder's layer, too, which is then in the cache
        read = read_stories(network, [self.layer, gist.layer], words, gist.n_tokens)
        lengths = {run: ceil((of.offset_s[-1] + self.silence_s) * listener.rate_hz) for run, of in words.items()}
        return listener.record(words, {run: of.states[self.layer] for run, of in read.items()}, lengths)


@fields_of(Nucleus)
class NucleusSection(Section):
    """See `hotwire.decoder.gist.proposals.Nucleus`."""


if TYPE_CHECKING:
    AnyNucleus = Nucleus
else:
    AnyNucleus = made_by(Nucleus, NucleusSection)


@fields_of(BeamSettings)
class BeamSection(Section):
    """See `hotwire.decoder.gist.beam_settings.BeamSettings`."""

    nucleus: AnyNucleus = Nucleus()

    @model_validator(mode="after")
    def _is_possible(self) -> BeamSection:
        self.settings()  # raises where it is not
        return self

    def settings(self) -> BeamSettings:
        return BeamSettings(**self.given())


class GistSection(Section):
    """See `hotwire.decoder.gist.fitting.GistSettings` and `EncodingSettings`."""

    layer: Layer
    steps: Steps = []
    """Applied to the recording first; drift has to go."""
    n_tokens: Annotated[int, Field(ge=3)] = 32
    n_components: Annotated[int, Field(ge=1)] = 64
    delays: list[Natural] = [1, 2, 3, 4]
    lobes: Annotated[int, Field(ge=1)] = 3
    n_voxels: Annotated[int, Field(ge=1)] = 10_000
    n_folds: Annotated[int, Field(ge=2)] = 5
    n_mixtures: Natural = 5

    def encoding(self) -> EncodingSettings:
        return EncodingSettings(tuple(self.delays), self.lobes, self.n_voxels, self.n_folds, self.n_mixtures)


class GistEvaluationSection(Section):
    """See `hotwire.decoder.experiments.gist.run.evaluate_gist`."""

    held_out: OneOrMore[int | str] = Field(min_length=1)
    n_nulls: Annotated[int, Field(ge=2)] = 40
    n_surrogates: Annotated[int, Field(ge=2)] = 10
    controls: list[Annotated[str, AfterValidator(check_control)]] = list(CHEAP)
    """Some of `hotwire.decoder.experiments.gist.controls.CONTROLS`."""
    window_s: Annotated[float, Field(gt=0)] = 20.0
    seed: Natural = 0


class GistSections(Section):
    """The sections of a study of gist."""

    kind: Literal["gist"]
    recording: AnyRecording | None = None
    listener: ListenerSection | None = None
    listeners: OneStorySection | None = None
    words: WordsSection
    network: NetworkSection
    sentences: NetworkSection | None = None
    """A sentence encoder by which texts are compared, too."""
    gist: GistSection
    beam: BeamSection = Field(default_factory=lambda: BeamSection.model_validate({}))
    evaluation: GistEvaluationSection

    @model_validator(mode="after")
    def _has_a_listener(self) -> GistSections:
        if sum(one is not None for one in (self.recording, self.listener, self.listeners)) != 1:
            raise InputError("expected one of [recording], [listeners] of one story, and [listener], a synthetic one")
        if self.listeners is not None and self.words.run is not None:
            raise InputError(f"words.run: expected none, since all [listeners] heard one story, got {self.words.run!r}")
        if self.listener is not None and self.listener.layer == self.gist.layer:
            raise InputError(
                f"listener.layer: expected another layer than the decoder's, {self.gist.layer!r}: a listener that is "
                "made as it is decoded proves nothing"
            )
        return self


@dataclass(frozen=True)
class GistStudy:
    """A study of gist, opened and checked; `text` is the whole file."""

    path: Path
    text: str = field(repr=False)
    sections: GistSections = field(repr=False)

    def evaluate(self, say: Callable[[str], None] = lambda _: None) -> GistResult:
        """Read all of it, fit, decode and score; each stage is said as it begins."""
        sections, network = self.sections, self.network()
        sentences = self._sentences()
        say("The synthetic listener hears the words." if sections.listener else "Reading the recording and its words.")
        recording, words = self.read(network)
        with naming(self.path):
            recording = run_steps(sections.gist.steps, recording)
            numbers = dict(sections.evaluation)
            return evaluate_gist(network, words, recording, self.settings(), **numbers, sentences=sentences, say=say)

    def _sentences(self) -> SentenceSimilarity | None:
        """The sentence encoder, if there is one."""
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
            network = self.sections.network.open()
            if not isinstance(network, LanguageModel):
                raise InputError(f"expected a language model, got {network.name}")
        return network

    def settings(self) -> GistSettings:
        """The settings of the fit."""
        section = self.sections.gist
        beam = self.sections.beam.settings()
        return GistSettings(section.layer, section.n_tokens, section.n_components, section.encoding(), beam)

    def read(self, network: LanguageModel) -> tuple[Recording, dict[Any, TimedWords]]:
        """Read the recording, or have the listener hear, before any step; and the words of its runs."""
        sections = self.sections
        if sections.recording is not None:
            with naming(self.path, "recording: "):
                recording = sections.recording.read()
            with naming(self.path, "words: "):
                words = sections.words.read(recording.runs)
                check_words(words, recording)
                _check_lasting(words, recording)
            return recording, words
        if sections.listeners is not None:
            with naming(self.path, "listeners: "):
                mean = sections.listeners.mean()
            with naming(self.path, "words: "):
                story = sections.words.read([1])
                check_words(story, mean)
                _check_lasting(story, mean)
            with naming(self.path, "listeners: "):
                return sections.listeners.cut(mean, story[1], sections.gist.encoding().gap)
        assert sections.listener is not None
        with naming(self.path, "words: "):
            words = sections.words.read(None)
        shortest = sorted(words, key=lambda run: len(words[run]))[: sections.listener.runs]
        words = {run: of for run, of in words.items() if run in shortest}
        with naming(self.path, "listener: "):
            return sections.listener.hears(words, network, sections.gist), words


def _check_lasting(words: dict[Any, TimedWords], recording: Recording) -> None:
    """Raise RecordingError where words end long before their run: its samples then last shorter than it says."""
    for run, length in recording.run_lengths().items():
        last_s, stop_s = words[run].offset_s[-1], length * recording.tr_s
        if last_s < LEAST_SPOKEN * stop_s:
            raise RecordingError(
                f"{words[run].source}: expected words during most of run {run}, which lasts {stop_s:g} s ({length} "
                f"samples, {recording.tr_s:g} s each), got the last one at {last_s:g} s; is the TR that of another "
                "run? If nothing more was said, cut the run there"
            )


def open_gist(path: Path) -> GistStudy:
    """Open a study of gist and check all of it; nothing is read or fetched yet.

    A StudyError is raised where there is no such file, it is no TOML, or fields are wrong.
    """
    text, document = read_document(path)
    check_kind(path, document, "gist")
    return GistStudy(path, text, checked_sections(GistSections, document, path.parent, path))
