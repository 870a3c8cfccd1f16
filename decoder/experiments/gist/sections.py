"""The sections of a study of gist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ....errors import InputError
from ...gist.beam_settings import BeamSettings
from ...gist.encoding_fit import EncodingSettings
from ...gist.proposals import Nucleus
from ...study.derived import fields_of, made_by
from ...study.networks import NetworkSection
from ...study.recordings import AnyRecording
from ...study.section import Natural, OneOrMore, Section
from ...study.settings import Layer, Steps
from ...study.stories import PassagesSection, WordsSection
from .controls import CHEAP, check_control
from .held_out import WordTimesFrom
from .listeners import ListenerSection, OneStorySection


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
    word_times: WordTimesFrom = "brain"
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
    passages: PassagesSection | None = None
    """Texts that may be heard, beside those of all runs: `hotwire gist` and `hotwire stream` say which it is."""
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
