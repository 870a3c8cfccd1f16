"""The recordings that a study file can name: the fields of each kind of reader, checked, and how to read them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from ..errors import InputError, MissingExtraError, RecordingError, UnknownNameError
from ..models.assets import asset, assets, fetch
from . import readers
from .readers.arrays import DAMAGED
from .recording import Recording
from .steps.regress_out import regress_out

T = TypeVar("T")


class Section(BaseModel):
    """A table of a study file. It has all its required fields and no unknown ones."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _has_known_fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table with the fields {', '.join(cls.model_fields)}, got {given!r}")
        for name in given:
            if name not in cls.model_fields:
                raise UnknownNameError("field", name, cls.model_fields)
        for name, field in cls.model_fields.items():
            if field.is_required() and name not in given:
                raise InputError(f"expected a field {name!r}, got none; the fields are: {', '.join(cls.model_fields)}")
        return given


def expanded(text: str) -> str:
    """Put in the values of environment variables, written ``${NAME}``.

    Raises
    ------
    InputError
        A variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise InputError(f"the environment variable {name} is not set, which {text!r} needs; set it and try again")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)


def folder_of(info: ValidationInfo) -> Path:
    """The study file's folder, from which its paths go out."""
    assert info.context is not None  # given by open_study
    return info.context["folder"]


def _path(given: Any, info: ValidationInfo) -> Path:
    if not isinstance(given, str):
        raise InputError(f"expected a path, got {given!r}")
    return folder_of(info) / Path(expanded(given)).expanduser()


def _listed(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


def _known_recording(name: str) -> str:
    if asset(name).kind != "recording":
        raise UnknownNameError("recording", name, [known.name for known in assets("recording")])
    return name


AnyPath = Annotated[Path, BeforeValidator(_path)]
"""Relative to the study file's folder."""
OneOrMore = Annotated[list[T], BeforeValidator(_listed)]
RunName = Any
"""Numbers or names; the readers check them."""


class AssetRecording(Section):
    """A recording of the registry, fetched if need be."""

    kind: Literal["asset"]
    name: Annotated[str, AfterValidator(_known_recording)]

    def read(self) -> Recording:
        folder = fetch(self.name)
        return _with_attributes(
            readers.read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz"), folder / "attributes_literal.txt"
        )


class NiftiRecording(Section):
    """See `hotwire.decoder.readers.read_nifti` and `read_attributes`."""

    kind: Literal["nifti"]
    bold: OneOrMore[AnyPath]
    mask: AnyPath | None = None
    events: OneOrMore[AnyPath] | None = None
    attributes: AnyPath | None = None
    run: OneOrMore[RunName] | None = None
    tr_s: float | None = None
    on_event_outside: Literal["error", "drop"] = "error"

    @model_validator(mode="after")
    def _has_one_table(self) -> NiftiRecording:
        if (self.events is None) == (self.attributes is None):
            raise InputError("expected either events or attributes, to tell what was shown when")
        return self

    def read(self) -> Recording:
        given = self.model_dump(exclude={"kind", "attributes"})
        recording = readers.read_nifti(**given)
        return recording if self.attributes is None else _with_attributes(recording, self.attributes)


class OpenfmriRecording(Section):
    """See `hotwire.decoder.readers.read_openfmri`."""

    kind: Literal["openfmri"]
    folder: AnyPath
    subject: str = "sub001"
    task: str = "task001"
    mask: AnyPath | None = None
    bold: str = "bold.nii.gz"
    model: str = "model001"

    def read(self) -> Recording:
        return readers.read_openfmri(**self.model_dump(exclude={"kind"}))


class BidsRecording(Section):
    """See `hotwire.decoder.readers.read_bids`; confounds that are named are regressed out."""

    kind: Literal["bids"]
    root: AnyPath
    subject: str
    task: str
    session: str | None = None
    mask: AnyPath | None = None
    space: str | None = None
    confounds: list[str] | None = None
    events_root: AnyPath | None = None
    label: str = "trial_type"
    missing_confounds: Literal["error", "mean"] = "error"
    on_event_outside: Literal["error", "drop"] = "error"

    def read(self) -> Recording:
        recording = readers.read_bids(**self.model_dump(exclude={"kind"}))
        return regress_out(recording) if self.confounds else recording


class NpzRecording(Section):
    """See `hotwire.decoder.readers.read_npz`."""

    kind: Literal["npz"]
    path: AnyPath

    def read(self) -> Recording:
        return readers.read_npz(self.path)


class MneRecording(Section):
    """Any file that `mne.io.read_raw` reads; see `hotwire.decoder.readers.from_mne`."""

    kind: Literal["mne"]
    path: AnyPath
    channels: list[str] | None = None
    bads: Literal["error", "drop", "keep"] = "error"

    def read(self) -> Recording:
        try:
            import mne
        except ImportError as error:
            raise MissingExtraError("reading with MNE-Python needs mne; install hotwire[all]") from error
        try:
            raw = mne.io.read_raw(self.path, preload=True, verbose="error")
        except DAMAGED as error:
            raise RecordingError(f"{self.path}: cannot be read by MNE-Python: {error}") from error
        return readers.from_mne(raw, self.channels, self.bads)


class XdfRecording(Section):
    """See `hotwire.decoder.readers.read_xdf`."""

    kind: Literal["xdf"]
    path: AnyPath
    stream: str | None = None
    markers: str | None = None
    channels: list[str] | None = None
    rate_hz: float | None = None
    on_event_outside: Literal["error", "drop"] = "error"

    def read(self) -> Recording:
        return readers.read_xdf(**self.model_dump(exclude={"kind"}))


class ResponsesRecording(Section):
    """See `hotwire.decoder.readers.read_responses` and `read_pictures`."""

    kind: Literal["responses"]
    responses: AnyPath
    stimuli: AnyPath
    unit: str = "spikes"

    @cached_property
    def pictures(self) -> dict[str, Any]:
        """The pictures by name."""
        return readers.read_pictures(self.stimuli)

    def read(self) -> Recording:
        return readers.read_responses(self.responses, list(self.pictures), unit=self.unit)


AnyRecording = Annotated[
    AssetRecording
    | NiftiRecording
    | OpenfmriRecording
    | BidsRecording
    | NpzRecording
    | MneRecording
    | XdfRecording
    | ResponsesRecording,
    Field(discriminator="kind"),
]


def _with_attributes(recording: Recording, path: Path) -> Recording:
    run, events = readers.read_attributes(path, recording.tr_s)
    return replace(recording, run=run, events=events)
