from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers import read_bids
from hotwire.decoder.steps import regress_out
from hotwire.errors import RecordingError, UnknownNameError

EVENTS = "onset\tduration\ttrial_type\tstim_file\n0\t4\tface\tf1.png\n6.0\t4\thouse\tn/a\n"


def volumes(seed: int, n: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2000, (2, 3, 2, n)).astype(np.int16)


@pytest.fixture
def raw(tmp_path: Path, write_image: Callable[..., Path]) -> Path:
    """A dataset of one subject with two runs; the repetition time stands in one sidecar at the top only."""
    root = tmp_path / "dataset"
    func = root / "sub-01" / "func"
    for run in (1, 2):
        write_image(func / f"sub-01_task-faces_run-{run}_bold.nii.gz", volumes(run), tr=0.0)
        (func / f"sub-01_task-faces_run-{run}_events.tsv").write_text(EVENTS)
    write_image(func / "sub-01_task-rest_bold.nii.gz", volumes(3))
    (root / "task-faces_bold.json").write_text(json.dumps({"RepetitionTime": 2.0}))
    return root


@pytest.fixture
def derivatives(raw: Path, write_image: Callable[..., Path]) -> Path:
    root = raw / "derivatives" / "fmriprep"
    func = root / "sub-01" / "func"
    rng = np.random.default_rng(0)
    for run in (1, 2):
        stem = f"sub-01_task-faces_run-{run}"
        for space in ("T1w", "MNI152NLin2009cAsym"):
            write_image(func / f"{stem}_space-{space}_desc-preproc_bold.nii.gz", volumes(run + len(space)))
            sidecar = func / f"{stem}_space-{space}_desc-preproc_bold.json"
            sidecar.write_text(json.dumps({"RepetitionTime": 2.0}))
        rows = [f"{a:.4f}\t{b:.4f}" for a, b in rng.normal(size=(9, 2))]
        rows[0] = rows[0].split("\t")[0] + "\tn/a"
        table = "\n".join(["trans_x\ttrans_x_derivative1", *rows]) + "\n"
        (func / f"{stem}_desc-confounds_timeseries.tsv").write_text(table)
    return root


def test_raw_dataset(raw: Path) -> None:
    r = read_bids(raw, "01", "faces")
    assert r.tr_s == 2.0
    assert r.run_lengths() == {1: 9, 2: 9}
    np.testing.assert_array_equal(r.data[9:], volumes(2).reshape(12, 9).T)
    assert r.events.label.tolist() == ["face", "house"] * 2
    assert r.events.stimulus is not None
    assert r.events.stimulus.tolist() == ["f1.png", ""] * 2
    assert read_bids(raw, "sub-01", "faces").n_samples == 18


def test_runs_are_ordered_as_numbers(raw: Path, write_image: Callable[..., Path]) -> None:
    func = raw / "sub-01" / "func"
    write_image(func / "sub-01_task-faces_run-10_bold.nii.gz", volumes(10))
    (func / "sub-01_task-faces_run-10_events.tsv").write_text(EVENTS)
    assert read_bids(raw, "01", "faces").runs == [1, 2, 10]


def test_the_nearest_sidecar_wins(raw: Path) -> None:
    (raw / "sub-01" / "func" / "sub-01_task-faces_bold.json").write_text(json.dumps({"RepetitionTime": 1.5}))
    assert read_bids(raw, "01", "faces").tr_s == 1.5
    nearest = raw / "sub-01" / "func" / "sub-01_task-faces_run-2_bold.json"
    nearest.write_text(json.dumps({"RepetitionTime": 3}))
    with pytest.raises(RecordingError, match=r"run-1_bold.nii.gz: 1.5, .*run-2_bold.nii.gz: 3"):
        read_bids(raw, "01", "faces")
    nearest.write_text("{")
    with pytest.raises(RecordingError, match=r"run-2_bold.json: not a valid sidecar"):
        read_bids(raw, "01", "faces")


def test_events_are_inherited(raw: Path) -> None:
    for path in (raw / "sub-01" / "func").glob("*task-faces*_events.tsv"):
        path.unlink()
    with pytest.raises(RecordingError, match=r"no \*_events.tsv .* holds sub-01_task-faces_run-1_bold.nii.gz"):
        read_bids(raw, "01", "faces")
    (raw / "task-faces_events.tsv").write_text(EVENTS)
    with pytest.warns(UserWarning, match=r"task-faces_events.tsv: 2 runs have their events from this one table"):
        assert len(read_bids(raw, "01", "faces").events) == 4


def test_what_is_missing_is_listed(raw: Path) -> None:
    with pytest.raises(RecordingError, match=r"sub-02: there is no such folder; .*sub-01"):
        read_bids(raw, "02", "faces")
    with pytest.raises(RecordingError, match=r"task-objects, found .*task-faces_run-1_bold.nii.gz"):
        read_bids(raw, "01", "objects")
    with pytest.raises(UnknownNameError, match="session 'a'"):
        read_bids(raw, "01", "faces", session="a")


def test_sessions(raw: Path, write_image: Callable[..., Path]) -> None:
    for session in ("a", "b"):
        func = raw / "sub-02" / f"ses-{session}" / "func"
        write_image(func / f"sub-02_ses-{session}_task-faces_bold.nii.gz", volumes(5))
        (func / f"sub-02_ses-{session}_task-faces_events.tsv").write_text(EVENTS)
    with pytest.raises(RecordingError, match=r"has several, name one of them: a, b"):
        read_bids(raw, "02", "faces")
    assert read_bids(raw, "02", "faces", session="ses-b").source.endswith(
        "sub-02_ses-b_task-faces_bold.nii.gz; 12 voxels of the whole image"
    )


def test_one_of_several_images_of_a_run_is_named(raw: Path, write_image: Callable[..., Path]) -> None:
    write_image(raw / "sub-01" / "func" / "sub-01_task-faces_run-1_echo-2_bold.nii.gz", volumes(8))
    with pytest.raises(RecordingError, match=r"one image for each run, got .*echo-2.*entities = \{ echo = '2' \}"):
        read_bids(raw, "01", "faces")

    write_image(raw / "sub-01" / "func" / "sub-01_task-faces_run-2_echo-2_bold.nii.gz", volumes(9))
    r = read_bids(raw, "01", "faces", entities={"echo": "2"})
    np.testing.assert_array_equal(r.data[:9], volumes(8).reshape(12, 9).T)
    with pytest.raises(RecordingError, match=r"with task-faces and echo-3, found"):
        read_bids(raw, "01", "faces", entities={"echo": "3"})


@pytest.mark.parametrize("entity", ["dir-AP", "rec-magnitude", "acq-fast", "part-mag", "res-2", "den-10k"])
def test_entities_of_fmriprep_find_their_confounds_and_mask(
    raw: Path, write_image: Callable[..., Path], entity: str
) -> None:
    func = raw / "sub-09" / "func"
    stem = f"sub-09_task-faces_{entity}_run-1"
    write_image(func / f"{stem}_space-T1w_desc-preproc_bold.nii.gz", volumes(1))
    inside = np.zeros((2, 3, 2), np.int16)
    inside[0, :2] = 1
    write_image(func / f"{stem.replace('part-mag_', '')}_space-T1w_desc-brain_mask.nii.gz", inside)
    write_image(func / f"{stem}_space-MNI_desc-brain_mask.nii.gz", 1 - inside)
    (func / f"{stem}_desc-confounds_timeseries.tsv").write_text("\n".join(["rot", *map(str, range(9))]) + "\n")
    (func / f"{stem}_events.tsv").write_text(EVENTS)
    r = read_bids(raw, "09", "faces", confounds=["rot"])
    assert r.confounds is not None
    np.testing.assert_array_equal(r.confounds[:, 0], range(9))
    np.testing.assert_array_equal(r.data, volumes(1)[0, :2].reshape(4, 9).T)
    assert f"; 4 voxels within {stem.replace('part-mag_', '')}_space-T1w_desc-brain_mask.nii.gz" in r.source
    assert read_bids(raw, "09", "faces", voxels="all").n_features == 12


def test_a_brain_mask_for_some_runs_only_is_refused(derivatives: Path, write_image: Callable[..., Path]) -> None:
    func = derivatives / "sub-01" / "func"
    for run in (1, 2):
        inside = np.ones((2, 3, 2), np.int16)
        inside[0, 0, run - 1] = 0
        write_image(func / f"sub-01_task-faces_run-{run}_space-T1w_desc-brain_mask.nii.gz", inside)
        if run == 1:
            with pytest.raises(RecordingError, match=r"1 of 2 runs have a .*brain_mask.*voxels = 'all'"):
                read_bids(derivatives, "01", "faces", space="T1w")
    assert read_bids(derivatives, "01", "faces", space="T1w").n_features == 10  # in both masks


def test_all_sessions(raw: Path, write_image: Callable[..., Path]) -> None:
    for session in ("a", "b"):
        func = raw / "sub-02" / f"ses-{session}" / "func"
        write_image(func / f"sub-02_ses-{session}_task-faces_run-1_bold.nii.gz", volumes(ord(session)), tr=2.0)
        (func / f"sub-02_ses-{session}_task-faces_run-1_events.tsv").write_text(EVENTS)
    r = read_bids(raw, "02", "faces", session="all")
    assert r.runs == ["a 1", "b 1"]
    np.testing.assert_array_equal(r.data[9:], volumes(ord("b")).reshape(12, 9).T)


@pytest.mark.parametrize(
    ("sidecar", "words"),
    [
        ({"RepetitionTime": 2500}, r"RepetitionTime: expected seconds, such as 2.0, got 2500"),
        ({"RepetitionTime": 0}, r"RepetitionTime: expected seconds, such as 2.0, got 0"),
        ({"RepetitionTime": "2.0"}, r"RepetitionTime: expected seconds, such as 2.0, got '2.0'"),
        ({"RepetitionTime": 2.0}, r"RepetitionTime is 2 s, but the header of .*run-1_bold.nii.gz says 2.5 s; give"),
        ({"VolumeTiming": [0, 2, 4, 7]}, r"VolumeTiming: expected volumes evenly spaced .* 2 to 3 s"),
        ({"VolumeTiming": []}, r"VolumeTiming: expected volumes evenly spaced"),
        ({"RepetitionTime": 2.5, "StartTime": None}, r"StartTime: expected seconds"),
        ([2.0], r"not a valid sidecar"),
    ],
)
def test_times_that_cannot_be_right(raw: Path, write_image: Callable[..., Path], sidecar: object, words: str) -> None:
    for run in (1, 2):
        write_image(raw / "sub-01" / "func" / f"sub-01_task-faces_run-{run}_bold.nii.gz", volumes(run), tr=2.5)
    (raw / "task-faces_bold.json").write_text(json.dumps(sidecar))
    with pytest.raises(RecordingError, match=words):
        read_bids(raw, "01", "faces")


def test_the_given_repetition_time_is_used(raw: Path, write_image: Callable[..., Path]) -> None:
    for run in (1, 2):
        write_image(raw / "sub-01" / "func" / f"sub-01_task-faces_run-{run}_bold.nii.gz", volumes(run), tr=2.5)
    assert read_bids(raw, "01", "faces", tr_s=2.5).tr_s == 2.5
    with pytest.warns(UserWarning, match=r"tr_s: 2 s is used as given, but the header of .* says 2.5 s"):
        assert read_bids(raw, "01", "faces", tr_s=2.0).tr_s == 2.0


def test_evenly_spaced_volumes_give_the_repetition_time(raw: Path) -> None:
    (raw / "task-faces_bold.json").write_text(json.dumps({"VolumeTiming": [1.5 * i for i in range(9)]}))
    assert read_bids(raw, "01", "faces").tr_s == 1.5


def test_onsets_are_moved_by_volumes_dropped_before(raw: Path) -> None:
    sidecar = raw / "task-faces_bold.json"
    sidecar.write_text(json.dumps({"RepetitionTime": 2.0, "StartTime": 1.0}))  # slices interpolated to the middle
    assert read_bids(raw, "01", "faces").events.onset_s.tolist() == [0, 6, 0, 6]
    sidecar.write_text(json.dumps({"RepetitionTime": 2.0, "StartTime": 5.0}))  # two volumes, and slices interpolated
    with pytest.raises(RecordingError, match="begins at -4 s"):
        read_bids(raw, "01", "faces")
    assert read_bids(raw, "01", "faces", on_event_outside="drop").events.onset_s.tolist() == [2, 2]


def test_missing_durations(raw: Path) -> None:
    for path in raw.glob("sub-01/func/*_events.tsv"):
        path.write_text(EVENTS.replace("6.0\t4", "6.0\tn/a"))
    with pytest.raises(RecordingError, match=r"line 3: .* got 'n/a'; .* missing_duration_s = 0.0"):
        read_bids(raw, "01", "faces")
    assert read_bids(raw, "01", "faces", missing_duration_s=3.0).events.duration_s.tolist() == [4, 3, 4, 3]


def test_derivatives_take_events_from_the_dataset(derivatives: Path) -> None:
    with pytest.raises(RecordingError, match="name one of them: MNI152NLin2009cAsym, T1w"):
        read_bids(derivatives, "01", "faces")
    r = read_bids(derivatives, "01", "faces", space="T1w")
    np.testing.assert_array_equal(r.data[:9], volumes(1 + 3).reshape(12, 9).T)
    assert len(r.events) == 4
    assert r.confounds is None


def test_derivatives_elsewhere_need_events_root(derivatives: Path, raw: Path, tmp_path: Path) -> None:
    moved = derivatives.rename(tmp_path / "prepared")
    with pytest.raises(RecordingError, match="Give events_root"):
        read_bids(moved, "01", "faces", space="T1w")
    assert len(read_bids(moved, "01", "faces", space="T1w", events_root=raw).events) == 4


def test_confounds(derivatives: Path) -> None:
    names = ["trans_x_derivative1", "trans_x"]
    with pytest.raises(RecordingError, match=r"1 of 9 entries of 'trans_x_derivative1' are n/a, the first in line 2"):
        read_bids(derivatives, "01", "faces", space="T1w", confounds=names)
    r = read_bids(derivatives, "01", "faces", space="T1w", confounds=names, missing_confounds="mean")
    assert r.confound_names == tuple(names)
    assert r.confounds is not None
    for run in (slice(0, 9), slice(9, 18)):
        assert r.confounds[run][0, 0] == pytest.approx(r.confounds[run][1:, 0].mean())
    assert np.isfinite(regress_out(r).data).all()
    with pytest.raises(UnknownNameError, match=r"'rot_x'.*trans_x"):
        read_bids(derivatives, "01", "faces", space="T1w", confounds=["rot_x"])


def test_confounds_of_a_raw_dataset_are_missed(raw: Path) -> None:
    with pytest.raises(RecordingError, match=r"desc-confounds_timeseries.tsv for .*, found .*_bold.nii.gz"):
        read_bids(raw, "01", "faces", confounds=["trans_x"])


def test_confounds_of_another_length(derivatives: Path) -> None:
    path = derivatives / "sub-01" / "func" / "sub-01_task-faces_run-1_desc-confounds_timeseries.tsv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(RecordingError, match="each of 9 volumes, got 8"):
        read_bids(derivatives, "01", "faces", space="T1w", confounds=["trans_x"])
