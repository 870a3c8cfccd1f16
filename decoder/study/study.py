"""Study files: a recording, a network, a decoder and its evaluation, written down in TOML.

The fields are those of the Python API. Whatever is left out takes the Python default; paths are relative to the study
file, and may name environment variables as ``${NAME}``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ...errors import InputError, LeakError, RecordingError, StudyError
from ...errors.printable import printable
from ...models.networks.network import Network
from ..decoder import Decoder
from ..evaluation.audit.leaks import Policy, tell_before, window_in_time
from ..evaluation.audit.samples import SLOW_HZ
from ..evaluation.choices import Choice
from ..evaluation.controls import CONTROLS, control_named
from ..evaluation.evaluate import Evaluation, evaluate, tune
from ..evaluation.rivals.catalogue import rival_named
from ..evaluation.splits import n_class_folds
from ..experiments.maps.section import MapSection
from ..experiments.planning.section import PlanSection
from ..experiments.pseudo_online.section import PseudoOnlineSection
from ..recordings.recording import Recording
from ..settings import Settings
from ..sound_targets import SoundTargets
from ..targets import TEMPLATE, StimulusTargets, Targets, WordTargets
from .fields import Adapter, AnyFeatures, AnyReadout, AnyWindow, Layer, Steps, Whiten
from .networks import NetworkSection
from .recordings import AnyRecording
from .section import AnyPath, OneOrMore, Section

AnySections = TypeVar("AnySections", bound=Section)


def _folds(given: Any) -> Any:
    if isinstance(given, Mapping):
        try:
            return {"classes": n_class_folds(given)}
        except InputError as error:
            raise InputError(str(error).removeprefix("folds: ")) from error
    if given != "run" and (isinstance(given, bool) or not isinstance(given, int) or given < 2):
        raise InputError(f"expected 'run' or a number of at least 2, or {{ classes = NUMBER }}, got {given!r}")
    return given


def _control(given: str) -> str:
    return control_named(given).name


class TargetsSection(Section):
    """Words for the recording's labels, also heard as sounds, or the very pictures that a recording brings along."""

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
            self.of_words()  # says what is wrong with them
        return self

    def of_words(self) -> WordTargets:
        """The targets for words."""
        assert self.words is not None
        return WordTargets(self.words, self.template) if self.sounds is None else SoundTargets(self.words, self.sounds)


class DecoderSection(Section):
    """See `hotwire.decoder.Settings`."""

    layer: Layer
    steps: Steps | None = None
    window: AnyWindow = None
    whiten: Whiten | None = None
    adapter: Adapter | None = None
    readout: AnyReadout = None
    fit_steps: Steps | None = None
    fit_window: AnyWindow = None
    features: AnyFeatures = None

    def settings(self) -> Settings:
        return Settings(**{name: getattr(self, name) for name in self.model_fields_set})


class _Choose(Section):
    judge: Literal["nearest", "readout"] = "readout"


class ChooseLayer(_Choose):
    setting: Literal["layer"]
    values: list[Layer] = Field(min_length=1)


class ChooseSteps(_Choose):
    setting: Literal["steps"]
    values: list[Steps] = Field(min_length=1)


class ChooseWindow(_Choose):
    setting: Literal["window"]
    values: list[AnyWindow] = Field(min_length=1)


class ChooseWhiten(_Choose):
    setting: Literal["whiten"]
    values: list[Whiten] = Field(min_length=1)


class ChooseAdapter(_Choose):
    setting: Literal["adapter"]
    values: list[Adapter] = Field(min_length=1)


class ChooseReadout(_Choose):
    setting: Literal["readout"]
    values: list[AnyReadout] = Field(min_length=1)


class ChoosePrompt(_Choose):
    setting: Literal["prompt"]
    values: list[str] = Field(min_length=1)


class ChooseFitSteps(_Choose):
    setting: Literal["fit_steps"]
    values: list[Steps] = Field(min_length=1)


class ChooseFitWindow(_Choose):
    setting: Literal["fit_window"]
    values: list[AnyWindow] = Field(min_length=1)


class ChooseFeatures(_Choose):
    setting: Literal["features"]
    values: list[AnyFeatures] = Field(min_length=1)


AnyChoice = Annotated[
    ChooseLayer
    | ChooseSteps
    | ChooseWindow
    | ChooseWhiten
    | ChooseAdapter
    | ChooseReadout
    | ChoosePrompt
    | ChooseFitSteps
    | ChooseFitWindow
    | ChooseFeatures,
    Field(discriminator="setting"),
]


class EvaluationSection(Section):
    """See `hotwire.decoder.evaluate`."""

    folds: Annotated[Any, AfterValidator(_folds)] = "run"
    inner_folds: int = Field(4, ge=2)
    controls: list[Annotated[str, AfterValidator(_control)]] = list(CONTROLS)
    n_shuffles: int = Field(5, ge=1)
    n_permutations: int = Field(10_000, ge=1)
    seed: int = Field(0, ge=0)
    audit: Policy = "refuse"
    field: list[Annotated[Any, AfterValidator(rival_named)]] = []
    seconds_per_trial: float | None = Field(None, gt=0)
    choose: list[AnyChoice] = []

    def arguments(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {**given, "choose": self.choices()}

    def choices(self) -> list[Choice]:
        return [Choice(one.setting, tuple(one.values), one.judge) for one in self.choose]


class StudySections(Section):
    """A whole study file."""

    recording: AnyRecording
    network: NetworkSection
    targets: TargetsSection
    decoder: DecoderSection
    evaluation: EvaluationSection = Field(default_factory=lambda: EvaluationSection.model_validate({}))
    map: MapSection = Field(default_factory=lambda: MapSection.model_validate({}))
    plan: PlanSection = Field(default_factory=lambda: PlanSection.model_validate({}))
    pseudo_online: PseudoOnlineSection = Field(default_factory=lambda: PseudoOnlineSection.model_validate({}))

    @model_validator(mode="after")
    def _has_stimuli(self) -> StudySections:
        if self.targets.stimuli is not None and not self.recording.has_pictures:
            raise InputError(
                "targets.stimuli: expected a recording that has pictures, of kind "
                f'"responses" or "arrays" with stimuli, got one of kind "{self.recording.kind}" without; give words'
            )
        return self


@dataclass(frozen=True)
class Study:
    """A study file, opened and checked.

    Attributes
    ----------
    path : Path
    text : str
        The file as it stands.
    sections : StudySections
    """

    path: Path
    text: str = field(repr=False)
    sections: StudySections = field(repr=False)

    def recording(self) -> Recording:
        """Read the recording, with the events that are asked for."""
        targets = self.sections.targets
        with self.naming("recording: "):
            recording = self.sections.recording.read()
            if targets.words is None or targets.others == "error":
                return recording
            return recording.select(labels=list(targets.words))

    def network(self) -> Network:
        """Open the network."""
        return self.open(self.sections.network)

    def open(self, section: NetworkSection) -> Network:
        """Open one of the networks that the study names."""
        with self.naming("network: "):
            return section.open()

    def decoder(self) -> Decoder:
        """Open the network and give the decoder, unfitted."""
        network = self.network()
        targets = self.targets(network)
        with self.naming("decoder: "):
            return Decoder(network, targets, self.sections.decoder.settings())

    def evaluate(self, decoder: Decoder, recording: Recording) -> Evaluation:
        """Evaluate as the study says."""
        with self.naming():
            return evaluate(decoder, recording, **self.sections.evaluation.arguments())

    def fit(self, decoder: Decoder, recording: Recording) -> Decoder:
        """Fit on the whole recording, after making the choices of the evaluation by all its runs."""
        section = self.sections.evaluation
        with self.naming():
            if recording.rate_hz <= SLOW_HZ:
                tell_before([window_in_time(recording, decoder.settings, section.choices())])
            if section.choose:
                decoder = tune(
                    decoder, recording, section.choices(), inner_folds=section.inner_folds, folds=section.folds
                )
            return decoder.fit(recording)

    def targets(self, network: Network) -> Targets:
        """What trials should look like inside a network."""
        section, recording = self.sections.targets, self.sections.recording
        if section.words is not None:
            return section.of_words()
        with self.naming("targets: "):
            return StimulusTargets(recording.pictures, network)

    @contextmanager
    def naming(self, place: str = "") -> Iterator[None]:
        """Name the file, and the place in it, in errors that what it says leads to."""
        try:
            yield
        except LeakError:  # the design's fault, not the file's
            raise
        except (InputError, RecordingError) as error:
            raise StudyError(f"{self.path}: {place}{error}") from error


def open_study(path: str | PathLike[str]) -> Study:
    """Open a study file and check all of it; nothing is read or fetched yet.

    Raises
    ------
    StudyError
        There is no such file, it is no TOML, or fields are wrong: each is named, with what was expected and what came.
    """
    path = Path(path)
    text, document = read_document(path)
    return Study(path, text, checked_sections(StudySections, document, path.parent, path))


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a study file: its text, and what that says; a `StudyError` where it is not there or no TOML."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError as error:
        raise StudyError(f"{path}: there is no such file; `hotwire init {path}` writes one to begin with") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path}: cannot be read as TOML: {error}") from error


def checked_sections(
    sections: type[AnySections], document: Mapping[str, Any], folder: Path, name: str | Path
) -> AnySections:
    """Check what a study of that name says, whose paths go out from a folder; a `StudyError` names what is wrong."""
    try:
        return sections.model_validate(document, context={"folder": folder})
    except ValidationError as error:
        wrong = [printable(_told(one, document)) for one in error.errors(include_url=False)]
        raise StudyError(f"{name}: " + "\n  ".join(["several fields are wrong:"] * (len(wrong) > 1) + wrong)) from error


def _told(error: Any, document: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a line: the field, what was expected, what came."""
    place = _place(error["loc"], document)
    context = error.get("ctx", {})
    if isinstance(context.get("error"), Exception):
        return f"{place}: {context['error']}" if place else str(context["error"])
    got = error["input"]
    if error["type"].startswith("union_tag"):
        name = context["discriminator"].strip("'")
        known = {"kind": _tags(AnyRecording), "setting": _tags(AnyChoice)}[name]
        return f"{place}.{name}: expected one of {', '.join(known)}, got {got.get(name, 'none')!r}"
    if error["type"] == "model_attributes_type":
        return f"{place}: expected a table, got {got!r}"
    expected = error["msg"].replace("Input should be", "expected")
    return f"{place}: {expected}, got {got!r}"


def _tags(union: Any) -> list[str]:
    """What the discriminating field of a union of sections may be."""
    types, about = union.__origin__, union.__metadata__[0]
    return [kind.model_fields[about.discriminator].annotation.__args__[0] for kind in types.__args__]


def _place(location: Sequence[int | str], document: Any) -> str:
    """The field in the study's own terms, e.g. ``evaluation.choose[0].values``.

    Pydantic adds the kind that it took a table for, e.g. "nifti", to the location; no field is called so.
    """
    place, here, was_told = "", document, False
    for part in location:
        kinds = (here.get("kind"), here.get("setting")) if isinstance(here, Mapping) else ()
        if not was_told and part in kinds:
            was_told = True
            continue
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
        was_told = False
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        else:
            here = None
    return place.removeprefix(".")
