"""The recordings that a study file can name: the fields of each kind of reader, checked, and how to read them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from ...errors import InputError, UnknownNameError
from ...models.weights.assets import fetch
from ...models.weights.registry import asset, assets
from .. import readers
from ..readers.spikes.responses import load_repeats
from ..recordings.recording import Recording
from ..statistics.ceilings import noise_ceiling
from ..steps.regress_out import regress_out
from .arrays import ArraysRecording, SpikesRecording
from .electrodes import ContinuousRecording, MneRecording, SpikeTimesRecording, XdfRecording
from .section import AnyPath, OneOrMore, RecordingSection

RunName = Any
"""Numbers or names; the readers check them."""


def _known_recording(name: str) -> str:
    if asset(name).kind != "recording":
        raise UnknownNameError("recording", name, [known.name for known in assets("recording")])
    return name


class AssetRecording(RecordingSection):
    """A recording of the registry, fetched if need be."""

    kind: Literal["asset"]
    name: Annotated[str, AfterValidator(_known_recording)]

    def read(self) -> Recording:
        folder = fetch(self.name)
        return _with_attributes(
            readers.read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz"), folder / "attributes_literal.txt"
        )


class NiftiRecording(RecordingSection):
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


class OpenfmriRecording(RecordingSection):
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


class BidsRecording(RecordingSection):
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


class NpzRecording(RecordingSection):
    """See `hotwire.decoder.readers.read_npz`."""

    kind: Literal["npz"]
    path: AnyPath

    def read(self) -> Recording:
        return readers.read_npz(self.path)


class ResponsesRecording(RecordingSection):
    """See `hotwire.decoder.readers.read_responses` and `read_pictures`."""

    kind: Literal["responses"]
    responses: AnyPath
    stimuli: AnyPath
    unit: str = "spikes"
    repeats: AnyPath | None = None
    """The responses before they were averaged, (n_neurons, n_stimuli, n_repeats), NaN where there was no repeat."""

    @property
    def has_pictures(self) -> bool:
        return True

    @cached_property
    def pictures(self) -> dict[str, Any]:
        return readers.read_pictures(self.stimuli)

    def read(self) -> Recording:
        return readers.read_responses(self.responses, list(self.pictures), unit=self.unit)

    def reliability(self) -> dict[str, float] | None:
        if self.repeats is None:
            return None
        repeats = load_repeats(self.repeats, len(self.pictures))
        ceiling = noise_ceiling(repeats)
        low, middle, high = np.percentile(ceiling, [25, 50, 75])
        return {
            "reliability of the average over repeats, median over neurons": float(middle),
            "its lower quartile": float(low),
            "its upper quartile": float(high),
            "correlation that a perfect model could reach, median over neurons": float(np.sqrt(max(middle, 0.0))),
            "repeats of a picture, on average": float(np.isfinite(repeats).sum(axis=2).mean()),
        }


AnyRecording = Annotated[
    AssetRecording
    | NiftiRecording
    | OpenfmriRecording
    | BidsRecording
    | NpzRecording
    | MneRecording
    | XdfRecording
    | ContinuousRecording
    | SpikeTimesRecording
    | ArraysRecording
    | SpikesRecording
    | ResponsesRecording,
    Field(discriminator="kind"),
]


def _with_attributes(recording: Recording, path: Path) -> Recording:
    run, events = readers.read_attributes(path, recording.tr_s)
    return replace(recording, run=run, events=events)
