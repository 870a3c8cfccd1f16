"""The [synthesize] section of a study file; networks and layers are those of [map]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import model_validator

from ....errors import InputError
from ...study.derived import fields_of, named_by
from ...study.networks import NetworkSection
from ...study.section import AnyPath, OneOrMore, Positive, Section
from ...study.settings import Layer, Pooling
from .judges import OnnxJudge
from .settings import PictureSettings, SoundSettings, SynthesizeSettings

SETTINGS: dict[str, type[SynthesizeSettings]] = {"pictures": PictureSettings, "sounds": SoundSettings}
"""By the stimuli of the recording."""


class OnnxJudgeSection(Section):
    """See `hotwire.decoder.experiments.synthesis.judges.OnnxJudge`."""

    kind: Literal["onnx"]
    path: AnyPath
    outputs: list[str] | None = None
    mean: float = 0.0
    scale: Positive = 1.0

    def opened(self, sites: Sequence[str]) -> OnnxJudge:
        return OnnxJudge(self.path, sites, self.outputs, self.mean, self.scale)


class EncoderJudgeSection(NetworkSection):
    """Another network, or other layers, which predict the sites; they have no part in the objective."""

    kind: Literal["encoder"]
    layers: OneOrMore[Layer]
    untrained: bool = False
    """With random weights, as a control."""

    @model_validator(mode="after")
    def _has_the_layers(self) -> EncoderJudgeSection:
        known = self.outline()
        for layer in self.layers if known else ():
            known.check_layer(layer)  # type: ignore[union-attr]
        return self


class ModulationJudgeSection(Section):
    """An encoder of the spectrum and the modulations of sounds, without a network."""

    kind: Literal["spectrum and modulation"]


JUDGES: dict[str, type[Section]] = {
    "encoder": EncoderJudgeSection,
    "onnx": OnnxJudgeSection,
    "spectrum and modulation": ModulationJudgeSection,
}
ONLY_OF = {OnnxJudgeSection: "pictures", ModulationJudgeSection: "sounds"}
"""Judges of one kind of stimuli alone."""


@fields_of(SoundSettings)
@fields_of(PictureSettings)
class SynthesizeSection(Section):
    """See `hotwire.decoder.experiments.synthesis.settings.SynthesizeSettings`."""

    pool: OneOrMore[Pooling] = [7]
    synthesised: OneOrMore[str] = []
    judges: list[named_by("kind", JUDGES, JUDGES.__getitem__)] = []  # type: ignore[valid-type]
    """Who judges what is synthesised: models of the sites in ONNX files, encoders of other networks or layers, and of
    the spectrum and modulation of sounds."""

    @model_validator(mode="after")
    def _makes_settings(self) -> SynthesizeSection:
        """What is wrong whatever the recording presented is told before it is read."""
        errors: list[InputError] = []
        for stimuli in SETTINGS:
            if self._not_of(stimuli):
                continue
            try:
                self.settings(stimuli)
                return self
            except InputError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return self

    def settings(self, stimuli: str) -> SynthesizeSettings:
        """For "pictures" or "sounds"; raises `InputError` where a field or a judge is only of the others."""
        for problem in self._not_of(stimuli):
            raise InputError(problem)
        return SETTINGS[stimuli](**self.given("judges"))

    def _not_of(self, stimuli: str) -> list[str]:
        """What is said of the given fields and judges that are not of these stimuli."""
        [other] = set(SETTINGS) - {stimuli}
        fields = [name for name in self.given("judges") if name not in SETTINGS[stimuli].__dataclass_fields__]
        judges = [judge.kind for judge in self.judges if ONLY_OF.get(type(judge), stimuli) != stimuli]
        instead = " or ".join(f'"{kind}"' for kind, of in JUDGES.items() if ONLY_OF.get(of, stimuli) == stimuli)
        return [
            *(f"{name}: only {other} have it, and {stimuli} do not; leave it out" for name in fields),
            *(f'judges: one of kind = "{kind}" judges {other}, and not {stimuli}; take {instead}' for kind in judges),
        ]
