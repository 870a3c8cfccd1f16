"""The shared slice of Haxby et al. as a BIDS dataset with fMRIPrep's output, as somebody would bring it."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np

from hotwire.decoder.readers import read_attributes
from hotwire.decoder.recordings.events import Events

TR_S = 2.5


def write_haxby(slice_folder: Path, root: Path, events_of: int | None = None) -> Path:
    """Write twelve runs and their events, and return the folder of the preprocessed images.

    With `events_of`, blocks become events of 5 s at their true onsets, 5 s before the labels of the recording, this
    many in each block.
    """
    image: nibabel.Nifti1Image = nibabel.load(slice_folder / "bold.nii.gz")  # type: ignore[attr-defined]
    mask: nibabel.Nifti1Image = nibabel.load(slice_folder / "mask.nii.gz")  # type: ignore[attr-defined]
    values = np.asanyarray(image.dataobj)
    run, blocks = read_attributes(slice_folder / "attributes_literal.txt", TR_S)
    preprocessed = root / "derivatives" / "fmriprep"
    raw_func, func = (folder / "sub-1" / "func" for folder in (root, preprocessed))
    for folder in (raw_func, func):
        folder.mkdir(parents=True)
    (root / "dataset_description.json").write_text(json.dumps({"Name": "objects", "BIDSVersion": "1.8.0"}))
    for number, name in enumerate(np.unique(run).tolist(), start=1):
        stem = f"sub-1_task-objects_run-{number}"
        of_run = nibabel.Nifti1Image(values[..., run == name], image.affine, image.header)
        of_run.header.set_zooms((*image.header.get_zooms()[:3], TR_S))
        nibabel.save(of_run, func / f"{stem}_space-MNI_desc-preproc_bold.nii.gz")  # type: ignore[attr-defined]
        nibabel.save(mask, func / f"{stem}_space-MNI_desc-brain_mask.nii.gz")  # type: ignore[attr-defined]
        (func / f"{stem}_space-MNI_desc-preproc_bold.json").write_text(json.dumps({"RepetitionTime": TR_S}))
        table = _table(blocks.take(blocks.run == name), events_of)
        (raw_func / f"{stem}_events.tsv").write_text("\n".join(["onset\tduration\ttrial_type", *table]) + "\n")
    return preprocessed


def _table(blocks: Events, events_of: int | None) -> list[str]:
    rows = []
    for onset_s, duration_s, label in zip(blocks.onset_s, blocks.duration_s, blocks.label, strict=True):
        if events_of is None:
            rows.append(f"{onset_s:g}\t{duration_s:g}\t{label}")
        else:
            step_s = duration_s / events_of
            rows += [f"{max(onset_s - 5 + i * step_s, 0):g}\t5.0\t{label}" for i in range(events_of)]
    return rows
