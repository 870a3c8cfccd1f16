"""Pictures that events name by file, as targets of a study."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from hotwire.decoder.study.study import Study, open_study
from hotwire.errors import RecordingError, StudyError

EVENTS = "onset\tduration\ttrial_type\tstim_file\n0\t4\tface\tfaces/f{run}.png\n6\t4\thouse\th.png\n12\t4\trest\tn/a\n"
STUDY = """
[recording]
{recording}
[network]
name = "efficientnet-lite0"
[targets]
stimuli = "recording"
others = "{others}"
[decoder]
layer = "head"
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    func = root / "sub-01" / "func"
    func.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for run in (1, 2):
        image = nibabel.Nifti1Image(rng.integers(0, 99, (2, 2, 2, 9)).astype(np.int16), np.eye(4))
        nibabel.save(image, func / f"sub-01_task-a_run-{run}_bold.nii.gz")  # type: ignore[attr-defined]
        (func / f"sub-01_task-a_run-{run}_events.tsv").write_text(EVENTS.format(run=run))
    (root / "task-a_bold.json").write_text(json.dumps({"RepetitionTime": 2.0}))
    (root / "stimuli" / "faces").mkdir(parents=True)
    for name in ("faces/f1.png", "faces/f2.png", "h.png", "never shown.png"):
        Image.fromarray(rng.integers(0, 255, (4, 5, 3)).astype(np.uint8)).save(root / "stimuli" / name)
    return root


def study(folder: Path, recording: str, others: str = "leave out") -> Study:
    (folder / "study.toml").write_text(STUDY.format(recording=recording, others=others))
    return open_study(folder / "study.toml")


BIDS = 'kind = "bids"\nroot = "dataset"\nsubject = "01"\ntask = "a"'


def test_pictures_of_a_dataset(dataset: Path) -> None:
    opened = study(dataset.parent, BIDS)
    pictures = opened.sections.recording.presented
    assert list(pictures) == ["faces/f1.png", "h.png", "faces/f2.png"]
    for name, picture in pictures.items():
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(Image.open(dataset / "stimuli" / name)))
    shown = opened.recording().events
    assert shown.stimulus is not None
    assert shown.stimulus.tolist() == ["faces/f1.png", "h.png", "faces/f2.png", "h.png"]
    assert len(study(dataset.parent, BIDS, "error").recording().events) == 6


def test_pictures_in_another_folder(dataset: Path) -> None:
    (dataset / "stimuli").rename(dataset.parent / "pictures")
    with pytest.raises(
        StudyError, match=r"expected a recording that has pictures or sounds, .* with a folder of stimuli"
    ):
        study(dataset.parent, BIDS)
    assert len(study(dataset.parent, f'{BIDS}\nstimuli = "pictures"').sections.recording.presented) == 3
    func = "dataset/sub-01/func/sub-01_task-a_run-1"
    nifti = (
        f'kind = "nifti"\nbold = "{func}_bold.nii.gz"\nevents = "{func}_events.tsv"\ntr_s = 2.0\nstimuli = "pictures"'
    )
    opened = study(dataset.parent, nifti)
    assert list(opened.sections.recording.presented) == ["faces/f1.png", "h.png"]
    assert len(opened.recording().events) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.png", r"there is no picture .*none.png; .* holds faces, h.png, never shown.png. Give stimuli"),
        ("../task-a_bold.json", "expected paths within"),
        ("/etc/hostname", "expected paths within"),
        ("film.mp4", "is no picture that can be read"),
    ],
)
def test_what_is_no_picture(dataset: Path, name: str, words: str) -> None:
    table = dataset / "sub-01" / "func" / "sub-01_task-a_run-1_events.tsv"
    table.write_text(EVENTS.format(run=1).replace("h.png", name))
    if name == "film.mp4":
        (dataset / "stimuli" / name).write_bytes(b"a film")
    with pytest.raises(RecordingError, match=words):
        study(dataset.parent, BIDS).sections.recording.presented  # noqa: B018


def test_tables_without_files(dataset: Path) -> None:
    for table in (dataset / "sub-01" / "func").glob("*_events.tsv"):
        table.write_text("onset\tduration\ttrial_type\n0\t4\tface\n")
    with pytest.raises(RecordingError, match="expected a column 'stim_file' that names the pictures, got the columns"):
        study(dataset.parent, BIDS).sections.recording.presented  # noqa: B018
