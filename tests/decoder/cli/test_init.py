"""Studies written for somebody's recording, from the folder to the figure."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.study.study import open_study

from .haxby_bids import write_haxby


@pytest.fixture
def haxby() -> Path:
    folder = Path(os.environ.get("HOTWIRE_DATA", "")) / "haxby2001-slice"
    if "HOTWIRE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("HOTWIRE_DATA names no folder with haxby2001-slice")
    return folder


def init(*args: object) -> dict[str, object]:
    result = CliRunner().invoke(hotwire, ["init", *map(str, args), "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def complaint(*args: object) -> str:
    result = CliRunner().invoke(hotwire, ["init", *map(str, args)])
    assert result.exit_code == 1
    return result.stderr


@pytest.mark.slow
def test_events_of_a_bids_folder_are_decoded_without_editing(
    tmp_path: Path, haxby: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    preprocessed = write_haxby(haxby, tmp_path / "dataset", events_of=4)
    found = init("mine.toml", "--bids", preprocessed)
    assert "'scrambledpix' (it says" in str(found["finding"])  # the label is no word; nothing is said, then
    result = CliRunner().invoke(hotwire, ["evaluate", "mine.toml", "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["measures"]["decoder"]["candidate"]["value"] >= 0.70


def test_a_recording_of_electrodes(tmp_path: Path, fetched: Callable[[str], Path]) -> None:
    fetched("smollm2-135m-instruct")
    rng = np.random.default_rng(0)
    info = mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg")
    raw = mne.io.RawArray(1e-5 * rng.normal(size=(3, 40_000)), info, verbose="error")
    raw.set_annotations(mne.Annotations(np.arange(5.0, 390.0, 5.0), 0.0, ["left", "right", "rest"] * 25 + ["left"] * 2))
    raw.save(tmp_path / "mine_raw.fif", verbose="error")
    found = init(tmp_path / "mine.toml", "--mne", tmp_path / "mine_raw.fif")
    assert found["words"] == {"left": "left", "right": "right"}
    study = open_study(tmp_path / "mine.toml")
    assert study.recording().events.label.tolist().count("left") == 27
    assert len(study.recording().runs) == 5
    assert "is already there" in complaint(tmp_path / "mine.toml", "--mne", tmp_path / "mine_raw.fif")


def test_what_cannot_be_begun_with(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert "expected one recording, got --bids and --xdf" in complaint(path, "--bids", tmp_path, "--xdf", "a.xdf")
    assert "there is no such file or folder" in complaint(path, "--bids", tmp_path / "none")
    assert "expected a BIDS folder" in complaint(path, "--bids", tmp_path)
    assert "there is no such file" in complaint(path, "--mne", tmp_path / "none.fif")
    info = mne.create_info(["C3"], 100.0, "eeg")
    mne.io.RawArray(np.ones((1, 500)), info, verbose="error").save(tmp_path / "a_raw.fif", verbose="error")
    assert "events of two labels or more, each at least twice, got none" in complaint(
        path, "--mne", tmp_path / "a_raw.fif"
    )
    assert not path.exists()
