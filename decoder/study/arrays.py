"""The recordings of a study file that are arrays by name, or spikes of single neurons."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...errors import InputError
from ..readers.arrays.named_arrays import read_named_arrays
from ..readers.arrays.stored_pictures import read_stored_pictures
from ..readers.arrays.stored_voxels import VoxelList, VoxelMasks
from ..readers.spikes.pseudo_trials import read_spikes
from ..recordings.recording import Recording
from .section import AnyPath, OneOrMore, RecordingSection, Section


class VoxelListSection(Section):
    """See `hotwire.decoder.readers.arrays.stored_voxels.VoxelList`."""

    index: str
    shape: str
    size_mm: str | None = None
    counted_from: Literal[0, 1] = 0


class VoxelMasksSection(Section):
    """See `hotwire.decoder.readers.arrays.stored_voxels.VoxelMasks`."""

    masks: str
    labels: str
    features: str


class ArraysRecording(RecordingSection):
    """See `hotwire.decoder.readers.arrays.named_arrays.read_named_arrays` and `read_stored_pictures`.

    Without `rate_hz` or `tr_s`, and without `run`, every row is a trial and a run of its own, independent of the rows
    next to it.
    """

    kind: Literal["arrays"]
    path: AnyPath
    data: str
    label: str
    rows: Literal["samples", "features"] = "samples"
    label_names: dict[str, str] | None = None
    run: str | None = None
    block: str | None = None
    rate_hz: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tr_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    unit: str = "a.u."
    stimuli: str | None = None
    picture_shape: list[Annotated[int, Field(gt=0)]] | None = Field(None, min_length=2, max_length=3)
    voxels: VoxelListSection | None = None
    masks: VoxelMasksSection | None = None
    regions: dict[str, OneOrMore[str]] | None = None
    order: Literal["C", "F"] | None = None

    @model_validator(mode="after")
    def _is_told_once(self) -> ArraysRecording:
        for one, other in (("rate_hz", "tr_s"), ("voxels", "masks")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise InputError(f"expected {one} or {other}, got both")
        return self

    @property
    def has_pictures(self) -> bool:
        return self.stimuli is not None

    @cached_property
    def pictures(self) -> dict[str, Any]:
        if self.stimuli is None:
            return {}
        return read_stored_pictures(self.path, self.stimuli, self.picture_shape, self.order)

    def read(self) -> Recording:
        given = self.model_dump(exclude={"kind", "tr_s", "picture_shape", "voxels", "masks"})
        if self.tr_s is not None:
            given["rate_hz"] = 1.0 / self.tr_s
        if self.voxels is not None:
            given["voxels"] = VoxelList(**self.voxels.model_dump())
        if self.masks is not None:
            given["voxels"] = VoxelMasks(**self.masks.model_dump())
        return read_named_arrays(**given)


class SpikesRecording(RecordingSection):
    """See `hotwire.decoder.readers.spikes.pseudo_trials.read_spikes`."""

    kind: Literal["spikes"]
    path: AnyPath
    bin_ms: float
    start_ms: float
    stop_ms: float
    neuron: str = "neuron"
    trial: str = "trial"
    time_ms: str = "time_ms"
    label: str = "label"
    match: list[str] = []
    unit: str = "spikes/s"
    seed: int = Field(0, ge=0)

    def read(self) -> Recording:
        return read_spikes(**self.model_dump(exclude={"kind"}))
