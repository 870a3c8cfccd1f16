"""What somebody's file or folder holds, before any study says how to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RecordingError
from .arrays.array_files import array_shapes
from .dicom.slices import COMPLAINT, read_file
from .fmri.bids_files import entities_of
from .fmri.images import IMAGES, open_image
from .fmri.repetition_time import units_of
from .mne.files import open_raw
from .mne.stim_channel import steps_of
from .neo.describe import describe_neo
from .neo.files import NEO_FILES
from .nwb.describe import describe_nwb
from .tables import listing, read_table
from .xdf.streams import load_streams

MNE_FILES = (".fif", ".fif.gz", ".edf", ".bdf", ".gdf", ".vhdr", ".set", ".cnt", ".mff", ".ds", ".egi", ".nxe")
MOST = 40
"""A column of a table that has more values than these is described by their number."""


def describe(path: Path) -> dict[str, Any]:
    """Return what a file or folder holds, as plain data, with the `kind` that a study file would give it.

    RecordingError is raised if it is missing, damaged, or of a kind that hotwire does not read.
    """
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file or folder")
    for endings, kind, described in KINDS:
        if path.name.lower().endswith(endings):
            return {"kind": kind, **described(path)}
    if path.is_dir() and any(one.name.lower().endswith(NEO_FILES) for one in path.iterdir()):
        return {"kind": "neo", **describe_neo(path)}
    if path.is_dir():
        return {"kind": "bids", **_bids(path)}
    known = ", ".join(ending for endings, _, _ in KINDS for ending in endings)
    raise RecordingError(
        f"{path}: expected a file ending in one of {known}, a BIDS folder, or a network: a file ending in .onnx, or "
        "the folder of a language model"
    )


def _nifti(path: Path) -> dict[str, Any]:
    image = open_image(path)
    zooms, units = image.header.get_zooms(), units_of(image)
    return {
        "shape": list(image.shape),
        "voxel_size": [float(str(one)) for one in zooms[:3]],
        "time_step": float(str(zooms[3])) if len(zooms) > 3 else None,
        "units": list(units),
        "values": str(np.dtype(image.get_data_dtype())),
    }


def _dicom(path: Path) -> dict[str, Any]:
    slices = read_file(path)
    if slices is None:
        raise RecordingError(f"{path}: {COMPLAINT}: it is torn, or holds no picture")
    return {
        "series": str(slices.series),
        "time_step": slices.tr_s,
        "slices": len(slices.values),
        "volumes": sorted(set(slices.volume.tolist())),
        "matrix": list(slices.values.shape[:0:-1]),
        "pixel_size": list(slices.spacing),
        "from_slice_to_slice": slices.thickness_mm,
    }


def _xdf(path: Path) -> dict[str, Any]:
    streams, n_torn = load_streams(path)
    return {
        "streams": {
            f"{number}. {one.name}": {
                "type": one.type,
                "source_id": one.source_id,
                "rate_hz": one.rate_hz,
                "format": one.format,
                "channels": one.channel_names,
                "n_samples": len(one.stamps),
                "seconds": round(float(np.ptp(one.stamps)), 3) if len(one.stamps) else 0.0,
            }
            for number, one in enumerate(streams, 1)
        },
        "bytes_of_a_torn_chunk": n_torn,
    }


def _mne(path: Path) -> dict[str, Any]:
    raw = open_raw(path)
    types = raw.get_channel_types()
    stim = [name for name, kind in zip(raw.ch_names, types, strict=True) if kind == "stim"]
    values = {name: np.asarray(raw.get_data(picks=np.array([raw.ch_names.index(name)])))[0] for name in stim}
    numbers = {name: Counter(steps_of(of)[1].tolist()) for name, of in values.items()}
    return {
        "rate_hz": float(raw.info["sfreq"]),
        "seconds": round(raw.n_times / float(raw.info["sfreq"]), 3),
        "channels": raw.ch_names,
        "channel_types": dict(Counter(types)),
        "bad_channels": list(raw.info["bads"]),
        "annotations": dict(Counter(map(str, raw.annotations.description))),
        "stim_channels": {name: {str(one): n for one, n in sorted(of.items())} for name, of in numbers.items()},
    }


def _arrays(path: Path) -> dict[str, Any]:
    return {"arrays": array_shapes(path)}


def _table(path: Path) -> dict[str, Any]:
    table = read_table(path)
    values = {name: sorted(set(column)) for name, column in table.items()}
    return {
        "n_rows": len(next(iter(table.values()))),
        "columns": {name: some if len(some) <= MOST else f"{len(some)} values" for name, some in values.items()},
    }


def _bids(root: Path) -> dict[str, Any]:
    subjects = sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*") if path.is_dir())
    if not subjects:
        raise RecordingError(f"{root}: expected a BIDS folder, with a folder sub-... in it, got {listing(root)}")
    files = [entities_of(path) for path in sorted(root.glob("sub-*/**/*")) if path.is_file()]
    samples = [one for one in files if one["suffix"] in ("bold", "eeg", "ieeg", "meg")]
    named = {
        what: sorted({one[key] for one in samples if key in one})
        for what, key in (("sessions", "ses"), ("tasks", "task"), ("spaces", "space"), ("descriptions", "desc"))
    }
    return {
        "subjects": subjects,
        **{what: some for what, some in named.items() if some},
        "files": dict(Counter(f"{one['suffix']}{one['extension']}" for one in files)),
    }


KINDS: list[tuple[tuple[str, ...], str, Callable[[Path], dict[str, Any]]]] = [
    (IMAGES, "nifti", _nifti),
    ((".dcm", ".ima"), "dicom", _dicom),
    ((".xdf", ".xdfz"), "xdf", _xdf),
    (MNE_FILES, "mne", _mne),
    ((".nwb",), "nwb", describe_nwb),
    (NEO_FILES, "neo", describe_neo),
    ((".npz", ".mat"), "arrays", _arrays),
    ((".tsv", ".csv"), "table", _table),
]
"""Endings, the kind of recording in a study file, and the function that describes it."""


def is_recording(path: Path) -> bool:
    """Whether a name ends as those of files that `describe` knows."""
    return any(path.name.lower().endswith(endings) for endings, _, _ in KINDS)
