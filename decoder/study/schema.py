"""The sections of a study file: recording, network, targets, decoder, evaluation, and those of experiments."""

from __future__ import annotations

from functools import cache, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from ...errors import InputError
from ...models.networks.outline import Kind, Outline
from ...models.sounds.samples import SOUNDS
from ..evaluation.audit.leaks import Policy
from ..evaluation.choices import Choice
from ..evaluation.controls import control_named
from ..evaluation.evaluate import evaluate
from ..evaluation.rivals.catalogue import rival_named
from ..evaluation.searched import Redo
from ..evaluation.splits import check_folds
from ..readers.stimuli import StimulusKind
from ..registry import Registry
from ..sound_targets import SoundTargets
from ..targets import TEMPLATE, WordTargets
from .derived import fields_of, with_fields
from .network_checks import check_decoder
from .networks import NetworkSection
from .recordings import AnyRecording
from .section import AnyPath, Natural, OneOrMore, Section
from .settings import NO_LAYER, AnyChoice, AnyReadout, DecoderSection

EXPERIMENTS: Registry[type[Section]] = Registry("hotwire.sections", {})
"""The sections of experiments, each registered as an entry point under its name; all are optional."""
TAKES: dict[StimulusKind, tuple[Kind, str]] = {
    "pictures": ("vision network", "sees pictures, such as efficientnet-lite0"),
    "sounds": ("speech recogniser", "hears sounds, such as whisper-tiny.en"),
}
"""For each kind of stimuli the kind of network that takes them."""
GIVE: dict[Kind, str] = {
    "language model": "give it words",
    "sentence encoder": "give it words",
    "vision network": "give it pictures",
    "speech recogniser": f"give it a folder of sounds ({', '.join(SOUNDS)})",
}
"""For each kind of network what it takes."""


def _folds(given: Any) -> Any:
    try:
        check_folds(given)
    except InputError as error:
        raise InputError(str(error).removeprefix("folds: ")) from error
    return given


def _control(given: str) -> str:
    return control_named(given).name


class TargetsSection(Section):
    """Words for the recording's labels, also heard as sounds, or the pictures or sounds of the recording itself."""

    words: dict[str, OneOrMore[str]] | None = None
    template: str = TEMPLATE
    sounds: dict[str, OneOrMore[AnyPath]] | None = None
    stimuli: Literal["recording"] | None = None
    others: Literal["error", "leave out"] = "error"
    """What to do with events whose label has no word."""

    @model_validator(mode="after")
    def _are_words_or_stimuli(self) -> TargetsSection:
        if (self.words is None) == (self.stimuli is None):
            raise InputError('expected either words = { label = "word", ... } or stimuli = "recording"')
        if self.sounds is not None and (self.words is None or "template" in self.model_fields_set):
            raise InputError("sounds: expected beside words, one or more for each label, and without a template")
        if self.words is not None:
            self.of_words()  # raises where they are wrong
        return self

    def check(self, network: Outline, stimuli: StimulusKind | None) -> None:
        """Raise `InputError` where the network does not take such stimuli; `stimuli` are the recording's, if known."""
        if self.sounds is not None and network.kind != "speech recogniser":
            raise InputError(
                f"targets.sounds: expected a speech recogniser, such as whisper-tiny.en, got {network.name}"
            )
        kind, does = TAKES[stimuli or "pictures"]
        if None not in (self.stimuli, stimuli) and network.kind != kind:
            raise InputError(
                f"targets.stimuli: expected a network that {does}, got {network.name}, a {network.kind}; "
                f"{GIVE[network.kind]}"
            )
        if self.words is not None and self.sounds is None and network.kind in ("vision network", "speech recogniser"):
            other = 'stimuli = "recording"' if network.kind == "vision network" else "sounds beside words"
            raise InputError(
                f"targets.words: expected a network that reads, such as smollm2-135m-instruct, got {network.name}, a "
                f"{network.kind}; give it {other}"
            )

    def of_words(self) -> WordTargets:
        """The targets for words."""
        assert self.words is not None
        return WordTargets(self.words, self.template) if self.sounds is None else SoundTargets(self.words, self.sounds)


@fields_of(evaluate, without=("decoder", "recording"))
class EvaluationSection(Section):
    """See `hotwire.decoder.evaluate`."""

    folds: Annotated[Any, AfterValidator(_folds)]
    inner_folds: Annotated[int, Field(ge=2)]
    controls: list[Annotated[str, AfterValidator(_control)]]
    controls_redo: Redo
    n_shuffles: Annotated[int, Field(ge=1)]
    n_permutations: int | None = Field(None, ge=1)
    seed: Natural
    audit: Policy
    field: list[Annotated[Any, AfterValidator(rival_named)]]
    readouts: list[AnyReadout]
    seconds_per_trial: float | None = Field(None, gt=0)
    choose: list[AnyChoice]

    def arguments(self) -> dict[str, Any]:
        """The arguments of `evaluate` besides decoder and recording."""
        return {**self.given(), "choose": self.choices()}

    def choices(self) -> list[Choice]:
        """The settings to choose."""
        return [one.choice() for one in self.choose]


class StudySections(Section):
    """The sections of every study file."""

    recording: AnyRecording
    network: NetworkSection
    targets: TargetsSection
    decoder: DecoderSection = Field(default_factory=lambda: DecoderSection.model_validate({}))
    evaluation: EvaluationSection = Field(default_factory=lambda: EvaluationSection.model_validate({}))

    @model_validator(mode="after")
    def _has_stimuli(self) -> StudySections:
        if self.targets.stimuli is not None and not self.recording.has_stimuli:
            raise InputError(
                "targets.stimuli: expected a recording that has pictures or sounds, of kind "
                '"responses", "arrays" with stimuli, or "bids" or "nifti" with a folder of stimuli, got one of kind '
                f'"{self.recording.kind}" without; give words'
            )
        says = {"spike_times": ["events"], "dicom": ["events"], "nifti": ["events", "attributes"], "arrays": ["label"]}
        fields = says.get(self.recording.kind, [])
        if fields and all(getattr(self.recording, name) is None for name in fields):
            raise InputError(
                f"recording.{' or recording.'.join(fields)}: expected it, to say what was shown when; only continuous "
                "targets ([targets.kinematics]) do without"
            )
        return self

    @model_validator(mode="after")
    def _has_layer(self, info: ValidationInfo) -> StudySections:
        if (info.context or {}).get("needs_layer", True) and self.decoder.settings().layer == NO_LAYER:
            raise InputError(
                "decoder.layer: expected the layer of the network that is decoded into, such as layer = 8, got none; "
                "`hotwire inspect NETWORK` lists them"
            )
        return self

    @model_validator(mode="after")
    def _fits_the_network(self) -> StudySections:
        network = self.network.outline()
        if network is not None:
            self.targets.check(network, self.recording.kind_of_stimuli)
            check_decoder(self.decoder, self.evaluation.choose, network)
        return self


@cache
def study_sections() -> type[StudySections]:
    """A whole study file, with the sections of all registered experiments."""
    fields: dict[str, Any] = {
        name: (section, Field(default_factory=partial(section.model_validate, {})))
        for name, section in EXPERIMENTS.items()
    }
    return with_fields(StudySections, fields)
