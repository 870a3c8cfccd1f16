"""The last run of the demo's session as a scanner sends it: its volumes one by one, and its blocks as a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.readers import read_events
from hotwire.decoder.recordings.recording import Recording
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.decision import LiveDecision
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.dicom import DicomFolder
from hotwire.realtime.sources.planned import PlannedSource
from hotwire.realtime.sources.volumes import VolumeFolder

from ..dicom_files import mosaic


class Writing(VirtualClock):
    """A clock that writes a volume each repetition time, while something waits on it."""

    def __init__(self, write: Any, n: int, tr_s: float) -> None:
        super().__init__()
        self._write, self._n, self._tr_s, self.n_written = write, n, tr_s, 0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        while self.n_written < self._n and self.now() >= self.n_written * self._tr_s:
            self._write(self.n_written)
            self.n_written += 1


def volumes_of(bold: Path, n: int) -> tuple[NDArray, NDArray[np.float64]]:
    """The last n volumes (x, y, z, n) of an image, as they are stored, and its affine."""
    image: Any = nibabel.load(bold)  # type: ignore[attr-defined]
    return np.asanyarray(image.dataobj)[..., -n:], image.affine


def protocol(recording: Recording, path: Path) -> Path:
    """A BIDS table of the events of a recording of one run."""
    events = recording.events
    rows = zip(events.onset_s, events.duration_s, events.label, strict=True)
    path.write_text("onset\tduration\ttrial_type\n" + "".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows))
    return path


def decided(decoder: CompiledDecoder, recording: Recording, bold: Path, folder: Path) -> list[LiveDecision]:
    """What is decided while the volumes appear as NIfTI files, with the onsets of a table of events."""
    (folder / "nifti").mkdir()
    volumes, affine = volumes_of(bold, recording.n_samples)

    def write(number: int) -> None:
        image = nibabel.Nifti1Image(volumes[..., number], affine)
        nibabel.save(image, folder / "nifti" / f"run11_{number + 1:04d}.nii")  # type: ignore[attr-defined]

    clock = Writing(write, recording.n_samples, recording.tr_s)
    source = VolumeFolder(folder / "nifti", decoder.feature_names, recording.tr_s, decoder.space, clock=clock)
    planned = PlannedSource(source, read_events(protocol(recording, folder / "events.tsv"), 1), clock)
    decisions: list[LiveDecision] = []
    with Engine(decoder, planned, LiveSettings(backlog="every"), clock=clock) as engine:
        while clock.now() < (recording.n_samples + 2) * recording.tr_s:
            decisions += engine.turn(recording.tr_s)
        assert not any(engine.losses.values())
    return decisions


def samples_by_dicom(decoder: CompiledDecoder, recording: Recording, bold: Path, folder: Path) -> NDArray[np.float32]:
    """The samples (n_samples, n_features) that come of the volumes as DICOM files."""
    (folder / "dicom").mkdir()
    volumes, affine = volumes_of(bold, recording.n_samples)
    for number in range(recording.n_samples):
        made = mosaic(volumes[..., number], number + 1, affine, tr_s=recording.tr_s)
        (folder / "dicom" / f"{number + 1}.dcm").write_bytes(made)
    clock = VirtualClock()
    source = DicomFolder(folder / "dicom", decoder.feature_names, recording.tr_s, decoder.space, clock=clock)
    source.open(1.0)
    chunk = source.pull(1.0)
    assert chunk is not None
    return chunk.samples
