"""A scanner session as a BIDS data set, so that tomorrow's fit starts from it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from ...volumes import MOTION_NAMES
from ...volumes.realign import Realigner
from ..fmri.repetition_time import plausible
from ..tables import read_events
from .files import SeriesVolumes, series_files
from .session_records import FEEDBACK, decision_rows, feedback_rows, session_records

BIDS_VERSION = "1.10.0"
NAME = re.compile(r"[0-9A-Za-z]+")


def write_bids(
    folder: str | PathLike[str],
    root: str | PathLike[str],
    *,
    subject: str,
    task: str,
    run: int = 1,
    events: str | PathLike[str] | None = None,
    decisions: str | PathLike[str] | None = None,
    pattern: str = "*",
    series: int | None = None,
    protocol: str | None = None,
) -> Path:
    """Write one series of DICOM files as a run of a BIDS data set, which is made if it is not there.

    Volumes are written as they came. Beside them, below ``derivatives/hotwire``, are the head's motion from the first
    volume, as confounds that `read_bids` takes, the decisions, and the feedback from a region.

    Parameters
    ----------
    folder : path
        With the DICOM files.
    root : path
        The data set.
    subject, task : str
        Letters and digits, such as ``"01"`` and ``"regulate"``.
    run : int
    events : path, optional
        The protocol, a BIDS ``_events.tsv``; it is copied.
    decisions : path, optional
        The ``decisions.jsonl`` of ``hotwire stream --out``.
    pattern, series, protocol
        Which files are read, see `read_dicom`.

    Returns
    -------
    path
        The image.

    Raises
    ------
    RecordingError
        The series cannot be read, or the run is there already.
    InputError
        A name holds other characters than letters and digits.
    """
    import nibabel

    for what, given in (("subject", subject), ("task", task)):
        if not NAME.fullmatch(given):
            raise InputError(f"{what}: expected letters and digits, as BIDS does, such as '01', got {given!r}")
    if events is not None:
        read_events(events, run)  # raises where it is none
    records = [] if decisions is None else session_records(Path(decisions))
    root, stem = Path(root), f"sub-{subject}_task-{task}_run-{run}"
    raw, derived = (place / f"sub-{subject}" / "func" for place in (root, root / "derivatives" / "hotwire"))
    image_path = raw / f"{stem}_bold.nii.gz"
    if image_path.exists():
        raise RecordingError(f"{image_path} is there already; give another run")
    files = series_files(Path(folder), pattern, series, protocol)
    volumes, stack, motion = SeriesVolumes(files), [], []
    affine, realigner = np.eye(4), None
    for volume in volumes:
        if realigner is None:
            affine, realigner = volume.affine, Realigner(volume.values, volume.affine)
        elif volume.values.shape != stack[0].shape or np.abs(volume.affine - affine).max() > 1e-3:
            raise RecordingError(f"{folder}: volume {volume.number}: expected the grid of the first volume")
        stack.append(_compact(volume.values))
        motion.append(realigner.motion(volume.values, volume.affine).parameters)
    tr_s = next((one for one in volumes.tr_s if plausible(one)), None)
    if tr_s is None:
        raise RecordingError(f"{folder}: {files.series}: the headers have no sensible repetition time")
    raw.mkdir(parents=True, exist_ok=True)
    derived.mkdir(parents=True, exist_ok=True)
    _describe(root, "raw", "A session decoded by hotwire")
    _describe(derived.parents[1], "derivative", "What hotwire found in the session")
    # Names as fMRIPrep gives them, which the standard does not know yet: its validators are told so.
    (derived.parents[1] / ".bidsignore").write_text("*_timeseries.tsv\n*_desc-decisions_events.tsv\n", encoding="utf-8")
    image = nibabel.Nifti1Image(np.stack(stack, axis=3), affine)  # type: ignore[attr-defined]
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_zooms((*np.linalg.norm(affine[:3, :3], axis=0), tr_s))
    nibabel.save(image, image_path)  # type: ignore[attr-defined]
    _write_json(raw / f"{stem}_bold.json", {"RepetitionTime": tr_s, "TaskName": task})
    if events is not None:
        shutil.copyfile(events, raw / f"{stem}_events.tsv")
    _write_table(derived / f"{stem}_desc-confounds_timeseries.tsv", MOTION_NAMES, np.array(motion).tolist())
    if decisions is not None:
        _write_table(derived / f"{stem}_desc-decisions_events.tsv", *decision_rows(records))
        if any(record["type"] == "feedback" for record in records):
            rows = feedback_rows(records, len(stack), tr_s)
            _write_table(derived / f"{stem}_desc-feedback_timeseries.tsv", FEEDBACK, rows)
    return image_path


def _compact(values: NDArray[np.float32]) -> NDArray[Any]:
    """Whole numbers as scanners count them, where they fit; else as they are."""
    whole = values.astype(np.int16) if np.abs(values).max(initial=0.0) < 2**15 else values
    return whole if np.array_equal(whole, values) else values


def _describe(root: Path, kind: str, name: str) -> None:
    path = root / "dataset_description.json"
    if not path.exists():
        made_by = [{"Name": "hotwire", "Version": version("hotwire")}]
        _write_json(path, {"Name": name, "BIDSVersion": BIDS_VERSION, "DatasetType": kind, "GeneratedBy": made_by})
    if kind == "raw" and not (root / "README").exists():
        (root / "README").write_text("A session that was decoded while it was scanned.\n", encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    lines = ["\t".join(columns)]
    lines += ["\t".join(f"{one:.6f}" if isinstance(one, float) else str(one) for one in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
