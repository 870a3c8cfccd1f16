"""The [metamers] section of a study file, and metamers of the pictures of its recording."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from .....errors import InputError
from .....models.networks.opening import LEAST_SIZE, open_network
from ....study.derived import fields_of
from ....study.networks import NetworkSection
from ....study.section import OneOrMore, Section
from ....study.settings import Layer
from ....study.study import Study
from ..section import OnnxJudgeSection, SynthesizeSection
from .result import Metamers
from .run import make_metamers
from .settings import MetamerSettings

ALL = "all"
OTHERS = ("efficientnet-lite1", "efficientnet-lite2")


@fields_of(MetamerSettings)
class MetamersSection(Section):
    """See `hotwire.decoder.experiments.synthesis.metamers.settings.MetamerSettings`."""

    layers: OneOrMore[Layer] = []
    """Of the study's network."""
    image_size: int | None = Field(None, ge=LEAST_SIZE)
    """The side in pixels for which the study's network is opened, by default that of its training."""
    others: list[NetworkSection] = Field([NetworkSection.model_construct(name=name) for name in OTHERS], min_length=1)
    """Networks that are asked what they see in the metamers."""


def metamers_of(study: Study, layers: Sequence[str]) -> Metamers:
    """Make metamers of the pictures of a study's recording, for these layers, or ``["all"]`` of [metamers].

    Judges of [synthesize] that are models of the sites (of kind "onnx") are asked how these would respond.

    Raises
    ------
    StudyError
        The recording has no pictures, the network has no gradients, or layers, networks and numbers do not fit.
    """
    section, own = study.section(MetamersSection), study.sections.network
    layers = section.layers if list(layers) == [ALL] else layers
    with study.naming("metamers: "):
        if not layers:
            raise InputError(
                'layers: expected layers of the network, such as layers = ["stem", "pooled"], got none; or name them: '
                "--metamer stem,pooled"
            )
        known = own.outline()
        if known is not None:
            for layer in layers:
                known.check_layer(layer)
        for one in section.others:
            one.check_there()
        if own.name in [one.name for one in section.others]:
            raise InputError(f"others: expected other networks than {own.name}, for which metamers are made")
    study.check_network()
    if study.sections.recording.kind_of_stimuli == "sounds" or not study.sections.recording.has_stimuli:
        with study.naming("recording: "):
            raise InputError("expected one that includes the presented pictures, got none; metamers are made of them")
    pictures = study.sections.recording.presented
    others = {one.name: study.open(one) for one in section.others}
    models = [one for one in study.section(SynthesizeSection).judges if isinstance(one, OnnxJudgeSection)]
    sites = study.recording().feature_names if models else ()
    with study.naming("synthesize: judges: "):
        judges = [one.opened(sites) for one in models]
    with study.naming("metamers: "):
        network = own.open() if section.image_size is None else open_network(own.name, image_size=section.image_size)
        settings = MetamerSettings(**section.given("layers", "others", "image_size"))
        return make_metamers(pictures, network, layers, others, settings, judges=judges)
