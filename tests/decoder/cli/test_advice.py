"""What errors advise can be done from the command line: they name a study's field and a value that works."""

from __future__ import annotations

import warnings
from pathlib import Path

import mne
import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.cli.options import recording_of
from hotwire.decoder.readers import read_npz, write_npz
from hotwire.decoder.recordings.matching import check_agrees
from hotwire.errors import InputError, RecordingError

from ..small_study import STUDY as SMALL
from ..small_study import made_recording

NETWORK = 'name = "smollm2-135m-instruct"'
STUDY = SMALL.replace('name = "network"', NETWORK)
NPZ = 'kind = "npz"\npath = "recording.npz"'
CONTINUOUS = (
    'kind = "continuous"\npath = "arrays.npz"\ndata = "x"\nonsets = "on"\nrate_hz = 100.0\nduration_s = 0.1\nlabels = '
)
EVENTS = "onset\tduration\ttrial_type\n2\t4\tcat\n10\t4\tface\n18\t4\tshoe\n90\t4\tcat\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of several kinds, each of which needs a setting that no file gives."""
    made = tmp_path_factory.mktemp("advice")
    write_npz(made_recording(), made / "recording.npz")
    write_npz(made_recording().select(runs=[1]), made / "one.npz")
    rng = np.random.default_rng(0)
    of_array = {"x": rng.normal(size=(500, 3)), "on": np.arange(10) * 40, "lab": np.arange(10) % 2 + 1}
    np.savez(made / "arrays.npz", **of_array, hot=np.eye(2)[np.arange(10) % 2])
    scans = [made / "a.nii.gz", made / "openfmri/sub001/BOLD/task001_run001/bold.nii.gz"]
    scans += [made / f"bids/sub-01/func/sub-01_task-x_run-{run}_bold.nii.gz" for run in (1, 2)]
    for number, path in enumerate(scans):
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).normal(100, 9, (2, 2, 2, 40)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(noise, np.eye(4)), path)  # it says no unit of time
    tables = [path.with_name(path.name.replace("bold.nii.gz", "events.tsv")) for path in scans[2:]]
    for path in (made / "a.tsv", scans[1].with_name("bold_events.tsv"), *tables):
        path.write_text(EVENTS)
    info = mne.create_info(["C3", "Cz"], 100.0, "eeg")
    raw = mne.io.RawArray(1e-5 * rng.normal(size=(2, 2000)), info, verbose="error")
    raw.set_annotations(mne.Annotations([1.0, 3.0], 0.0, ["cat", "face"]))
    raw.info["bads"] = ["Cz"]
    raw.save(made / "bad_raw.fif", verbose="error")
    return made


def said(*command: str | Path) -> str:
    with warnings.catch_warnings(action="ignore"):
        result = CliRunner().invoke(hotwire, list(map(str, command)))
    assert result.exit_code == 1, result.output
    return " ".join(result.output.split())


def explained(folder: Path, old: str, new: str) -> str:
    assert old in STUDY
    (folder / "study.toml").write_text(STUDY.replace(old, new))
    return said("explain", folder / "study.toml")


BIDS = 'kind = "bids"\nroot = "bids"\nsubject = "01"\ntask = "x"\n'
NIFTI = 'kind = "nifti"\nbold = "a.nii.gz"\nevents = "a.tsv"\n'
OPENFMRI = 'kind = "openfmri"\nfolder = "openfmri"\n'


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (BIDS, "give it in seconds, such as tr_s = 2.0"),
        (NIFTI, "give it in seconds, such as tr_s = 2.0"),
        (OPENFMRI, "give it in seconds, such as tr_s = 2.0"),
        # With what the line before advises, the next fault is reached.
        (BIDS + "tr_s = 2.0", "Choose on_event_outside = 'drop' to leave such events out"),
        (NIFTI + "tr_s = 2.0", "Choose on_event_outside = 'drop' to leave such events out"),
        (OPENFMRI + "tr_s = 2.0", "begins at 90 s, but run 1 lasts from 0 to 80 s"),
        (NIFTI + "tr_s = 2.0\non_event_outside = 'drop'", "folds: expected two runs or more"),
        (CONTINUOUS + '"hot"', 'name its labels in their order, such as label_names = ["left", "right"]'),
        (CONTINUOUS + '"hot"\nlabel_names = ["left", "right"]', "words: the recording's label 'left' has none"),
        (CONTINUOUS + '"lab"\nlabel_names = ["cat", "dog"]', 'such as { "1" = "cat", "2" = "dog" }, got the names cat'),
        (CONTINUOUS + '"lab"\nlabel_names = { 1 = "cat" }', 'got none for \'2\'; add one, such as "2" = "house"'),
        (CONTINUOUS + '"lab"\nlabel_names = { "1" = "cat", "2" = "dog" }', "words: the recording's label 'dog' has"),
        ('kind = "arrays"\npath = "arrays.npz"\ndata = "x"\nlabel = "lab"', 'are features, give rows = "features"'),
        ('kind = "mne"\npath = []', "recording.path: expected 1 or more values, got []"),
        ('kind = "mne"\npath = "bad_raw.fif"', "channels are marked as bad: Cz; choose bads = 'drop' or bads = 'keep'"),
        ('kind = "npz"\npath = "one.npz"', "can be cut into runs, such as by cut = { pause_s = 10.0 }"),
    ],
)
def test_a_recording_names_its_field_and_a_value_that_works(folder: Path, recording: str, words: str) -> None:
    assert words in explained(folder, NPZ, recording)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("layer = 1", 'layer = 1\nwindow = { type = "BlockAverage", stop_s = 30.0 }', 'or incomplete = "partial"'),
        (
            "layer = 1",
            'layer = 1\nwindow = { type = "BlockAverage", start_s = -3.0 }',
            'incomplete = "drop" or incompl',
        ),
        ("layer = 1", 'layer = 1\nfeatures = { type = "Spectrum" }', "decoder.features: expected the setting 'frequ"),
        (
            "layer = 1",
            'layer = 1\ndecision = { prior = "x" }',
            "prior: expected 'training' or 'equal' or a table, got",
        ),
        ("alphas = 0.1", "alphas = []", "decoder.adapter.alphas: expected 1 or more values, got []"),
        ("[evaluation]", "[evaluation]\nfolds = 9", "folds: expected 2 to 4, the number of runs, got 9"),
        (
            NETWORK,
            'name = "efficientnet-lite0"\nprompt = "{}"',
            "prompt: only language models take one",
        ),
        (
            NETWORK,
            'name = "gpt2"\nprompt = "{}"',
            "unknown network (no such file or folder either) 'gpt2'",
        ),
    ],
)
def test_a_setting_names_its_field_and_a_value_that_works(folder: Path, old: str, new: str, words: str) -> None:
    assert words in explained(folder, old, new)


def test_a_fit_on_one_run_names_what_has_no_choice(folder: Path, tmp_path: Path) -> None:
    path = folder / "study.toml"
    path.write_text(STUDY.replace("recording.npz", "one.npz").replace("adapter = { alphas = 0.1 }\n", ""))
    found = said("fit", path, "--out", tmp_path / "a.hotwire")
    assert "decoder.adapter: the fit trains on the run 1 alone" in found
    assert "name one strength: adapter = { alphas = 100.0 }" in found


@pytest.mark.parametrize(
    "command", [("replay", "bad_raw.fif", "--begin", "at-once"), ("init", "new.toml", "--mne", "bad_raw.fif")]
)
def test_where_no_flag_gives_a_setting_a_study_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    found = said(*command)
    assert "choose bads = 'drop' or bads = 'keep'. Such a setting goes into a study" in found
    assert 'in its [recording] give kind = "mne", path = "' in found


@pytest.mark.parametrize("name", ["a.nii.gz", "bad_raw.fif", "bids", "arrays.npz", "a.tsv", "recording.npz"])
def test_inspect_looks_at_what_is_there(folder: Path, name: str) -> None:
    result = CliRunner().invoke(hotwire, ["inspect", str(folder / name)])
    assert result.exit_code == 0, result.output


def test_inspect_says_that_nothing_is_there(folder: Path) -> None:
    found = said("inspect", folder / "nothere")
    assert "unknown file, folder or network" in found
    assert "smollm2-135m-instruct" in found


@pytest.mark.parametrize("name", ["bad_raw.fif", "a.tsv", "a.nii.gz"])
@pytest.mark.parametrize("command", ["evaluate", "explain", "fit", "gist"])
def test_a_recording_in_the_place_of_a_study_asks_for_a_study(folder: Path, command: str, name: str) -> None:
    assert "expected a study (.toml), which says how a recording is read; `hotwire init" in said(command, folder / name)


def test_a_file_that_is_no_recording_of_hotwire_is_not_to_be_unpickled(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.npz").write_bytes((folder / "bad_raw.fif").read_bytes())
    found = said("inspect", tmp_path / "other.npz")
    assert "expected a file of arrays (.npz), got another kind of file" in found
    assert "pickle" not in found
    with pytest.raises(InputError, match=r"expected a study \(.toml\) or a recording that hotwire wrote \(.npz\)"):
        recording_of(folder / "bad_raw.fif")


def test_the_recording_of_a_decoder_is_named_as_a_study_does(folder: Path) -> None:
    recording = read_npz(folder / "recording.npz")
    with pytest.raises(RecordingError, match=r"`channels` in the study's \[recording\]"):
        check_agrees(recording, recording.feature_names[:5], recording.unit, recording.rate_hz)
