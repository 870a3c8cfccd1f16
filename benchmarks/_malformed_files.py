"""Small files as they should be, one of each format, each with the study that reads it."""

from __future__ import annotations

import io
import json
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests" / "decoder"))
from small_study import STUDY, made_recording, save_network  # pyright: ignore[reportMissingImports]

LABELS = np.array(["cat", "face", "shoe"] * 8)
CODES = np.array([1, 2, 3] * 8)
ONSETS_S = 1.0 + 2.0 * np.arange(24)
RATE_HZ, N_SAMPLES, N_CHANNELS = 20.0, 1000, 3
EVENTS = "onset\tduration\ttrial_type\n" + "".join(f"{10 * i}\t2.0\t{label}\n" for i, label in enumerate(LABELS[:6]))


class Format(NamedTuple):
    """Files of a folder by their paths, which of them is damaged, and the [recording] of the study that reads it."""

    name: str
    files: dict[str, bytes]
    damaged: str
    recording: str

    def study(self, section: str | None = None) -> str:
        """The whole study file."""
        return STUDY.replace('kind = "npz"\npath = "recording.npz"', self.recording if section is None else section)

    def write(self, folder: Path) -> Path:
        """Write all files, and return the study."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (folder / "study.toml").write_text(self.study())
        return folder / "study.toml"


def formats(folder: Path) -> list[Format]:
    """All formats; the folder is for what other packages only write to a path."""
    save_network(folder / "network")
    signal = np.random.default_rng(0).normal(size=(N_SAMPLES, N_CHANNELS))
    with warnings.catch_warnings(action="ignore"):
        return [make(folder, signal) for make in MAKERS]


def _saved(path: Path, write: Callable[[Path], Any]) -> bytes:
    write(path)
    return path.read_bytes()


def _image(ending: str) -> Callable[[Path, np.ndarray], Format]:
    def make(folder: Path, _: np.ndarray) -> Format:
        import nibabel

        volumes = np.random.default_rng(0).integers(0, 900, (3, 2, 2, 30)).astype(np.int16)
        image = nibabel.Nifti1Image(volumes, np.diag([3.0, 3, 3, 1]))
        image.header.set_xyzt_units("mm", "sec")
        image.header.set_zooms((3, 3, 3, 2))
        content = _saved(folder / f"bold{ending}", lambda path: nibabel.save(image, path))  # type: ignore[attr-defined]
        section = f'kind = "nifti"\nbold = "bold{ending}"\nevents = "events.tsv"\ncut = {{ n_runs = 2 }}'
        return Format(
            f"NIfTI{ending}", {f"bold{ending}": content, "events.tsv": EVENTS.encode()}, f"bold{ending}", section
        )

    return make


def _dicom(folder: Path, _: np.ndarray) -> Format:
    from _malformed_dicom import dicom_files

    section = 'kind = "dicom"\nfolder = "dicom"\nevents = "events.tsv"\ncut = { n_runs = 2 }'
    files = dicom_files() | {"events.tsv": EVENTS.encode()}
    return Format("DICOM", files, "dicom/002.dcm", section)


def _tsv(folder: Path, signal: np.ndarray) -> Format:
    image = _image(".nii")(folder, signal)
    return image._replace(name="TSV", damaged="events.tsv")


def _json(folder: Path, signal: np.ndarray) -> Format:
    stem = "sub-1/func/sub-1_task-a"
    files = {
        f"{stem}_bold.nii": _image(".nii")(folder, signal).files["bold.nii"],
        f"{stem}_events.tsv": EVENTS.encode(),
        f"{stem}_bold.json": json.dumps({"RepetitionTime": 2.0, "TaskName": "a", "SliceTiming": [0.0, 1.0]}).encode(),
    }
    section = 'kind = "bids"\nroot = "."\nsubject = "1"\ntask = "a"\ncut = { n_runs = 2 }'
    return Format("JSON", files, f"{stem}_bold.json", section)


def _xdf(folder: Path, signal: np.ndarray) -> Format:
    from hotwire.realtime.outputs.xdf import XdfRecorder
    from hotwire.realtime.sources.source import Chunk, Marker, StreamInfo

    def write(path: Path) -> None:
        recorder = XdfRecorder(path)
        names = tuple(f"C{i}" for i in range(N_CHANNELS))
        recorder.open(StreamInfo("amp", "EEG", "id", names, ("microvolts",) * N_CHANNELS, RATE_HZ))
        stamps = 100.0 + np.arange(N_SAMPLES) / RATE_HZ
        recorder.write(Chunk(signal.astype(np.float32), stamps, float(stamps[-1])))
        for onset, label in zip(ONSETS_S.tolist(), LABELS.tolist(), strict=True):
            recorder.marker(Marker(label, 100 + onset, 1.0, 100 + onset))
        recorder.close()

    section = 'kind = "xdf"\npath = "a.xdf"\ncut = { n_runs = 2 }'
    return Format("XDF", {"a.xdf": _saved(folder / "a.xdf", write)}, "a.xdf", section)


def _fif(folder: Path, signal: np.ndarray) -> Format:
    import mne

    def write(path: Path) -> None:
        info = mne.create_info([f"C{i}" for i in range(N_CHANNELS)], RATE_HZ, "eeg")
        raw = mne.io.RawArray(1e-5 * signal.T, info, verbose="error")
        raw.set_annotations(mne.Annotations(ONSETS_S, 1.0, LABELS.tolist()))
        raw.save(path, verbose="error")

    section = 'kind = "mne"\npath = "a_raw.fif"\ncut = { n_runs = 2 }'
    return Format("FIF", {"a_raw.fif": _saved(folder / "a_raw.fif", write)}, "a_raw.fif", section)


def _edf(_: Path, signal: np.ndarray) -> Format:
    """An EDF+ file with annotations, after the format's description (https://www.edfplus.info/specs/edfplus.html)."""
    n_seconds, n_bytes = N_SAMPLES // int(RATE_HZ), 60
    channels = [*(f"EEG C{i}" for i in range(N_CHANNELS)), "EDF Annotations"]
    per_record = [int(RATE_HZ)] * N_CHANNELS + [n_bytes // 2]
    columns = [
        (16, channels),
        (80, [""] * 4),
        (8, ["uV"] * N_CHANNELS + [""]),
        (8, ["-3200"] * N_CHANNELS + ["-1"]),
        (8, ["3200"] * N_CHANNELS + ["1"]),
        (8, ["-32768"] * 4),
        (8, ["32767"] * 4),
        (80, [""] * 4),
        (8, [str(n) for n in per_record]),
        (32, [""] * 4),
    ]
    fields = [(8, "0"), (80, "X X X X"), (80, "Startdate 01-JAN-2024 X X X"), (8, "01.01.24"), (8, "00.00.00")]
    fields += [(8, str(256 * 5)), (44, "EDF+C"), (8, str(n_seconds)), (8, "1"), (4, str(len(channels)))]
    header = "".join(text.ljust(width) for width, text in fields)
    header += "".join(text.ljust(width) for width, texts in columns for text in texts)
    records = []
    for second in range(n_seconds):
        rows = slice(second * int(RATE_HZ), (second + 1) * int(RATE_HZ))
        said = f"+{second}\x14\x14\x00" + "".join(
            f"+{onset}\x151\x14{label}\x14\x00"
            for onset, label in zip(ONSETS_S.tolist(), LABELS.tolist(), strict=True)
            if second <= onset < second + 1
        )
        records.append((1000 * signal[rows]).astype("<i2").T.tobytes() + said.encode().ljust(n_bytes, b"\0"))
    section = 'kind = "mne"\npath = "a.edf"\ncut = { n_runs = 2 }'
    return Format("EDF", {"a.edf": header.encode() + b"".join(records)}, "a.edf", section)


def _nwb(folder: Path, signal: np.ndarray) -> Format:
    from pynwb import NWBHDF5IO, NWBFile, ecephys

    opened: Any = NWBHDF5IO
    series: Any = ecephys.ElectricalSeries

    def write(path: Path) -> None:
        file: Any = NWBFile(
            session_description="a", identifier="a", session_start_time=datetime(2024, 1, 1, tzinfo=UTC)
        )
        group = file.create_electrode_group(
            name="g", description="g", location="V1", device=file.create_device(name="array")
        )
        for _ in range(N_CHANNELS):
            file.add_electrode(group=group, location="V1")
        some = file.create_electrode_table_region(region=list(range(N_CHANNELS)), description="all")
        file.add_acquisition(series(name="ecog", data=1e-4 * signal, electrodes=some, rate=RATE_HZ))
        file.add_trial_column(name="word", description="shown")
        for onset, label in zip(ONSETS_S.tolist(), LABELS.tolist(), strict=True):
            file.add_trial(start_time=onset, stop_time=onset + 1, word=label)
        for i in range(N_CHANNELS):
            file.add_unit(spike_times=np.sort(np.random.default_rng(i).uniform(0, 50, 90)), id=i)
        with opened(path, "w") as file_io:
            file_io.write(file)

    section = 'kind = "nwb"\npath = "a.nwb"\nsignal = "units"\nbin_ms = 100.0\nstop_s = 50.0\ncut = { n_runs = 2 }'
    return Format("NWB", {"a.nwb": _saved(folder / "a.nwb", write)}, "a.nwb", section)


ARRAYS = (
    'kind = "continuous"\npath = "{}"\ndata = "x"\nrate_hz = "rate"\nonsets = "onsets"\nlabels = "y"\n'
    'onset_unit = "s"\nduration_s = 1.0\nlabel_names = {{ "1" = "cat", "2" = "face", "3" = "shoe" }}\n'
    "cut = {{ n_runs = 2 }}"
)


def _npz(_: Path, signal: np.ndarray) -> Format:
    content = io.BytesIO()
    np.savez(content, x=signal.astype(np.float32), rate=np.array(RATE_HZ), onsets=ONSETS_S, y=CODES)
    return Format("npz", {"a.npz": content.getvalue()}, "a.npz", ARRAYS.format("a.npz"))


def _mat(_: Path, signal: np.ndarray) -> Format:
    import scipy.io

    content = io.BytesIO()
    names = np.array(["a", "bc"], dtype=object)
    arrays = {"x": signal, "rate": RATE_HZ, "onsets": ONSETS_S, "y": CODES, "cells": names, "s": {"fs": RATE_HZ}}
    scipy.io.savemat(content, arrays)
    return Format("mat", {"a.mat": content.getvalue()}, "a.mat", ARRAYS.format("a.mat"))


def _recording(folder: Path, _: np.ndarray) -> Format:
    from hotwire.decoder.readers import write_npz

    content = _saved(folder / "recording.npz", lambda path: write_npz(made_recording(), path))
    section = 'kind = "npz"\npath = "recording.npz"'
    return Format("npz of hotwire", {"recording.npz": content}, "recording.npz", section)


def _toml(folder: Path, signal: np.ndarray) -> Format:
    whole = _recording(folder, signal)
    return whole._replace(name="TOML", files=whole.files | {"study.toml": STUDY.encode()}, damaged="study.toml")


MAKERS: list[Callable[[Path, np.ndarray], Format]] = [
    _image(".nii"),
    _image(".nii.gz"),
    _dicom,
    _tsv,
    _json,
    _xdf,
    _fif,
    _edf,
    _nwb,
    _npz,
    _mat,
    _recording,
    _toml,
]
