"""The real recording: one half slice of Haxby 2001, in two layouts."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from hotwire.decoder.readers import read_attributes, read_nifti, read_openfmri
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.steps import Detrend, Lag, ZScore, run_steps
from hotwire.decoder.windows import BlockAverage, RunningAverage, windows
from hotwire.errors import RecordingError

pytestmark = pytest.mark.slow

LABELS = {"face", "house", "cat", "bottle", "scissors", "shoe", "chair", "scrambledpix"}


@pytest.fixture(scope="module")
def recording(haxby: Path) -> Recording:
    run, events = read_attributes(haxby / "attributes_literal.txt", tr_s=2.5)
    return read_nifti(haxby / "bold.nii.gz", mask=haxby / "mask.nii.gz", events=events, run=run)


def test_what_the_recording_holds(haxby: Path, recording: Recording) -> None:
    assert recording.data.shape == (1452, 530)
    assert recording.tr_s == 2.5
    assert recording.run_lengths() == dict.fromkeys(range(12), 121)
    assert set(recording.events.label.tolist()) == LABELS
    bold = np.asarray(nibabel.load(haxby / "bold.nii.gz").dataobj)  # type: ignore[attr-defined]
    i, j, k = map(int, recording.feature_names[100].removeprefix("voxel_").split("_"))
    np.testing.assert_array_equal(recording.data[:, 100], bold[i, j, k])


def test_both_layouts_are_the_same_recording(haxby: Path, recording: Recording) -> None:
    other = read_openfmri(haxby / "openfmri", mask=haxby / "mask.nii.gz", bold="bold_1slice.nii.gz")
    np.testing.assert_array_equal(other.data, recording.data)
    assert other.runs == list(range(1, 13))
    assert other.feature_names == recording.feature_names
    for name in ("onset_s", "duration_s", "label"):
        np.testing.assert_array_equal(getattr(other.events, name), getattr(recording.events, name))


def test_onset_files_tell_the_same(haxby: Path, recording: Recording, tmp_path: Path) -> None:
    shutil.copytree(haxby / "openfmri", tmp_path / "copy", ignore=shutil.ignore_patterns("*.tsv"))
    for folder in (tmp_path / "copy", *(tmp_path / "copy").rglob("*")):
        folder.chmod(0o755)
    other = read_openfmri(tmp_path / "copy", mask=haxby / "mask.nii.gz", bold="bold_1slice.nii.gz")
    for name in ("onset_s", "duration_s", "label"):
        np.testing.assert_array_equal(getattr(other.events, name), getattr(recording.events, name))
    (tmp_path / "copy/sub001/model/model001/onsets/task001_run003/cond004.txt").unlink()
    with pytest.raises(RecordingError, match=r"cond004.txt: there is no such file; .*cond003.txt"):
        read_openfmri(tmp_path / "copy", bold="bold_1slice.nii.gz")


def test_missing_openfmri_files_are_listed(haxby: Path) -> None:
    with pytest.raises(RecordingError, match=r"bold.nii.gz: there is no such file; .*bold_1slice.nii.gz"):
        read_openfmri(haxby / "openfmri")
    with pytest.raises(RecordingError, match=r"task009_run\*, found task001_run001"):
        read_openfmri(haxby / "openfmri", task="task009")


def test_blocks(recording: Recording) -> None:
    trials = windows(BlockAverage(), run_steps([Lag(lag_s=5.0)], recording))
    assert trials.X.shape == (96, 530)
    np.testing.assert_array_equal(trials.stop_s - trials.start_s, np.full(96, 22.5))
    for label in LABELS:
        assert sorted(trials.run[trials.label == label].tolist()) == list(range(12))
    row = 37
    first = recording.samples_of(trials.run[row]).start + round(trials.start_s[row] / 2.5) + 2
    expected = recording.data[first : first + 9].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(trials.X[row], expected, rtol=1e-7)


def test_volumes(recording: Recording) -> None:
    trials = windows(RunningAverage(max_samples=6), run_steps([Lag(lag_s=5.0)], recording))
    assert trials.X.shape == (864, 530)
    assert set(((trials.stop_s - trials.start_s) / 2.5).tolist()) == {1, 2, 3, 4, 5, 6}


def test_blocks_can_be_told_apart(recording: Recording) -> None:
    """Leave one run out with a plain nearest class mean finds far more than one block in eight."""
    trials = windows(BlockAverage(), run_steps([Detrend(), ZScore(), Lag(lag_s=5.0)], recording))
    hits = 0
    for run in range(12):
        train = trials.run != run
        labels = np.unique(trials.label)
        means = np.stack([trials.X[train & (trials.label == label)].mean(axis=0) for label in labels])
        found = np.argmax(trials.X[~train] @ means.T - 0.5 * (means**2).sum(axis=1), axis=1)
        hits += int(np.sum(labels[found] == trials.label[~train]))
    assert hits / 96 > 0.4
