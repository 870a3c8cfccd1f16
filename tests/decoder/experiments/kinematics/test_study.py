"""Studies of continuous targets: where they are read from, and the command from file to report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.group.subjects import read_group
from hotwire.decoder.experiments.kinematics.study import open_kinematics
from hotwire.decoder.readers import write_npz
from hotwire.errors import StudyError

from .made_reaches import RATE_HZ, reaches

STUDY = """
[recording]
kind = "arrays"
path = "counts.npz"
data = "counts"
run = "run"
rate_hz = 20.0
[targets.kinematics]
path = "counts.npz"
values = "velocity"
names = ["x", "y"]
[decoder]
lags = [0, 1, 2]
alphas = [1.0, 100.0]
[evaluation]
n_permutations = 39
n_shuffles = 1
"""
TIMES = 'values = "hand"\ntime_s = "time"\nrun = "hand_run"'


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    recording, targets = reaches(n_runs=4)
    run, twice = recording.run, {"hand": targets.values.repeat(2, axis=0), "hand_run": recording.run.repeat(2)}
    time = np.tile(np.arange(400) / (2 * RATE_HZ), 4)
    np.savez("counts.npz", counts=recording.data, run=run, velocity=targets.values.T, time=time, **twice)
    Path("study.toml").write_text(STUDY)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(hotwire, list(args))


def values_of(text: str) -> tuple[np.ndarray, Any]:
    Path("study.toml").write_text(text)
    study = open_kinematics(Path("study.toml"))
    assert study is not None
    recording, targets = study.read()
    return targets.at_samples_of(recording), recording


@pytest.mark.usefixtures("made")
def test_a_study_is_evaluated_and_goes_into_a_group() -> None:
    found = json.loads(run("evaluate", "study.toml", "--json").stdout)
    assert (found["measure"], found["held_out"], found["n_samples"]) == ("r2", "runs", 4 * 198)
    assert found["score"] > 0.4
    assert found["p_value"] == 1 / 40
    assert set(found["field"]) == {"wiener", "kalman"}
    page = Path("study.html").read_text()
    assert "without a network" in page
    assert "The decoder is above chance" in page
    assert "which was held out; of all runs its R2 is the median" in page
    assert page.count("<svg") == 2
    Path("one.json").write_text(json.dumps(found))
    Path("two.json").write_text(json.dumps(found | {"run_digests": {"1": "other"}}))
    assert read_group([Path("one.json"), Path("two.json")]).main == "r2"


@pytest.mark.usefixtures("made")
def test_inspect_says_what_evaluate_would_do() -> None:
    found = json.loads(run("inspect", "study.toml", "--json").stdout)
    assert found["kind"] == "study of continuous targets"
    assert found["folds"] == [["1"], ["2"], ["3"], ["4"]]
    assert (found["decoder lags"], found["field"]) == ([0, 1, 2], ["wiener", "kalman"])
    said = "can begin: 792 of 800 samples of 0.05 s are scored, those with activity at all 3 lags, in 4 folds"
    assert found["evaluation"] == said
    for old, new, said in (
        ("[evaluation]", "[evaluation]\nfolds = 9", "cannot begin: study.toml: folds: expected 2 to 4"),
        ("lags = [0, 1, 2]", "lags = [300]", "cannot begin: study.toml: lags: expected less than the length"),
    ):
        Path("study.toml").write_text(STUDY.replace(old, new))
        assert json.loads(run("inspect", "study.toml", "--json").stdout)["evaluation"].startswith(said)
    error = " ".join(run("explain", "study.toml").output.split())
    assert "by `hotwire evaluate study.toml` alone, and `hotwire inspect study.toml` says what that will do" in error


@pytest.mark.usefixtures("made")
def test_all_ways_to_bring_targets_agree() -> None:
    by_sample, recording = values_of(STUDY)
    by_time, _ = values_of(STUDY.replace('values = "velocity"', TIMES))
    np.testing.assert_allclose(by_time, by_sample, atol=1e-12)
    _, targets = reaches(n_runs=4)
    both = np.column_stack([recording.data, targets.values])
    np.savez("both.npz", counts=both, run=recording.run)
    text = STUDY.replace(
        'path = "counts.npz"\nvalues = "velocity"\nnames = ["x", "y"]', 'channels = ["feature_12", "feature_13"]'
    )
    by_channel, rest = values_of(text.replace("counts.npz", "both.npz"))
    np.testing.assert_allclose(by_channel, by_sample, atol=1e-6)
    assert rest.feature_names == recording.feature_names


@pytest.mark.usefixtures("made")
def test_a_recording_made_in_one_go_is_cut_with_its_targets() -> None:
    whole = STUDY.replace('run = "run"\nrate', "rate").replace("rate_hz = 20.0", "rate_hz = 20.0\ncut = { n_runs = 8 }")
    by_sample, recording = values_of(whole)
    assert list(recording.run_lengths().values()) == [100] * 8
    np.savez("time.npz", hand=reaches(n_runs=4)[1].values, time=np.arange(800) / RATE_HZ)
    times = whole.replace(
        'path = "counts.npz"\nvalues = "velocity"', 'path = "time.npz"\nvalues = "hand"\ntime_s = "time"'
    )
    np.testing.assert_allclose(values_of(times)[0], by_sample)


@pytest.mark.usefixtures("made")
def test_times_count_on_the_clock_of_spikes(made: Path) -> None:
    (made / "spikes.csv").write_text("unit,time_s\n1,100.02\n1,100.07\n2,100.12\n")
    np.savez("hand.npz", v=np.array([5.0, 6.0, 7.0, 8.0]), t=np.array([100.01, 100.03, 100.06, 100.12]))
    text = """
[recording]
kind = "spike_times"
path = "spikes.csv"
bin_ms = 50.0
start_s = 100.0
[targets.kinematics]
path = "hand.npz"
values = "v"
time_s = "t"
"""
    found, recording = values_of(text)
    assert recording.n_samples == 3
    assert found.ravel().tolist() == [5.5, 7.0, 8.0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('values = "velocity"\n', "", "targets.kinematics: expected either channels of the recording, or a path and"),
        ('names = ["x", "y"]', 'names = ["x"]', "names: expected one for each of 2 dimensions, each once, got x"),
        (
            'values = "velocity"',
            'values = "hand"',
            r"'hand' to have a row for each of 800, one for each sample .*time_s",
        ),
        ('values = "velocity"', 'values = "speed"', "unknown array in .*counts.npz 'speed'"),
        ('values = "velocity"', 'values = "hand"\ntime_s = "time"', "run: expected the array with the run of each row"),
        ("lags = [0, 1, 2]", "lags = []", "decoder.lags: expected 1 or more values"),
        ("n_shuffles = 1", 'n_shuffles = 1\nfield = ["lda"]', "evaluation: unknown filter 'lda'"),
        ("[decoder]", '[network]\nname = "x"\n[decoder]', "network: expected none, as continuous targets"),
        ("[decoder]", "[decoder]\nlayer = 3", "decoder: unknown field 'layer'"),
    ],
)
@pytest.mark.usefixtures("made")
def test_wrong_fields_are_named(old: str, new: str, message: str) -> None:
    assert old in STUDY
    with pytest.raises(StudyError, match=message):
        values_of(STUDY.replace(old, new))


@pytest.mark.usefixtures("made")
def test_other_commands_and_studies_say_what_they_need() -> None:
    assert "continuous targets are decoded without a network" in run("fit", "study.toml").stderr
    assert "engine: expected none" in run("evaluate", "study.toml", "--engine", "bundle").stderr
    words = STUDY.replace("[targets.kinematics]", "[targets]\nwords = { a = 'a' }\n[evaluation]\n")
    words = words.split("[evaluation]")[0] + '[network]\nname = "n"\n[decoder]\nlayer = 1\n'
    Path("study.toml").write_text(words)
    assert "recording.label: expected it, to say what was shown when" in run("evaluate", "study.toml").stderr
    recording, _ = reaches(n_runs=2)
    write_npz(recording, Path("own.npz"))
    text = (
        '[recording]\nkind = "npz"\npath = "own.npz"\n[targets.kinematics]\npath = "counts.npz"\nvalues = "velocity"\n'
    )
    with pytest.raises(StudyError, match="a row for each of 400"):
        values_of(text)
