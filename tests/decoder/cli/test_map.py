"""``hotwire map`` from its arguments to what it prints and writes, on a small study."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import transformers
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire

from ..small_study import save_study

MAP = """
[map]
regions = { front = { first = 0, stop = 5 }, back = { features = ["feature_5", "feature_6", "feature_7"] } }
times = { lags = [-1, 0, 1] }
"""
PATIENCE_S = 120.0


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = save_study(tmp_path)
    path.write_text(path.read_text() + MAP)
    return path


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, ["map", *map(str, args)])


def complaint(*args: object, code: int = 1) -> str:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def changed(study: Path, old: str, new: str) -> Path:
    text = study.read_text()
    assert old in text
    other = study.with_name("other.toml")
    other.write_text(text.replace(old, new))
    return other


def test_as_json_and_on_disk(study: Path) -> None:
    result = run(study, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["chance"] == pytest.approx(0.5, abs=0.02)  # the lags leave out some trials of a class
    assert found["interval"][0] <= found["nested_pairwise"] <= found["interval"][1]
    assert 0.9 < found["nested_pairwise"] <= found["ceiling"] == 1.0
    assert set(found["controls"]) == {"shuffled pairing", "mean activation", "untrained network", "nuisance"}
    assert len(found["map"]) == 2 * 3 * 3
    with (Path("study-results") / "cells.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(found["map"])  # a line for each measure
    page = (Path("study-results") / "map.html").read_text()
    assert "hotwire map study.toml" in page.replace(str(study), "study.toml")
    assert all(Path(file).is_file() for file in found["files"])


def test_controls_that_search(study: Path) -> None:
    other = changed(study, "[evaluation]", '[evaluation]\ncontrols_redo = "search"')
    found, again = (json.loads(run(one, "--json").stdout) for one in (study, other))
    assert [one["settings"]["controls_redo"] for one in (found, again)] == ["fit", "search"]
    assert found["nested_pairwise"] == again["nested_pairwise"]
    assert found["controls"]["mean activation"] == again["controls"]["mean activation"]


def test_for_a_person(study: Path) -> None:
    result = run(study, "--out", "there")
    assert result.exit_code == 0, result.output
    assert "there" in result.stdout
    assert "untrained network" in result.stdout


def test_several_sessions(study: Path) -> None:
    (study.with_name("study-2.toml")).write_text(study.read_text())
    result = run(study, study.with_name("study-2.toml"), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [session["name"] for session in found["sessions"]] == ["study", "study-2"]
    assert Path("study-results").is_dir()


def test_wrong_inputs(study: Path, tmp_path: Path) -> None:
    assert "there is no such file" in complaint("lost.toml")
    assert "Missing argument 'STUDY...'" in complaint(code=2)
    assert "out: there is no folder" in complaint(study, "--out", tmp_path / "lost" / "results")
    assert "map.times: expected 'decoder'" in complaint(changed(study, "{ lags = [-1, 0, 1] }", '"late"'))
    assert "expected a stop_s above start_s" in complaint(
        changed(study, "{ lags = [-1, 0, 1] }", "[{ start_s = 1.0, stop_s = 0.5 }]")
    )
    assert "no event has samples at every time" in complaint(changed(study, "[-1, 0, 1]", "[0, 1000]"))
    assert "times: no event has samples from" in complaint(changed(study, "[-1, 0, 1]", "[1000]"))
    assert "layer '9'" in complaint(changed(study, "[map]", "[map]\nlayers = [9]"))
    assert "regions.back" in complaint(changed(study, "feature_5", "voxel_5").with_name("other.toml"))
    assert "front" in complaint(changed(study, "stop = 5", "stop = 99"))
    assert "inner_trials" in complaint(changed(study, "[map]", "[map]\ninner_trials = 0"))


@pytest.mark.slow
def test_a_map_that_was_killed_goes_on(study: Path, tmp_path: Path) -> None:
    lags = ", ".join(str(lag) for lag in range(-1, 2))
    study = changed(study, "[-1, 0, 1]", f"[{lags}]")
    study.write_text(study.read_text().replace("n_shuffles = 2", "n_shuffles = 5"))
    env = {**os.environ, "HOTWIRE_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hotwire.decoder.cli.group", "map", str(study), "--json"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pieces = tmp_path / "cache" / "maps"
    until = time.monotonic() + PATIENCE_S
    while not (pieces.is_dir() and len(list(pieces.glob("*.npz"))) >= 4) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path.name: path.stat().st_mtime_ns for path in pieces.glob("*.npz")}
    assert 4 <= len(before) < 3 + 2 * 3 * 3
    told = json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
    after = {path.name: path.stat().st_mtime_ns for path in pieces.glob("*.npz")}
    assert len(after) == 3 + 2 * 3 * 3
    assert all(after[name] == changed_ns for name, changed_ns in before.items())
    anew = json.loads(run(study, "--json").stdout)  # with a cache of its own
    assert anew["map"] == told["map"]
