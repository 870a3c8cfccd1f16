"""Study files whose targets are continuous: recording, targets, decoder and evaluation, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from ....errors import InputError, StudyError, UnknownNameError
from ...recordings.cutting import cut_runs
from ...recordings.recording import Recording
from ...run_splits import RunFolds
from ...study.derived import fields_of
from ...study.messages import checked_sections
from ...study.recordings import AnyRecording
from ...study.section import AnyPath, Natural, Positive, Section
from ...study.settings import Steps
from ...study.study import CONTINUOUS, naming, read_document
from .filters import FIELD
from .kalman import Quantity
from .preparation import KinematicsPreparation, prepare_kinematics
from .result import KinematicsEvaluation
from .run import evaluate_kinematics
from .targets import Kinematics, of_channels, read_kinematics


class KinematicsSection(Section):
    """Channels of the recording; or an array of a file, with its times or a row for each sample of the recording."""

    channels: list[str] | None = Field(None, min_length=1)
    """Channels of the recording that are targets; all others are activity."""
    path: AnyPath | None = None
    """A ``.npz`` or ``.mat`` file."""
    values: str | None = None
    time_s: str | None = None
    run: str | None = None
    names: list[str] | None = None
    quantity: Quantity = "velocity"
    """What values are; a Kalman filter gets the other one from it."""

    @model_validator(mode="after")
    def _says_where(self) -> KinematicsSection:
        if (self.channels is None) == (self.path is None) or (self.path is None) != (self.values is None):
            raise InputError(
                "expected either channels of the recording, or a path and the array of its values, such as "
                'path = "hand.npz", values = "velocity"'
            )
        if self.channels is not None and (given := self.model_fields_set & {"time_s", "run", "names"}):
            raise InputError(f"{', '.join(sorted(given))}: goes with path and values, not with channels")
        return self

    def of(self, whole: Recording, start_s: float) -> tuple[Recording, Kinematics]:
        """The recording without the targets, and these."""
        if self.channels is not None:
            return of_channels(whole, self.channels, self.quantity)
        assert self.path is not None
        assert self.values is not None
        options: dict[str, Any] = self.given("channels", "path", "values")
        return whole, read_kinematics(whole, self.path, self.values, **options, start_s=start_s)


class ContinuousTargetsSection(Section):
    """The targets of a study of movement."""

    kinematics: KinematicsSection


class LagsDecoderSection(Section):
    """Ridge on delayed activity."""

    steps: Steps = []
    lags: list[int] | None = Field(None, min_length=1)
    """In samples after the steps: with 2, activity two samples before. By default 0 to 9."""
    alphas: list[Positive] | None = Field(None, min_length=1)
    """Strengths to choose from; by default a grid on the scale of the features."""


def _filters(given: Sequence[str]) -> Sequence[str]:
    for name in given:
        if name not in FIELD:
            raise UnknownNameError("filter", name, FIELD)
    return given


@fields_of(evaluate_kinematics, without=("recording", "targets", "lags", "steps", "alphas", "folds", "field"))
class KinematicsEvaluationSection(Section):
    """See `hotwire.decoder.experiments.kinematics.run.evaluate_kinematics`."""

    folds: RunFolds = "run"
    field: list[str] = list(FIELD)
    n_shuffles: Annotated[int, Field(ge=1)]
    n_permutations: Annotated[int, Field(ge=1)]
    seed: Natural

    @model_validator(mode="after")
    def _has_filters(self) -> KinematicsEvaluationSection:
        _filters(self.field)
        return self


class KinematicsSections(Section):
    """The sections of a study of continuous targets."""

    recording: AnyRecording
    targets: ContinuousTargetsSection
    decoder: LagsDecoderSection = Field(default_factory=lambda: LagsDecoderSection.model_validate({}))
    evaluation: KinematicsEvaluationSection = Field(
        default_factory=lambda: KinematicsEvaluationSection.model_validate({})
    )


@dataclass(frozen=True)
class KinematicsStudy:
    """A study of continuous targets, opened and checked; `text` is the whole file."""

    path: Path
    text: str = field(repr=False)
    sections: KinematicsSections = field(repr=False)

    def read(self) -> tuple[Recording, Kinematics]:
        """Read the recording and its targets, cut into runs if the study says so."""
        section = self.sections.recording
        with naming(self.path, "recording: "):
            whole = section.read_whole()
        with naming(self.path, "targets.kinematics: "):
            brain, targets = self.sections.targets.kinematics.of(whole, self._start_s())
        if section.cut is None:
            return brain, targets
        with naming(self.path, "recording: "):
            cut = cut_runs(brain, **section.cut.given())
            return cut, targets.cut_as(brain, cut)

    def _start_s(self) -> float:
        """The time of each run's first sample on the clock of the targets."""
        section: Any = self.sections.recording
        times = self.sections.targets.kinematics.time_s
        if section.kind == "nwb" and times is not None:
            raise InputError(
                f"time_s: expected none beside a recording of kind 'nwb', as the clock of its file is not kept, got "
                f"{times!r}; interpolate the values to the recording, and give a row for each sample"
            )
        return section.start_s if section.kind == "spike_times" else 0.0

    def prepare(self, recording: Recording, targets: Kinematics) -> KinematicsPreparation:
        """All of an evaluation that comes before anything is fitted."""
        with naming(self.path):
            evaluation = {
                name: of for name, of in self.sections.evaluation.given().items() if name in ("folds", "seed")
            }
            return prepare_kinematics(recording, targets, **self.sections.decoder.given() | evaluation)

    def evaluate(self, recording: Recording, targets: Kinematics) -> KinematicsEvaluation:
        """Evaluate as the study says."""
        with naming(self.path):
            given = self.sections.decoder.given() | self.sections.evaluation.given()
            return evaluate_kinematics(recording, targets, **given)


def open_kinematics(path: Path) -> KinematicsStudy | None:
    """Open a study of continuous targets and check all of it; None where its targets are others.

    A StudyError is raised where there is no such file, it is no TOML, or fields are wrong.
    """
    text, document = read_document(path)
    targets = document.get("targets")
    if not isinstance(targets, dict) or CONTINUOUS not in targets:
        return None
    if "network" in document:
        raise StudyError(
            f"{path}: network: expected none, as continuous targets are decoded straight from activity; take out "
            "[network], or [targets.kinematics]"
        )
    return KinematicsStudy(path, text, checked_sections(KinematicsSections, document, path.parent, path))
