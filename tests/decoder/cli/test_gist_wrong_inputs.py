"""What is wrong with the inputs of a study of gist is one clear line, before anything slow."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import read_npz, write_npz
from hotwire.decoder.recordings.recording import Recording

from ..small_study import save_network

STUDY = """
kind = "gist"
[recording]
kind = "npz"
path = "recording.npz"
[words]
path = ["1.tsv", "2.tsv"]
[network]
name = "network"
[gist]
layer = 1
n_components = 2
n_folds = 2
n_mixtures = 0
[beam]
width = 2
nucleus = { ratio = 0.0, mass = 1.0 }
[evaluation]
held_out = 2
n_nulls = 2
"""
HEAD = "word\tonset_s\toffset_s"
POINTER = "/annex/objects/MD5E-s900--aa.TextGrid\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "network")
    rng = np.random.default_rng(0)
    data, run = rng.normal(size=(120, 3)).astype(np.float32), np.repeat([1, 2], 60)
    write_npz(Recording(data, 0.5, ("a", "b", "c"), run), tmp_path / "recording.npz")
    said = np.array(["picture", "tree", "dog", "face", "shoe", "cat"])
    for one in (1, 2):
        words = said[np.cumsum(rng.integers(1, 6, 60)) % 6]
        rows = [f"{word}\t{3 + 1.8 * i:.2f}\t{3.4 + 1.8 * i:.2f}" for i, word in enumerate(words)]
        Path(f"{one}.tsv").write_text("\n".join([HEAD, *rows]))
    return tmp_path


def failed(capsys: pytest.CaptureFixture[str], study: str) -> str:
    """The error of `hotwire gist`, which has to be one line."""
    Path("study.toml").write_text(study)
    with pytest.raises(SystemExit) as ended:
        hotwire.main(["gist", "study.toml", "--json"])
    written = capsys.readouterr()
    assert ended.value.code == 1, written.err
    message = json.loads(written.out)["error"]["message"]
    assert "\n" not in message
    return message


def with_words(text: str, name: str = "2.tsv") -> str:
    Path(name).write_text(text)
    return STUDY.replace("2.tsv", name)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "dog\t5\t6\ncat\t200\t201",
            "word 2 ('cat') is said at 200 s, but run 2 lasts from 0 to 120 s (60 samples, 2 s",
        ),
        ("dog\t-5\t-4", "word 1 ('dog') is said at -5 s, but run 2 lasts from 0 to 120 s"),
        ("dog\t5\t9\ncat\t6\t7", "expected one word at a time, got word 2 ('cat', at 6 s), but word 1 ('dog', at 5 s)"),
        ("dog\t9\t10\ncat\t5\t6", "expected words in the order of time, got word 2 ('cat', at 5 s), after word 1"),
        ("dog\t9\t8", "expected each word to end after it begins, got word 1 ('dog', at 9 s), which ends at 8 s"),
        ("dog\tnan\t8", "onset_s"),
        ("", "expected words with their times, got none"),
    ],
)
def test_words(folder: Path, capsys: pytest.CaptureFixture[str], rows: str, message: str) -> None:
    found = failed(capsys, with_words(f"{HEAD}\n{rows}\n"))
    assert found.startswith("study.toml: words: 2.tsv")
    assert message in found


def test_textgrids(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "2.TextGrid: expected words with their times, got a pointer to a file that is not here; run git annex get"
        in (failed(capsys, with_words(POINTER, "2.TextGrid")))
    )
    assert "2.TextGrid: expected words with their times, got an empty file" in (
        failed(capsys, with_words("", "2.TextGrid"))
    )
    Path("2.TextGrid").unlink()
    os.symlink(".git/annex/objects/x/2.TextGrid", "2.TextGrid")
    assert "only git-annex's link to the file is here; run git annex get 2.TextGrid" in (
        failed(capsys, STUDY.replace("2.tsv", "2.TextGrid"))
    )


def test_runs_and_their_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = failed(capsys, STUDY.replace('["1.tsv", "2.tsv"]', '"1.tsv"'))
    assert "words: path: expected a file for each of 2 runs, got 1" in found
    table = [HEAD + "\tstory", *(f"dog\t{at}\t{at + 0.5}\t1" for at in range(0, 100, 2))]
    Path("all.tsv").write_text("\n".join(table))
    found = failed(capsys, STUDY.replace('["1.tsv", "2.tsv"]', '"all.tsv"\nrun = "story"'))
    assert "expected words for each run, got none for: 2; leave these runs out" in found


@pytest.mark.parametrize(
    ("rate_hz", "message"),
    [
        (2.0, "run 1 lasts from 0 to 30 s (60 samples, 0.5 s each); 45 of 60 words lie outside it"),
        (
            0.125,
            "which lasts 480 s (60 samples, 8 s each), got the last one at 109.6 s; is the TR that of another",
        ),
    ],
)
def test_another_tr(folder: Path, capsys: pytest.CaptureFixture[str], rate_hz: float, message: str) -> None:
    recording = read_npz("recording.npz")
    write_npz(replace(recording, rate_hz=rate_hz), folder / "recording.npz")
    assert message in failed(capsys, STUDY)


def test_network_and_beam(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = failed(capsys, STUDY.replace("layer = 1", "layer = 40"))
    assert "unknown layer '40'" in found
    found = failed(capsys, STUDY.replace("width = 2", "width = 2_000_000_000"))
    assert "beam: expected one that fits into" in found
    assert "got a width of 2000000000" in found


def test_evaluation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is decoded."""
    found = failed(capsys, STUDY.replace("held_out = 2", "held_out = 3"))
    assert "unknown run in held_out 3. There are: 1, 2" in found
    found = failed(capsys, STUDY.replace("held_out = 2", "held_out = 2\nwindow_s = 900"))
    assert "window_s: expected at most the 106.2 s that the words take, got 900" in found
