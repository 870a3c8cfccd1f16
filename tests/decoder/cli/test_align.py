"""The command that starts a decoder on another session."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from hotwire.decoder.bundle.load import load
from hotwire.decoder.bundle.sealed import describe
from hotwire.decoder.cli.align import align
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.alignment import start_on
from hotwire.decoder.readers import write_npz
from hotwire.decoder.recordings.recording import Recording
from hotwire.errors import InputError, UnknownNameError
from hotwire.models.networks.network import Network
from hotwire.models.networks.opening import open_network

from ..small_study import made_recording, save_study


def later_recording() -> Recording:
    monday = made_recording()
    return replace(monday, data=monday.data * np.linspace(0.2, 3.0, 10, dtype=np.float32))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study, its fitted decoder, and a second session with other gains."""
    folder = tmp_path_factory.mktemp("made")
    fitted = CliRunner().invoke(hotwire, ["fit", str(save_study(folder)), "--out", str(folder / "old.hotwire")])
    assert fitted.exit_code == 0, fitted.output
    write_npz(later_recording(), folder / "later.npz")
    return folder


@pytest.fixture(scope="module")
def network(made: Path) -> Network:
    return open_network(str(made / "network"))


def run(made: Path, *args: object) -> Result:
    files = [made / "old.hotwire", made / "later.npz", made / "study.toml", "--network", made / "network"]
    return CliRunner().invoke(align, [str(arg) for arg in (*files, *args)], standalone_mode=False)


def test_it_is_start_on(made: Path, network: Network, tmp_path: Path) -> None:
    out = tmp_path / "new.hotwire"
    result = run(made, "--run", "1", "--run", "3", "--how", "procrustes", "--shared", "label", "--out", out)
    assert result.exception is None
    answer = result.return_value
    assert (answer.data["path"], answer.data["how"]) == (str(out), "procrustes")
    assert "2 runs" in answer.data["recording"]
    json.dumps(answer.data)
    old, later = load(made / "old.hotwire", network=network), later_recording()
    expected = start_on(old, later.select(runs=[1, 3]), made_recording(), how="procrustes", shared="label")
    assert load(out, network=network).predict(later) == expected.predict(later)


def test_all_runs_if_not_told(made: Path, network: Network, tmp_path: Path) -> None:
    out = tmp_path / "new.hotwire"
    assert run(made, "--how", "variance", "--out", out).exception is None
    assert describe(out)["live"]["reason"] is None
    before = load(made / "old.hotwire", network=network).predict(made_recording())
    after = load(out, network=network).predict(later_recording())
    for one, other in zip(after, before, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)


def test_a_run_that_is_not_there(made: Path, tmp_path: Path) -> None:
    found = run(made, "--run", "9", "--out", tmp_path / "new.hotwire").exception
    assert isinstance(found, UnknownNameError)
    assert "unknown run '9'" in str(found)
    assert not (tmp_path / "new.hotwire").exists()


def test_the_old_decoder_is_not_replaced(made: Path) -> None:
    before = (made / "old.hotwire").read_bytes()
    found = run(made, "--out", made / "network" / ".." / "old.hotwire").exception
    assert isinstance(found, InputError)
    assert "is the decoder that is started, and would be replaced" in str(found)
    assert (made / "old.hotwire").read_bytes() == before


def test_exchanged_sessions_are_told(made: Path, tmp_path: Path) -> None:
    files = [made / "old.hotwire", made / "study.toml", made / "later.npz", "--network", made / "network"]
    args = [str(arg) for arg in (*files, "--out", tmp_path / "new.hotwire")]
    found = CliRunner().invoke(align, args, standalone_mode=False).exception
    assert isinstance(found, InputError)
    assert "on none of the reference; exchange the two" in str(found)
    args[2] = args[1]
    found = CliRunner().invoke(align, args, standalone_mode=False).exception
    assert "both hold the same samples" in str(found)
