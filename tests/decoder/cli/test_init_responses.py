"""``hotwire init --responses``: a study of encoding that runs as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.study.study import open_study

from ..small_encoding import N_REPEATS, N, pictures, repeats, small_network


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, list(map(str, args)))


def init(*args: object) -> dict[str, object]:
    result = run("init", *args, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def complaint(*args: object) -> str:
    result = run("init", *args)
    assert result.exit_code == 1
    return result.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures, and a table with a row for each repeat, a counter and a column of classes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shown").mkdir()
    shown = pictures()
    for i, picture in enumerate(shown):
        picture.save(tmp_path / "shown" / f"{i:02}.png")
    single = repeats(shown, noise=0.5)
    lines = ["trial,picture,class," + ",".join(f"u{i}" for i in range(len(single)))]
    for repeat in range(N_REPEATS):
        for i in range(N):
            values = ",".join(f"{value:.6g}" for value in single[:, i, repeat])
            lines.append(f"{repeat * N + i + 1},{i:02},{'abcdef'[i % 6]},{values}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    return tmp_path


def test_a_table_is_encoded_at_the_first_try(folder: Path) -> None:
    found = init("--responses", "table.csv", "--stimuli", "shown", "mine.toml")
    assert found["left out"] == {"trial": "numbers the rows"}
    assert (found["stimulus"], found["label"], found["classes"]) == ("picture", "class", [*"abcdef"])
    assert found["sites"] == [f"u{i}" for i in range(12)]
    reliability = open_study("mine.toml", needs_layer=False).sections.recording.reliability()
    assert found["repeats"] == reliability
    # The layers are those of the network that is named, which is another one in this test.
    text = Path("mine.toml").read_text()
    [layers] = [line for line in text.splitlines() if line.startswith("layers")]
    Path("mine.toml").write_text(text.replace(layers, 'layers = ["blocks.0", "blocks.1"]'))
    with small_network():
        result = run("encode", "mine.toml", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["explained"] > 0.2


def test_an_array_and_what_is_printed(folder: Path) -> None:
    single = repeats(pictures())
    single[3] = 1.0
    np.save("responses.npy", single.mean(axis=2))
    result = run("init", "--responses", "responses.npy", "--stimuli", "shown")
    assert result.exit_code == 0, result.stderr
    for words in ("neuron_3  never varies", "00.png, 01.png", "no ceiling is known", "run `hotwire encode study.toml`"):
        assert words in " ".join(result.stdout.split()).replace("neuron_3 never", "neuron_3  never")
    section = open_study("study.toml", needs_layer=False).sections.recording
    assert section.read().feature_names == tuple(f"neuron_{i}" for i in range(12) if i != 3)
    assert '# "neuron_3" never varies.' in Path("study.toml").read_text()
    np.save("single.npy", single)
    said = complaint("--responses", "single.npy", "--stimuli", "shown", "b.toml")
    assert "--responses: expected (n_neurons, n_stimuli)" in said
    assert "name this file in repeats" in said


def test_sounds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "heard").mkdir()
    for i in range(8):
        soundfile.write(tmp_path / "heard" / f"{i}.wav", rng.normal(0, 0.1, 4_000 + 100 * i), 16_000)
    lines = ["sound\tleft", *(f"{i}.wav\t{i**2}" for i in range(8))]
    (tmp_path / "table.tsv").write_text("\n".join(lines))
    found = init("--responses", tmp_path / "table.tsv", "--stimuli", tmp_path / "heard", tmp_path / "a.toml")
    assert (found["sounds"], found["sites"]) == (8, ["left"])
    study = open_study(tmp_path / "a.toml", needs_layer=False).sections
    assert (study.network.name, study.network.seconds) == ("whisper-tiny.en", 0.3)
    assert "n_folds = 8  # by default 10; there are 8 stimuli" in (tmp_path / "a.toml").read_text()
    soundfile.write(tmp_path / "heard" / "0.wav", rng.normal(0, 0.1, 31 * 16_000), 16_000)
    said = complaint("--responses", tmp_path / "table.tsv", "--stimuli", tmp_path / "heard", tmp_path / "b.toml")
    assert "--stimuli: expected sounds up to 30 s for whisper-tiny.en, but 0.wav lasts 31 s" in said


def test_errors_name_the_option(folder: Path) -> None:
    table, shown = ("--responses", "table.csv"), ("--stimuli", "shown")
    assert "--responses: expected --stimuli, too" in complaint(*table)
    assert "--stimuli: expected --responses, too" in complaint(*shown)
    assert "expected one recording, got --bids and --responses" in complaint(*table, *shown, "--bids", folder)
    said = complaint(*table, "--stimuli", "show")
    assert "--stimuli: there is no folder or zip file show; did you mean shown?" in said
    assert "--stimuli: expected pictures" in complaint(*table, "--stimuli", folder)
    assert "--responses: none.csv: there is no such file" in complaint("--responses", "none.csv", *shown)
    Path("table.txt").write_text("a\n")
    assert "--responses: table.txt cannot be read as a numpy array" in complaint("--responses", "table.txt", *shown)
    Path("other.csv").write_text("name,u1\nx,1\n")
    assert "--responses: other.csv: expected a column that names the files" in complaint(
        "--responses", "other.csv", *shown
    )
    assert not Path("study.toml").exists()
