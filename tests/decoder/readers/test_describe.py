"""What is in files that nobody has described yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers.describe import describe
from hotwire.errors import RecordingError


def test_images(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    found = describe(write_image(tmp_path / "bold.nii.gz", np.zeros((2, 3, 4, 5), np.int16), tr=2.5))
    assert (found["kind"], found["shape"], found["time_step"]) == ("nifti", [2, 3, 4, 5], 2.5)
    assert found["values"] == "int16"
    assert describe(write_image(tmp_path / "mask.nii", np.ones((2, 3, 4), np.int16)))["time_step"] is None


def test_an_image_in_units_that_do_not_exist(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    path = write_image(tmp_path / "bold.nii", np.zeros((2, 3, 4, 5), np.int16), tr=2.5)
    content = bytearray(path.read_bytes())
    content[123] = 7  # xyzt_units
    path.write_bytes(content)
    assert describe(path)["units"] == ["unknown", "unknown"]


def test_what_mne_reads(tmp_path: Path) -> None:
    stim = np.zeros(1000)
    stim[[100, 300]], stim[500] = 1, 7
    info = mne.create_info(["C3", "C4", "STI"], 100.0, ["eeg", "eeg", "stim"])  # type: ignore[arg-type]
    raw = mne.io.RawArray(np.vstack([np.zeros((2, 1000)), stim]), info, verbose="error")
    raw.set_annotations(mne.Annotations([1.0, 2.0], [0.5, 0.5], ["left", "left"]))
    raw.info["bads"] = ["C4"]
    raw.save(tmp_path / "a_raw.fif", verbose="error")
    found = describe(tmp_path / "a_raw.fif")
    assert (found["kind"], found["rate_hz"], found["seconds"]) == ("mne", 100.0, 10.0)
    assert (found["channels"], found["bad_channels"]) == (["C3", "C4", "STI"], ["C4"])
    assert found["annotations"] == {"left": 2}
    assert found["stim_channels"] == {"STI": {"1": 2, "7": 1}}


def test_arrays_and_tables(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 4), np.float32))
    assert describe(tmp_path / "a.npz") == {"kind": "arrays", "arrays": {"x": "(3, 4) float32"}}
    scipy.io.savemat(tmp_path / "a.mat", {"cnt": {"x": np.zeros((3, 4)), "fs": 100.0}, "y": np.ones(3)})
    found = describe(tmp_path / "a.mat")["arrays"]
    assert found == {"cnt": "(1, 1) struct", "y": "(1, 3) double", "cnt.x": "field", "cnt.fs": "field"}
    (tmp_path / "e.tsv").write_text("onset\ttrial_type\n" + "".join(f"{i}\t{'ab'[i % 2]}\n" for i in range(50)))
    found = describe(tmp_path / "e.tsv")
    assert (found["n_rows"], found["columns"]) == (50, {"onset": "50 values", "trial_type": ["a", "b"]})


def test_bids_folders(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    func = tmp_path / "sub-01" / "func"
    write_image(func / "sub-01_task-faces_run-1_bold.nii.gz", np.zeros((1, 1, 1, 2), np.int16))
    write_image(func / "sub-01_task-faces_run-1_space-T1w_desc-preproc_bold.nii.gz", np.zeros((1, 1, 1, 2), np.int16))
    found = describe(tmp_path)
    assert found["subjects"] == ["01"]
    assert (found["tasks"], found["spaces"], found["descriptions"]) == (["faces"], ["T1w"], ["preproc"])
    assert found["files"] == {"bold.nii.gz": 2}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.nii", b"no image", "cannot be read as NIfTI"),
        ("a.xdf", b"no stream", "XDF"),
        ("a.edf", b"no samples", "cannot be read by MNE-Python"),
        ("a_raw.fif", b"", "cannot be read by MNE-Python"),
        ("a.npz", b"no arrays", "expected a file of arrays"),
        ("a.mat", b"no arrays", "cannot be read as a MATLAB file"),
        ("a.tsv", b"\xff\xfe", "expected text in UTF-8"),
        ("a.doc", b"", "expected a file ending in one of .nii"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        describe(tmp_path / name)
    with pytest.raises(RecordingError, match="there is no such file or folder"):
        describe(tmp_path / f"other {name}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match=r"expected a BIDS folder, .* got nothing"):
        describe(tmp_path / "empty")
