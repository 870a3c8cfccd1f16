"""``hotwire encode`` from its arguments to what it prints and writes, and what it says of wrong inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.study.study import open_study

from ..small_encoding import STUDY, save_study, small_network


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with small_network():
        yield


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, ["encode", *map(str, args)])


def complaint(study: Path) -> str:
    result = run(study)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_report_and_json(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY + 'hold_out = ["stimulus", "shuffled"]\npool = 8\n')
    result = run(study, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["explained"] == found["regions"][0]["rows"]["best layer, nested"]["explained"]["value"] > 0.2
    assert set(found["controls"]) == {"untrained network", "nuisance", "pixels", "shuffled stimuli"}
    assert [one["region"] for one in found["regions"]] == ["seeing", "blind"]
    assert [one["layer"] for one in found["regions"][0]["layers"]] == ["blocks.0", "blocks.1", "all layers"]
    page = Path(found["report"]).read_text()
    assert Path(found["report"]).name == "study-encode.html"
    assert "explained share of the ceiling" in page
    assert "Shuffled folds hold out stimuli at random" in page
    for text in (f"{100 * found['explained']:.1f} %", "Pospisil", "best layer, nested", "neuron_11", "8 x 8 positions"):
        assert text in page
    again = run(study)
    assert again.exit_code == 0
    assert "untrained network" in again.stdout


def test_both_directions_stand_in_one_table(tmp_path: Path) -> None:
    """Sites that follow a block tell which class the network sees, and sites of noise do not."""
    save_study(tmp_path, STUDY + "n_untrained = 1\n[evaluation]\nfolds = 3\n")
    result = run("study.toml", "--both", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    decoded = {tuple(one["place"]): one["pairwise"]["value"] for one in found["decoded"]}
    assert set(decoded) == {
        (region, "", *layer)
        for region in ("seeing", "blind")
        for layer in ((), ("two blocks", "blocks.0"), ("two blocks", "blocks.1"))
    }
    assert decoded["seeing", "", "two blocks", "blocks.1"] > 0.6 > decoded["blind", "", "two blocks", "blocks.1"]
    assert "Both directions" in Path(found["report"]).read_text()
    assert "both: expected one study" in run("study.toml", "study.toml", "--both").stderr


def broken(tmp_path: Path, old: str = "", new: str = "", **arrays: np.ndarray) -> str:
    study = save_study(tmp_path, STUDY.replace(old, new) if old else STUDY)
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    return complaint(study)


def test_wrong_recordings(tmp_path_factory: pytest.TempPathFactory) -> None:
    rng, new = np.random.default_rng(0), tmp_path_factory.mktemp
    said = broken(new("fewer"), repeats=rng.normal(size=(12, 59, 4)))
    assert "repeats: expected (n_neurons, 60, n_repeats)" in said
    constant = rng.normal(size=(12, 60, 4))
    constant[3] = 2.0
    said = broken(new("constant"), repeats=constant)
    assert "site 'neuron_3' never varies" in said
    assert "exclude = ['neuron_3']" in said
    lost = rng.normal(size=(12, 60, 4))
    lost[5, 7, 1] = np.nan
    said = broken(new("nan"), repeats=lost)
    assert "got NaN for 1 of 12 in repeat 1 of 07.png (1 presentations are so)" in said
    assert 'exclude = ["neuron_5"]' in said


def test_excluded_sites_are_not_read(tmp_path: Path) -> None:
    study = save_study(tmp_path, STUDY.replace('repeats = "', 'exclude = ["neuron_3", "neuron_1?"]\nrepeats = "'))
    single = np.load(tmp_path / "repeats.npy")
    single[3], single[11, 7, 1] = 2.0, np.nan
    np.save(tmp_path / "repeats.npy", single)
    left = [0, 1, 2, 4, 5, 6, 7, 8, 9]
    found = open_study(study).sections.recording
    for recording in (found.read(), found.read_presentations()):
        assert recording.feature_names == tuple(f"neuron_{i}" for i in left)
    assert np.array_equal(found.read_presentations().data, single[left].transpose(1, 2, 0).reshape(-1, 9).astype("f"))
    reliability = found.reliability()
    np.save(tmp_path / "repeats.npy", single[left])
    study.write_text(STUDY)
    assert open_study(study).sections.recording.reliability() == reliability
    study.write_text(STUDY.replace('repeats = "', 'exclude = "neuron_30"\nrepeats = "'))
    assert "unknown site to exclude 'neuron_30'; did you mean 'neuron_3'?" in complaint(study)


def test_wrong_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    new = tmp_path_factory.mktemp
    assert "blocks.99" in broken(new("layer"), '"blocks.1"]', '"blocks.99"]')
    assert "encode.n_folds: " in broken(new("fold"), "n_folds = 5", "n_folds = 1")
    said = broken(new("folds"), "n_folds = 5", "n_folds = 70")
    assert "encode: n_folds: expected 2 to 60, as there are 60 stimuli, got 70" in said
    assert 'hold_out = "group" together with groups' in broken(new("group"), "n_folds", 'hold_out = "group"\nn_folds')
    assert "encode.hold_out" in broken(new("way"), "n_folds", 'hold_out = "random"\nn_folds')
    for wrong in ("0", '"gaussian"'):
        assert "encode.pool" in broken(new("pool"), "n_folds", f"pool = {wrong}\nn_folds")
    field = 'pool = "receptive field"\nn_folds'
    said = broken(new("pls"), "n_folds", f"pls = 3\n{field}")
    assert "pls: expected none with pool = 'receptive field', got 3" in said
    study = save_study(new("flat"), STUDY.replace('"blocks.1"]', '"logits"]').replace("n_folds", field))
    assert "encode: pool: 'receptive field' needs layers of maps" in complaint(study)
    assert "but logits of two blocks is (3,); leave it out" in complaint(study)
