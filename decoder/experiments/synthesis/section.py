"""The [synthesize] section of a study file; networks and layers are those of [map]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import model_validator

from ...study.derived import fields_of, named_by
from ...study.networks import NetworkSection
from ...study.section import AnyPath, OneOrMore, Positive, Section
from ...study.settings import Layer, Pooling
from .judges import OnnxJudge
from .settings import SynthesizeSettings


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
    """Another network, whose layers predict the sites; it has no part in the objective."""

    kind: Literal["encoder"]
    layers: OneOrMore[Layer]

    @model_validator(mode="after")
    def _has_the_layers(self) -> EncoderJudgeSection:
        known = self.outline()
        for layer in self.layers if known else ():
            known.check_layer(layer)  # type: ignore[union-attr]
        return self


JUDGES: dict[str, type[Section]] = {"encoder": EncoderJudgeSection, "onnx": OnnxJudgeSection}


@fields_of(SynthesizeSettings)
class SynthesizeSection(Section):
    """See `hotwire.decoder.experiments.synthesis.settings.SynthesizeSettings`."""

    pool: OneOrMore[Pooling] = [7]
    synthesised: OneOrMore[str] = []
    judges: list[named_by("kind", JUDGES, JUDGES.__getitem__)] = []  # type: ignore[valid-type]
    """Who judges what is synthesised: models of the sites in ONNX files, and encoders of other networks."""

    @model_validator(mode="after")
    def _makes_settings(self) -> SynthesizeSection:
        self.settings()  # raises where they are wrong
        return self

    def settings(self) -> SynthesizeSettings:
        return SynthesizeSettings(**self.given("judges"))
