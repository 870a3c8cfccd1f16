"""Study files: a recording, a network, a decoder and its evaluation, written down in TOML.

The fields are those of the Python API. Whatever is left out takes the Python default; paths are relative to the study
file, and may name environment variables as ``${NAME}``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from ..adapters.ridge import RidgeAdapter
from ..errors import InputError, RecordingError, StudyError, UnknownNameError
from ..models.assets import assets
from ..models.network import Network
from ..models.opening import open_network
from .decoder import Decoder, Settings, default_adapter
from .evaluation import CONTROLS, Evaluation, evaluate, tune
from .folds import Choice
from .readout import readout_from_dict
from .recording import Recording
from .steps import step_from_dict, window_from_dict
from .study_recordings import AnyRecording, OneOrMore, ResponsesRecording, Section, expanded, folder_of
from .targets import TEMPLATE, StimulusTargets, Targets, WordTargets


def _made_by(from_dict: Callable[[Mapping[str, Any]], Any]) -> AfterValidator:
    """Turn a table ``{type = ..., setting = ...}`` into what it describes."""

    def made(given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table such as {{ type = ..., ... }}, got {given!r}")
        try:
            return from_dict(given)
        except TypeError as error:
            raise InputError(f"a setting has a value of the wrong kind in {dict(given)!r}: {error}") from error

    return AfterValidator(made)


def _layer(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise InputError(f"expected a layer's name or number, got {given!r}")
    return str(given)


def _folds(given: Any) -> Any:
    if given != "run" and (isinstance(given, bool) or not isinstance(given, int) or given < 2):
        raise InputError(f"expected 'run' or a number of at least 2, got {given!r}")
    return given


def _control(given: str) -> str:
    if given not in CONTROLS:
        raise UnknownNameError("control", given, CONTROLS)
    return given


def _network_name(given: str, info: ValidationInfo) -> str:
    """A name of the registry as it is; else the path of a file or folder, seen from the study file."""
    name = expanded(given)
    path = folder_of(info) / Path(name).expanduser()
    return str(path) if name not in {known.name for known in assets("network")} and path.exists() else name


class AdapterSection(Section):
    """What differs from `hotwire.decoder.decoder.default_adapter`."""

    alphas: OneOrMore[Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = Field(None, min_length=1)
    alpha_per: Literal["all", "unit"] | None = None
    choose_by: Literal["error", "direction"] | None = None
    gain: Literal["none", "total", "unit"] | None = None
    scale: Literal["none", "unit_variance"] | None = None


def _adapter(section: AdapterSection) -> RidgeAdapter:
    return default_adapter().set_params(**section.model_dump(exclude_unset=True))


Layer = Annotated[str, BeforeValidator(_layer)]
Steps = list[Annotated[Any, _made_by(step_from_dict)]]
AnyWindow = Annotated[Any, _made_by(window_from_dict)]
Whiten = Literal["none", "samples"]
Adapter = Annotated[AdapterSection, AfterValidator(_adapter)]
AnyReadout = Annotated[Any, _made_by(readout_from_dict)]


class NetworkSection(Section):
    """See `hotwire.models.open_network`."""

    name: Annotated[str, AfterValidator(_network_name)]
    prompt: str | None = None


class TargetsSection(Section):
    """Words for the recording's labels, or the very pictures of a recording of kind "responses"."""

    words: dict[str, OneOrMore[str]] | None = None
    template: str = TEMPLATE
    stimuli: Literal["recording"] | None = None
    others: Literal["error", "leave out"] = "error"
    """What to do with events whose label has no word."""

    @model_validator(mode="after")
    def _are_words_or_stimuli(self) -> TargetsSection:
        if (self.words is None) == (self.stimuli is None):
            raise InputError('expected either words = { label = "word", ... } or stimuli = "recording"')
        if self.words is not None:
            WordTargets(self.words, self.template)  # says what is wrong with them
        return self


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


AnyChoice = Annotated[
    ChooseLayer
    | ChooseSteps
    | ChooseWindow
    | ChooseWhiten
    | ChooseAdapter
    | ChooseReadout
    | ChoosePrompt
    | ChooseFitSteps
    | ChooseFitWindow,
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

    @model_validator(mode="after")
    def _has_stimuli(self) -> StudySections:
        if self.targets.stimuli is not None and not isinstance(self.recording, ResponsesRecording):
            raise InputError(
                'targets.stimuli: expected a recording of kind "responses", which has pictures, got one of kind '
                f'"{self.recording.kind}"; give words instead'
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
        with self._naming("recording: "):
            recording = self.sections.recording.read()
            if targets.words is None or targets.others == "error":
                return recording
            return recording.select(labels=list(targets.words))

    def network(self) -> Network:
        """Open the network."""
        with self._naming("network: "):
            return open_network(self.sections.network.name, prompt=self.sections.network.prompt)

    def decoder(self) -> Decoder:
        """Open the network and give the decoder, unfitted."""
        network = self.network()
        with self._naming("targets: "):
            targets = self._targets(network)
        with self._naming("decoder: "):
            return Decoder(network, targets, self.sections.decoder.settings())

    def evaluate(self, decoder: Decoder, recording: Recording) -> Evaluation:
        """Evaluate as the study says."""
        with self._naming():
            return evaluate(decoder, recording, **self.sections.evaluation.arguments())

    def fit(self, decoder: Decoder, recording: Recording) -> Decoder:
        """Fit on the whole recording, after making the choices of the evaluation by all its runs."""
        section = self.sections.evaluation
        with self._naming():
            if section.choose:
                decoder = tune(decoder, recording, section.choices(), inner_folds=section.inner_folds)
            return decoder.fit(recording)

    def _targets(self, network: Network) -> Targets:
        section, recording = self.sections.targets, self.sections.recording
        if section.words is not None:
            return WordTargets(section.words, section.template)
        assert isinstance(recording, ResponsesRecording)  # checked when the study was opened
        return StimulusTargets(recording.pictures, network)

    @contextmanager
    def _naming(self, place: str = "") -> Iterator[None]:
        """Name the file, and the place in it, in errors that what it says leads to."""
        try:
            yield
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
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError as error:
        raise StudyError(f"{path}: there is no such file; `hotwire init {path}` writes one to begin with") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path}: cannot be read as TOML: {error}") from error
    try:
        sections = StudySections.model_validate(document, context={"folder": path.parent})
    except ValidationError as error:
        wrong = [_told(one, document) for one in error.errors(include_url=False)]
        raise StudyError(f"{path}: " + "\n  ".join(["several fields are wrong:"] * (len(wrong) > 1) + wrong)) from error
    return Study(path, text, sections)


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
