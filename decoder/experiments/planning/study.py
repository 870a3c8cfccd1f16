"""The input of a plan: a study file that may lack its recording, or a network with words or pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from ....errors import InputError, RecordingError, StudyError, UnknownNameError
from ....models.networks.network import Network
from ... import readers
from ...readouts.label import LabelReadout
from ...readouts.nearest import NearestReadout
from ...settings import Settings
from ...study.messages import checked_sections
from ...study.network_checks import check_decoder
from ...study.networks import NetworkSection
from ...study.recordings import AnyRecording
from ...study.schema import TargetsSection, study_sections
from ...study.section import Section
from ...study.settings import NO_LAYER, DecoderSection
from ...study.study import open_study, read_document
from ...targets import StimulusTargets, Targets
from .noise import DEMO, Noise, noise_like
from .result import PlanResult
from .run import layer_by_default, plan
from .section import PlanSection


class PlanSections(Section):
    """The sections of a study that a plan reads."""

    network: NetworkSection
    targets: TargetsSection
    decoder: DecoderSection | None = None
    recording: AnyRecording | None = None
    plan: PlanSection = Field(default_factory=lambda: PlanSection.model_validate({}))

    @model_validator(mode="after")
    def _has_stimuli(self) -> PlanSections:
        stimuli = None if self.recording is None else self.recording.kind_of_stimuli
        has_stimuli = self.recording is not None and self.recording.has_stimuli
        if self.targets.stimuli is not None and self.plan.stimuli is None and not has_stimuli:
            raise InputError(
                "targets.stimuli: expected a recording that has pictures; give the folder or zip file they lie in as "
                "plan.stimuli"
            )
        network = self.network.outline()
        if network is not None:
            self.targets.check(network, stimuli if self.plan.stimuli is None else "pictures")
            if self.decoder is not None:
                check_decoder(self.decoder, (), network)
        return self


@dataclass(frozen=True)
class PlanStudy:
    """A study to be planned, opened and checked: name (of the file or the network), text and sections.

    `layer` is used where there is no section [decoder].
    """

    name: str
    text: str | None = field(repr=False)
    sections: PlanSections = field(repr=False)
    layer: str | None = None

    def plan(self, *, like: Path | None = None, trials: list[int] | None = None) -> PlanResult:
        """Make the plan. `like`, a study whose noise is used, and `trials` replace those in the file.

        A StudyError says which part of the study is impossible.
        """
        arguments = self.sections.plan.arguments()
        if trials is not None:
            arguments["trials"] = trials
        like = like or self.sections.plan.like
        noise = DEMO if like is None else _noise_of(like)
        try:
            network = self.sections.network.open()
            targets = self._targets(network)
            settings = self._settings(network)
            return plan(network, targets, settings, noise=noise, **arguments)
        except (InputError, RecordingError) as error:
            raise StudyError(f"{self.name}: {error}") from error

    def _targets(self, network: Network) -> Targets:
        targets, stimuli = self.sections.targets, self.sections.plan.stimuli
        if targets.words is not None:
            return targets.of_words()
        if stimuli is not None:
            return StimulusTargets(readers.read_pictures(stimuli), network)
        assert self.sections.recording is not None  # checked when the study was opened
        recording = self.sections.recording
        return StimulusTargets(recording.presented, network, labels=recording.stimulus_labels)

    def _settings(self, network: Network) -> Settings:
        if self.sections.decoder is not None:
            settings = self.sections.decoder.settings()
            return replace(settings, layer=layer_by_default(network)) if settings.layer == NO_LAYER else settings
        from ....models.networks.free_text import GeneratesText

        names = isinstance(network, GeneratesText) or network.labels is not None
        return Settings(self.layer or layer_by_default(network), readout=LabelReadout() if names else NearestReadout())


def open_plan(path: str | PathLike[str]) -> PlanStudy:
    """Open a study file of which only [network], [targets] and [decoder] are needed.

    A StudyError says that there is no such file, it is not TOML, or fields are wrong.
    """
    path = Path(path)
    text, document = read_document(path)
    known = dict.fromkeys([*study_sections().model_fields, *PlanSections.model_fields])
    for name in document:
        if name not in known:
            raise StudyError(f"{path}: {UnknownNameError('field', name, known)}")
    if "decoder" not in document:
        raise StudyError(f"{path}: expected a section [decoder] with a layer, got none")
    looked_at = {name: of for name, of in document.items() if name in PlanSections.model_fields}
    return PlanStudy(path.stem, text, checked_sections(PlanSections, looked_at, path.parent, path))


def plan_of(
    network: str, *, words: list[str] | None = None, stimuli: str | None = None, layer: str | None = None
) -> PlanStudy:
    """A `PlanStudy` without a file: for a network, and words or a folder or zip file of pictures.

    A word that is empty or occurs twice is a StudyError.
    """
    document: dict[str, Any] = {"network": {"name": network}}
    if words is not None:
        repeated = sorted({word for word in words if words.count(word) > 1})
        if repeated:
            raise StudyError(f"--words: {repeated[0]!r} is there twice; give each word once")
        document["targets"] = {"words": {word: word for word in words}}
    else:
        document |= {"targets": {"stimuli": "recording"}, "plan": {"stimuli": stimuli}}
    return PlanStudy(
        Path(network).name, None, checked_sections(PlanSections, document, Path.cwd(), "hotwire plan"), layer
    )


def _noise_of(path: Path) -> Noise:
    study = open_study(path)
    recording = study.recording()
    with study.naming():
        return noise_like(recording, study.sections.decoder.settings(), f"one trial of {path.name}")
