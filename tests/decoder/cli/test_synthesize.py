"""``hotwire synthesize`` from its arguments to what it prints and writes, and what it says of wrong inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hotwire.decoder.cli.commands import hotwire

from ..small_encoding import STUDY, save_study, small_network

SECTION = """
[synthesize]
pool = [4, 8]
side = 16
n_seeds = 1
n_steps = 8
jitter = 1
n_draws = 100
"""


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with small_network():
        yield


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, ["synthesize", *map(str, args)])


def complaint(*args: object) -> str:
    result = run(*args)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_pictures_report_and_json(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY + SECTION)
    result = run(study, "--stretch", "neuron_0,neuron_2", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["kind"] == "stretch"
    assert found["shares"]["own prediction"]["trained"]["beyond_best"]["value"] == 1.0
    assert [one["name"] for one in found["made"]["trained"]] == ["neuron_0", "neuron_2"]
    assert set(found["made"]) == {"trained", "shuffled map", "untrained network"}
    page = Path(found["report"]).read_text()
    assert Path(found["report"]).name == "study-synthesize.html"
    assert found["folder"] == "study-synthesize"
    for text in ("No judge: only the own prediction", "neuron_2", "8 x 8", "Methods", "the same optimiser"):
        assert text in page or text.capitalize() in page, text
    pictures = sorted((tmp_path / "study-synthesize").glob("*.png"))
    assert [path.name for path in pictures] == ["stretch-neuron_0.png", "stretch-neuron_2.png"]
    with Image.open(pictures[0]) as picture:
        assert picture.size == (16, 16)
    again = run(study, "--stretch", "neuron_0,neuron_2")
    assert again.exit_code == 0
    assert "beyond the best" in again.stdout


def test_recorded_pictures_and_a_pattern(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY + SECTION + 'synthesised = "0?.png"\n')
    found = json.loads(run(study, "--recorded", "--json").stdout)
    assert found["n_synthesised"] == 10
    assert found["rows"]["encoders"]["r"]["value"] > found["rows"]["shuffled map"]["r"]["value"]
    (tmp_path / "wanted.tsv").write_text("site\tresponse\nneuron_0\t6\nneuron_1\t400\n")
    result = run(study, "--pattern", "wanted.tsv")
    assert result.exit_code == 0, result.stderr
    assert "the pattern asks for 400" in " ".join(result.stdout.split())


def test_metamers(tmp_path: Path) -> None:
    counts = "n_pictures = 2\nn_untrained = 0\nn_null = 10\nn_steps = 5\nmax_rounds = 1\n"
    section = f'\n[metamers]\nlayers = ["blocks.1"]\n{counts}'
    study = save_study(tmp_path, STUDY + section)
    result = run(study, "--metamer", "blocks.1, blocks.0", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [one["layer"] for one in found["metamers"]] == ["blocks.0", "blocks.1"]
    names = [
        f"metamer-{layer}-{Path(name).stem}.png" for layer in ("blocks.0", "blocks.1") for name in found["pictures"]
    ]
    assert sorted(path.name for path in (tmp_path / "study-synthesize").glob("*.png")) == sorted(names)
    assert "Photographs and their metamers" in Path(found["report"]).read_text()
    assert len(json.loads(run(study, "--metamer", "all", "--json").stdout)["metamers"]) == 1
    assert "unknown layer 'stemm'" in complaint(study, "--metamer", "stemm")


def test_one_thing_is_asked(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY + SECTION)
    (tmp_path / "study-synthesize").write_text("a file")
    assert "--report: expected a folder to write into, but study-synthesize is a file" in complaint(study, "--recorded")
    assert "--report: there is no folder nowhere" in complaint(study, "--recorded", "--report", "nowhere/a.html")
    assert "expected one of --stretch, --one-hot, --pattern, --metamer, --recorded, got none" in complaint(study)
    assert "got --stretch and --recorded" in complaint(study, "--stretch", "*", "--recorded")


def test_wrong_inputs(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY + SECTION)

    def says(old: str, new: str, *args: str) -> str:
        text = STUDY + SECTION
        assert old in text
        study.write_text(text.replace(old, new))
        return complaint(study, *(args or ("--stretch", "*")))

    assert "unknown site 'V4'" in says("", "", "--stretch", "V4")
    assert "ten or more pictures of the recording that were synthesised" in says("", "", "--recorded")
    np.save("short.npy", np.ones(3))
    assert "a number for each of the 12 sites, (12,), got float64 (3,)" in says("", "", "--pattern", "short.npy")
    assert "unknown layer 'blocks.99'" in says('"blocks.1"]', '"blocks.99"]')
    assert "synthesize.judges" in says("pool = [4, 8]", 'judges = [{ kind = "person" }]')
    judge = 'judges = [{ kind = "encoder", name = "efficientnet-lite2", layers = ["blocks.1"] }]'
    assert "judges: two blocks is part of the objective" in says("pool = [4, 8]", judge)
    assert "there is no file" in says("pool = [4, 8]", 'judges = [{ kind = "onnx", path = "none.onnx" }]')
    assert "n_steps: expected 1 or more, got 0" in says("n_steps = 8", "n_steps = 0")
    assert "synthesize: seconds: only sounds have it, and pictures do not" in says("n_seeds", "seconds")
    judge = 'judges = [{ kind = "spectrum and modulation" }]'
    assert 'kind = "spectrum and modulation" judges sounds, and not pictures' in says("pool = [4, 8]", judge)
    network = 'stimuli = "recording"\n[decoder]'
    reads = says(network, 'words = { "00.png" = "cat" }\n[decoder]')
    assert "expected a network that reads" in reads
    single = np.load("responses.npy")
    single[4] = 1.0
    np.save("responses.npy", single)
    assert "site 'neuron_4' never varies" in says("", "")
