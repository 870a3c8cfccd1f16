"""The recordings of a study file that electrodes made: continuous, and cut into runs where that is asked for."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ...errors import InputError
from ..readers.arrays.continuous import read_continuous
from ..readers.mne.files import read_mne
from ..readers.spikes.spike_times import read_spike_times
from ..readers.xdf.recording import read_xdf
from ..recordings.cutting import cut_runs
from ..recordings.joining import joined
from ..recordings.recording import Recording
from .section import AnyPath, OneOrMore, RecordingSection, Section

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CutSection(Section):
    """See `hotwire.decoder.recordings.cutting.cut_runs`."""

    n_runs: int | None = Field(None, ge=1)
    pause_s: Positive | None = None
    margin_s: list[Seconds] = Field([0.0, 0.0], min_length=2, max_length=2)

    @model_validator(mode="after")
    def _is_told_once(self) -> CutSection:
        if (self.n_runs is None) == (self.pause_s is None):
            raise InputError("expected either n_runs or pause_s, to tell where to cut")
        return self


class ElectrodeRecording(RecordingSection):
    """What recordings of electrodes have in common: they can be cut into runs."""

    cut: CutSection | None = None

    @abstractmethod
    def read_whole(self) -> Recording:
        """Read the recording, not yet cut."""

    def read(self) -> Recording:
        recording = self.read_whole()
        if self.cut is None:
            return recording
        before_s, behind_s = self.cut.margin_s
        return cut_runs(recording, self.cut.n_runs, pause_s=self.cut.pause_s, margin_s=(before_s, behind_s))


class MneRecording(ElectrodeRecording):
    """Files that `mne.io.read_raw` reads, or of epochs; see `hotwire.decoder.readers.mne.files.read_mne`."""

    kind: Literal["mne"]
    path: OneOrMore[AnyPath]
    channels: list[str] | None = None
    bads: Literal["error", "drop", "keep"] = "error"
    stim_channel: str | None = None
    event_id: dict[str, int] | None = None
    bad_spans: Literal["keep", "drop events", "cut"] = "keep"
    not_finite: Literal["error", "drop channels", "cut"] = "error"
    on_event_outside: Literal["error", "drop"] = "error"

    def read_whole(self) -> Recording:
        given = self.model_dump(exclude={"kind", "cut", "path"})
        return joined([read_mne(path, **given) for path in self.path])


class XdfRecording(ElectrodeRecording):
    """See `hotwire.decoder.readers.read_xdf`."""

    kind: Literal["xdf"]
    path: OneOrMore[AnyPath]
    stream: str | None = None
    markers: str | None = None
    channels: list[str] | None = None
    rate_hz: float | None = None
    on_event_outside: Literal["error", "drop"] = "error"
    not_finite: Literal["error", "drop channels", "cut"] = "error"

    def read_whole(self) -> Recording:
        given = self.model_dump(exclude={"kind", "cut", "path"})
        return joined([read_xdf(path, **given) for path in self.path])


class ContinuousRecording(ElectrodeRecording):
    """See `hotwire.decoder.readers.arrays.continuous.read_continuous`."""

    kind: Literal["continuous"]
    path: OneOrMore[AnyPath]
    data: str
    rate_hz: Positive | str
    onsets: str
    labels: str
    rows: Literal["samples", "channels"] = "samples"
    channel_names: str | list[str] | None = None
    channels: list[str] | None = None
    label_names: str | list[str] | dict[str, str] | None = None
    onset_unit: Literal["samples", "s", "ms"] = "samples"
    counted_from: float = 0.0
    duration_s: Seconds | str = 0.0
    unit: str | list[str] = "a.u."
    run: OneOrMore[int | str] | None = None
    on_event_outside: Literal["error", "drop"] = "error"

    def read_whole(self) -> Recording:
        return read_continuous(**self.model_dump(exclude={"kind", "cut"}))


class SpikeTimesRecording(ElectrodeRecording):
    """See `hotwire.decoder.readers.spikes.spike_times.read_spike_times`."""

    kind: Literal["spike_times"]
    path: AnyPath
    bin_ms: Positive
    events: AnyPath
    unit: str = "unit"
    time_s: str = "time_s"
    onset_s: str = "onset_s"
    label: str = "label"
    duration_s: str | None = None
    run: str | None = None
    units: list[str | int] | None = None
    start_s: float = 0.0
    stop_s: float | dict[str, float] | None = None
    values: Literal["rates", "counts"] = "rates"
    on_event_outside: Literal["error", "drop"] = "error"

    def read_whole(self) -> Recording:
        return read_spike_times(**self.model_dump(exclude={"kind", "cut"}))
