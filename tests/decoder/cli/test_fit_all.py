"""``hotwire fit-all`` from its arguments to what it prints and writes, on a small study."""

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

from hotwire.decoder.cli.commands import Hotwire
from hotwire.decoder.cli.fit_all import fit_all_

from ..small_study import save_study

PATIENCE_S = 120.0
N_REGIONS = 8
ALONE = """
import os, time
from hotwire.decoder.cli.commands import Hotwire
from hotwire.decoder.experiments.fits import jobs
from hotwire.decoder.cli.fit_all import fit_all_
usual = jobs.fit
def slow(session, cell):
    time.sleep(float(os.environ.get("SLOWED_S", "0")))
    return usual(session, cell)
jobs.fit = slow
Hotwire(commands={"fit-all": fit_all_}).main()
"""


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
    path.write_text(f"{path.read_text()}[map]\nregions = {{ front = {{ first = 0, stop = 5 }}, whole = 'all' }}\n")
    return path


def run(*args: object) -> Result:
    return CliRunner().invoke(Hotwire(commands={"fit-all": fit_all_}), ["fit-all", *map(str, args)])


def complaint(*args: object, code: int = 1) -> str:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_as_json_and_on_disk(study: Path) -> None:
    result = run(study, "--out", "fits", "--layer", "1", "--layer", "2", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [(one["region"], one["layer"]) for one in found["fits"]] == [
        *(("front", "1"), ("front", "2"), ("whole", "1"), ("whole", "2"))
    ]
    assert (found["n_made"], found["n_kept"]) == (4, 0)
    assert all(Path(file).is_file() for file in found["files"])
    with Path("fits", "fits.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row, one in zip(rows, found["fits"], strict=True):
        assert float(row["r2"]) == one["r2"]
        assert float(row["alpha"]) == one["chosen"]["alpha"]
        assert Path("fits", row["file"]).is_file()
    assert Path("fits", "r2-study.svg").read_text().startswith("<?xml")


def test_for_a_person(study: Path) -> None:
    result = run(study, "--out", "fits")
    assert result.exit_code == 0, result.output
    for told in ("front", "alpha", "6 adapters made, 0 kept from before", "fits"):
        assert told in result.stdout
    assert "0 adapters made, 6 kept from before" in run(study, "--out", "fits").stdout


def test_wrong_inputs(study: Path, tmp_path: Path) -> None:
    assert "there is no such file" in complaint("lost.toml", "--out", "fits")
    assert "Missing option '--out'" in complaint(study, code=2)
    assert "unknown layer '9'" in complaint(study, "--out", "fits", "--layer", "9")
    assert "unknown region 'bck'" in complaint(study, "--out", "fits", "--region", "bck")
    assert "something else than fits" in complaint(study, "--out", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_what_was_stopped_goes_on(study: Path, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    regions = ", ".join(f"part_{i} = {{ first = {i % 8}, stop = {i % 8 + 2} }}" for i in range(N_REGIONS))
    study.write_text(study.read_text().split("[map]")[0] + f"[map]\nregions = {{ {regions} }}\n")
    env = {**os.environ, "HOTWIRE_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ALONE, "fit-all", str(study), "--json", "--out"]
    slowly = env | {"SLOWED_S": "0.5"}  # so that there is time to stop it
    process = subprocess.Popen([*command, "fits"], env=slowly, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE_S
    while len(list(Path("fits").rglob("adapters/*/*.npz"))) < 4 and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    assert process.wait() == code
    before = {path: path.stat().st_mtime_ns for path in Path("fits").rglob("*.npz")}
    n_before = sum("adapters" in path.parts for path in before)
    assert 4 <= n_before < 3 * N_REGIONS
    told, anew = (json.loads(run(study, "--json", "--out", out).stdout) for out in ("fits", "anew"))
    assert (told["n_made"], told["n_kept"]) == (3 * N_REGIONS - n_before, n_before)
    assert all(path.stat().st_mtime_ns == changed_ns for path, changed_ns in before.items())
    for one, other in zip(told["fits"], anew["fits"], strict=True):
        assert all(one[name] == other[name] for name in one if "seconds" not in name)
