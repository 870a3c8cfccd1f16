"""The recordings that a study file can name: for each kind, its reader's parameters, checked, and how it is read."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from ...errors import InputError, UnknownNameError
from ...models.weights.registry import asset, assets
from ..readers.arrays.stored_pictures import read_stored_pictures
from ..readers.arrays.stored_voxels import VoxelList, VoxelMasks
from ..readers.catalogue import READERS
from ..readers.fmri.bids import event_tables, roots_of_events
from ..readers.pictures import read_pictures, read_stimulus_files, stimulus_files
from ..readers.sounds import read_sounds
from ..readers.spikes.response_arrays import repeats_in, without
from ..readers.spikes.responses import is_table, read_presentations
from ..readers.stimuli import StimulusKind, kind_of_stimuli
from ..recordings.cutting import cut_runs
from ..recordings.joining import joined
from ..recordings.recording import Recording
from ..statistics.ceilings import noise_ceiling, single_responses
from ..steps.regress_out import regress_out
from .derived import fields_of, made_by, named_by
from .section import AnyPath, NotNegative, OneOrMore, Positive, Section


class CutSection(Section):
    """See `hotwire.decoder.cut_runs`."""

    n_runs: int | None = Field(None, ge=1)
    pause_s: Positive | None = None
    margin_s: list[NotNegative] = Field([0.0, 0.0], min_length=2, max_length=2)
    steps: Literal["restart", "go on"] = "restart"

    @model_validator(mode="after")
    def _says_once_where(self) -> CutSection:
        if (self.n_runs is None) == (self.pause_s is None):
            raise InputError("expected either n_runs or pause_s, to say where to cut")
        return self


class RecordingSection(Section):
    """What a reader takes; each kind's section also has the parameters of its reader."""

    kind: str
    cut: CutSection | None = None
    """Where to cut the recording into runs, if it was made in one go."""

    def read(self) -> Recording:
        """Read the recording, cut into runs if `cut` is given."""
        recording = self.read_whole()
        return recording if self.cut is None else cut_runs(recording, **self.cut.given())

    def read_whole(self) -> Recording:
        """Read the recording, not yet cut."""
        return READERS[self.kind](**self.given("kind", "cut"))

    @property
    def kind_of_stimuli(self) -> StimulusKind | None:
        """What the recording includes of what was presented, None for nothing; known without reading it."""
        return None

    @property
    def has_stimuli(self) -> bool:
        """Whether it includes any, also where the files are not here."""
        return self.kind_of_stimuli is not None

    @cached_property
    def presented(self) -> dict[str, Any]:
        """The pictures or sounds by their names in the events; empty where the recording includes none."""
        return {}

    @property
    def stimulus_labels(self) -> dict[str, str] | None:
        """The class of each of them; None where the network names what it sees."""
        return None

    def read_presentations(self) -> Recording:
        """Read every presentation of a stimulus by itself, also where `read` gives averages over them."""
        return self.read()

    def reliability(self) -> dict[str, float] | None:
        """How reliable responses are, by repeats of the same stimulus: figures by name; None without repeats."""
        return None


def _known_recording(name: str) -> str:
    if asset(name).kind != "recording":
        raise UnknownNameError("recording", name, [known.name for known in assets("recording")])
    return name


class AssetRecording(RecordingSection):
    name: Annotated[str, AfterValidator(_known_recording)]


class StimulusFiles(RecordingSection):
    """Events name pictures by file, in the column ``stim_file`` of their tables."""

    stimuli: AnyPath | None = None
    """The folder of these pictures."""

    @property
    def kind_of_stimuli(self) -> StimulusKind | None:
        return None if self.folder() is None else "pictures"

    @cached_property
    def presented(self) -> dict[str, Any]:
        folder = self.folder()
        return {} if folder is None else read_stimulus_files(folder, stimulus_files(self.tables()))

    def folder(self) -> Path | None:
        """The folder of the pictures; None where there is none."""
        return self.stimuli

    def tables(self) -> list[Path]:
        """The tables of events."""
        raise NotImplementedError

    def read_whole(self) -> Recording:
        return READERS[self.kind](**self.given("kind", "cut", "stimuli"))


class NiftiRecording(StimulusFiles):
    events: OneOrMore[AnyPath] | None = None
    run: OneOrMore[Any] | None = None

    @model_validator(mode="after")
    def _has_one_table(self) -> NiftiRecording:
        if self.events is not None and getattr(self, "attributes", None) is not None:
            raise InputError("expected either events or attributes, got both")
        return self

    def tables(self) -> list[Path]:
        return self.events or []


class BidsRecording(StimulusFiles):
    """The named confounds are regressed out; pictures are in the dataset's folder ``stimuli``, unless it is given."""

    confounds: list[str] | None = None

    def folder(self) -> Path | None:
        given: Any = self
        folders = [root / "stimuli" for root in roots_of_events(given.root, given.events_root)]
        return self.stimuli or next((folder for folder in folders if folder.is_dir()), None)

    def tables(self) -> list[Path]:
        names = ("root", "subject", "task", "session", "space", "events_root", "entities")
        return event_tables(**{name: of for name, of in self.given().items() if name in names})

    def read_whole(self) -> Recording:
        recording = super().read_whole()
        return regress_out(recording) if self.confounds else recording


class SeveralFiles(RecordingSection):
    """One file or several, whose runs follow each other."""

    path: Annotated[OneOrMore[AnyPath], Field(min_length=1)]

    def read_whole(self) -> Recording:
        given = self.given("kind", "cut", "path")
        return joined([READERS[self.kind](path, **given) for path in self.path])


class ContinuousRecording(RecordingSection):
    run: OneOrMore[int | str] | None = None


if TYPE_CHECKING:
    AnyVoxels = VoxelList
    AnyMasks = VoxelMasks
else:
    AnyVoxels = made_by(VoxelList, fields_of(VoxelList)(Section))
    AnyMasks = made_by(VoxelMasks, fields_of(VoxelMasks)(Section))


class ArraysRecording(RecordingSection):
    """Without `rate_hz` or `tr_s`, and without `run`, every row is a trial and a run of its own."""

    rate_hz: Positive | None = None
    tr_s: Positive | None = None
    stimuli: str | None = None
    picture_shape: list[Annotated[int, Field(gt=0)]] | None = Field(None, min_length=2, max_length=3)
    voxels: AnyVoxels | None = None
    masks: AnyMasks | None = None
    regions: dict[str, OneOrMore[str]] | None = None

    @model_validator(mode="after")
    def _says_once(self) -> ArraysRecording:
        for one, other in (("rate_hz", "tr_s"), ("voxels", "masks")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise InputError(f"expected {one} or {other}, got both")
        return self

    @property
    def kind_of_stimuli(self) -> StimulusKind | None:
        return None if self.stimuli is None else "pictures"

    @cached_property
    def presented(self) -> dict[str, Any]:
        given: Any = self
        if self.stimuli is None:
            return {}
        return read_stored_pictures(given.path, self.stimuli, self.picture_shape, given.order)

    def read_whole(self) -> Recording:
        given = self.given("kind", "cut", "tr_s", "picture_shape", "masks")
        given |= {} if self.tr_s is None else {"rate_hz": 1.0 / self.tr_s}
        given |= {} if self.masks is None else {"voxels": self.masks}
        return READERS[self.kind](**given)


class ResponsesRecording(RecordingSection):
    """Mean or single responses to the pictures of a folder or zip file, or to the sounds of a folder."""

    stimuli: AnyPath
    sites: OneOrMore[str] | None = Field(None, min_length=1)
    exclude: OneOrMore[str] = []
    repeats: AnyPath | None = None
    """The responses before they were averaged, (n_neurons, n_stimuli, n_repeats), NaN where there was no repeat."""

    @model_validator(mode="after")
    def _has_repeats_as_responses(self) -> ResponsesRecording:
        if self.repeats is not None and self.has_table:
            given: Any = self
            raise InputError(
                f"repeats: expected beside responses in a .npy file, got responses in a table, {given.responses}; "
                "leave repeats out: a table has a row for each of them"
            )
        return self

    @model_validator(mode="after")
    def _has_one_kind_of_stimuli(self) -> ResponsesRecording:
        self.kind_of_stimuli  # noqa: B018  (raises)
        return self

    @property
    def has_stimuli(self) -> bool:
        return True

    @property
    def has_table(self) -> bool:
        given: Any = self
        return is_table(given.responses)

    @property
    def kind_of_stimuli(self) -> StimulusKind | None:
        return kind_of_stimuli(self.stimuli)

    @cached_property
    def presented(self) -> dict[str, Any]:
        return read_sounds(self.stimuli) if self.kind_of_stimuli == "sounds" else read_pictures(self.stimuli)

    @property
    def stimulus_labels(self) -> dict[str, str] | None:
        """The table's, or of sounds their names: no network names what it hears."""
        if getattr(self, "label", None) is None and self.kind_of_stimuli == "pictures":
            return None
        events = self.read_whole().events
        assert events.stimulus is not None
        return dict(zip(events.stimulus.tolist(), events.label.tolist(), strict=True))

    def read_whole(self) -> Recording:
        return READERS[self.kind](**self.given("kind", "cut", "repeats") | {"stimuli": list(self.presented)})

    def read_presentations(self) -> Recording:
        fields: Any = self
        repeats = fields.responses if self.has_table else self.repeats
        if repeats is None:
            return self.read()
        given: dict[str, Any] = self.given("kind", "cut", "repeats", "responses") | {"stimuli": list(self.presented)}
        return read_presentations(repeats, **given)

    def reliability(self) -> dict[str, float] | None:
        repeats = self._single_responses()
        if repeats is None:
            return None
        ceiling = noise_ceiling(repeats)
        low, middle, high = np.percentile(ceiling, [25, 50, 75])
        return {
            "reliability of the average over repeats, median over neurons": float(middle),
            "its lower quartile": float(low),
            "its upper quartile": float(high),
            "correlation that a perfect model could reach, median over neurons": float(np.sqrt(max(middle, 0.0))),
            "repeats of a picture, on average": float(np.isfinite(repeats).sum(axis=2).mean()),
        }

    def _single_responses(self) -> NDArray[np.float64] | None:
        if self.repeats is not None:
            repeats, _ = without(repeats_in(self.repeats, len(self.presented)), self.exclude)
            return repeats.transpose(1, 0, 2)
        if not self.has_table:
            return None
        single = self.read_presentations()
        assert single.events.stimulus is not None
        return single_responses(single.data, single.events.stimulus)


SECTIONS: dict[str, type[RecordingSection]] = {
    "asset": AssetRecording,
    "nifti": NiftiRecording,
    "bids": BidsRecording,
    "mne": SeveralFiles,
    "xdf": SeveralFiles,
    "nwb": SeveralFiles,
    "neo": SeveralFiles,
    "continuous": ContinuousRecording,
    "arrays": ArraysRecording,
    "responses": ResponsesRecording,
}
"""The kinds for which a study adds something to the signature of the reader."""


@cache
def section_of(kind: str) -> type[RecordingSection]:
    """The section of a kind of recording: its own declarations, and the parameters of its reader."""
    return fields_of(READERS[kind], without=("source",))(SECTIONS.get(kind, RecordingSection))


if TYPE_CHECKING:
    AnyRecording = RecordingSection
else:
    AnyRecording = named_by("kind", READERS, section_of)
