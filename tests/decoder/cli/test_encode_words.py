"""``hotwire encode`` of stories and of reading times: from study files to reports, and what it says of wrong inputs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import write_npz
from hotwire.decoder.recordings.recording import Recording

from ..small_encoding import small_network
from ..small_study import save_network

STORY = """
kind = "story"
[listeners]
path = "listeners.npz"
tr_s = 2.0
[words]
path = "words.tsv"
[network]
name = "network"
[encode]
layers = [1]
delays = [1, 2]
n_folds = 3
n_components = 2
n_tokens = 32
n_shifts = 1
corpus = "words.tsv"
sound = "sound.txt"
"""
RECORDING = STORY.replace(
    '[listeners]\npath = "listeners.npz"\ntr_s = 2.0', '[recording]\nkind = "npz"\npath = "one.npz"'
)
RECORDING = RECORDING.replace('"words.tsv"\n[network]', '["words.tsv", "words.tsv"]\n[network]')
RECORDING = RECORDING.replace('sound = "sound.txt"\n', "")
READING = """
kind = "reading"
[reading]
path = "times.csv"
time = "ms"
story = "item"
[network]
name = "network"
[encode]
corpus = "words.tsv"
n_tokens = 32
n_shuffles = 1
"""
N = 90


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "network")
    rng = np.random.default_rng(0)
    said = np.array(["picture", "tree", "dog", "face", "shoe", "cat"])[rng.integers(0, 6, 100)]
    rows = [f"{word}\t{1 + 1.75 * i:.2f}\t{1.4 + 1.75 * i:.2f}" for i, word in enumerate(said)]
    Path("words.tsv").write_text("\n".join(["word\tonset_s\toffset_s", *rows]))
    data = rng.normal(size=(4, N, 2)).astype(np.float32)
    np.savez("listeners.npz", p0=data[0], p1=data[1], p2=data[2], p3=data[3])
    np.savetxt("sound.txt", rng.normal(size=(N, 1)))
    write_npz(Recording(np.concatenate(data[:2]), 0.5, ("a", "b"), np.repeat([1, 2], N)), Path("one.npz"))
    times = [f"{word},{300 + rng.normal():.2f},{i // 25}" for i, word in enumerate(said)]
    Path("times.csv").write_text("\n".join(["word,ms,item", *times]))
    return tmp_path


def encoded(study: str) -> dict:
    Path("study.toml").write_text(study)
    result = CliRunner().invoke(hotwire, ["encode", "study.toml", "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def failed(study: str) -> str:
    Path("study.toml").write_text(study)
    result = CliRunner().invoke(hotwire, ["encode", "study.toml"])
    assert (result.exit_code, result.stdout) == (1, ""), result.stderr
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_a_story_from_file_to_report() -> None:
    found = encoded(STORY)
    assert found["nuisance"][-2:] == ["frequency among the 100 words of words.tsv", "sound"]
    assert not found["unique"]["low"] > 0.05
    assert set(found["units"]) == {"p0", "p1", "p2", "p3"}
    page = Path(found["report"]).read_text()
    assert Path(found["report"]).name == "study-encode.html"
    for text in (
        "shuffled folds, which flatter",
        "Hadidi",
        "Dupre la Tour",
        "feature_2",
        "beyond nuisance and position",
    ):
        assert text in page


def test_one_listener_of_two_runs_without_intervals() -> None:
    found = encoded(RECORDING)
    assert found["ceiling"] is None
    assert found["unique"]["low"] is None
    assert any("No intervals: expected 4 runs or more, got 2" in one for one in found["findings"])


def test_reading_times_from_file_to_report() -> None:
    found = encoded(READING)
    assert found["ceiling"] is None
    assert set(found["stories"]) == {"0", "1", "2", "3"}
    assert "No ceiling" in Path(found["report"]).read_text()


def test_wrong_inputs_name_their_field() -> None:
    def changed(study: str, old: str, new: str) -> str:
        assert old in study
        return failed(study.replace(old, new))

    assert "words: words.tsv: word 52 ('dog') is said at" in changed(STORY, "tr_s = 2.0", "tr_s = 1.0")
    assert "encode: delays: expected less than the 30 samples of a fold, got 30" in changed(
        STORY, "delays = [1, 2]", "delays = [1, 30]"
    )
    assert "words: path: expected a file for each of 2 runs, got 1" in changed(
        RECORDING, '["words.tsv", "words.tsv"]', '"words.tsv"'
    )
    assert "expected one of [listeners] of one story, and [recording]" in failed(
        STORY + RECORDING[RECORDING.index("[recording]") : RECORDING.index("[words]")]
    )
    assert "encode: layers: expected one or more" in changed(STORY, "layers = [1]", "layers = []")
    assert "encode: unknown layer '9'. There are: 0, 1, 2" in changed(STORY, "layers = [1]", "layers = [9]")
    assert 'kind "story" is run alone' in (
        CliRunner().invoke(hotwire, ["encode", "study.toml", "study.toml"]).stderr.replace("\n", " ")
    )
    np.savetxt("sound.txt", np.full((N, 1), np.nan))
    assert "encode: sound: expected finite numbers, got [nan] in row 1 of sound.txt" in failed(STORY)
    np.savetxt("sound.txt", np.zeros((N - 1, 1)))
    assert "encode: sound: expected a row for each of 90 samples" in failed(STORY)
    assert "reading: time: expected one of the table's columns" in changed(READING, 'time = "ms"', 'time = "rt"')
    broken = np.zeros((N, 2), np.float32)
    broken[3, 1] = np.nan
    np.savez("listeners.npz", a=np.ones((N, 2)), b=broken)
    assert "listeners: " in failed(STORY)
    assert "expected finite numbers" in failed(STORY)


def test_a_network_that_reads_no_words_is_named() -> None:
    with small_network():
        np.savetxt("sound.txt", np.arange(N, dtype=float)[:, None])
        message = failed(STORY.replace('name = "network"', 'name = "efficientnet-lite0"'))
    assert "network: expected a language model, which reads words" in message
