"""Another package adds a reader, a step, a readout, a control, a classifier, a source and a command: by entry points.

The package is a folder on the path of another process, as if it had been installed there. `docs/guides/extend.md` shows
the same pieces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .decoder.small_study import STUDY, save_study

PACKAGE = '''
from dataclasses import dataclass, replace

import click
import numpy as np

from hotwire.decoder import Recording
from hotwire.decoder.evaluation.controls import Control
from hotwire.decoder.evaluation.rivals.base import Rival
from hotwire.decoder.readers import read_npz
from hotwire.decoder.readouts.readout import Readout
from hotwire.decoder.steps import Step, StepState
from hotwire.realtime import RecordingSource, SystemClock


def read_twice(path: str, scale: float = 1.0) -> Recording:
    """Read a recording and multiply its samples."""
    recording = read_npz(path)
    return replace(recording, data=scale * recording.data)


@dataclass(frozen=True)
class Halve(Step):
    """Halve every sample."""

    def open(self, n_features, rate_hz):
        return HalveState(n_features)


class HalveState(StepState):
    def _push(self, chunk):
        return chunk / 2


@dataclass(frozen=True)
class Distance(Readout):
    """The class whose target is least far away."""

    def scores(self, entry, states):
        return -np.linalg.norm(states[:, None] - entry.targets[None], axis=2).astype(np.float32)


nothing = Control("nothing", "zeros are injected", activations=lambda predicted, mean: 0 * predicted)


@dataclass(frozen=True)
class NearestMean(Rival):
    """The class with the nearest mean."""

    name = "nearest mean"
    takes = "features"
    description = "the class with the nearest mean"

    def candidates(self, shape):
        from sklearn.neighbors import NearestCentroid

        return [NearestCentroid()]


def open_amplifier(decoder, *, path):
    return RecordingSource(read_npz(path), SystemClock())


@click.command()
def hello():
    """Say hello."""
    click.echo("hello from another package")
'''
ENTRIES = """
[hotwire.readers]
twice = stranger:read_twice
[hotwire.steps]
Halve = stranger:Halve
[hotwire.readouts]
Distance = stranger:Distance
[hotwire.controls]
nothing = stranger:nothing
[hotwire.classifiers]
nearest mean = stranger:NearestMean
[hotwire.sources]
amplifier = stranger:open_amplifier
[hotwire.commands]
hello = stranger:hello
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run Python code, or the command line, where the package is installed."""
    site = tmp_path_factory.mktemp("site")
    (site / "stranger.py").write_text(PACKAGE)
    (site / "stranger-1.0.dist-info").mkdir()
    (site / "stranger-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (site / "stranger-1.0.dist-info" / "entry_points.txt").write_text(ENTRIES)
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*arguments: str, code: str | None = None, cwd: Path = site) -> str:
        how = ["-c", code] if code is not None else ["-m", "hotwire.decoder.cli.group"]
        done = subprocess.run(
            [sys.executable, *how, *arguments],
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_command(run: Callable[..., str]) -> None:
    assert "hello" in run("--help")
    assert run("hello") == "hello from another package\n"


def test_a_source(run: Callable[..., str]) -> None:
    code = """
from hotwire.realtime.plugins import make_source
from hotwire.decoder.readers import read_arrays, write_npz
write_npz(read_arrays([[1.0, 2.0]] * 3, 1.0), "three.npz")
source = make_source("amplifier:path=three.npz", decoder=None)
print(len(source.open(1.0).channel_names))
"""
    assert run(code=code) == "2\n"


@pytest.mark.slow
def test_what_a_study_names(run: Callable[..., str], tmp_path: Path) -> None:
    save_study(tmp_path)
    study = STUDY.replace('kind = "npz"', 'kind = "twice"\nscale = 2.0')
    study = study.replace("layer = 1", 'layer = 1\nsteps = [{ type = "Halve" }]').replace("NearestReadout", "Distance")
    (tmp_path / "plain.toml").write_text(STUDY.replace("NearestReadout", "Distance") + "controls = []\nfield = []\n")
    (tmp_path / "added.toml").write_text(
        study + 'controls = ["shuffled pairing", "nothing"]\nfield = ["nearest mean"]\n'
    )
    added = json.loads(run("evaluate", "added.toml", "--json", cwd=tmp_path))
    plain = json.loads(run("evaluate", "plain.toml", "--json", cwd=tmp_path))
    # Twice as large and halved: the very same numbers.
    assert added["measures"]["decoder"] == plain["measures"]["decoder"]
    assert set(added["controls"]) >= {"shuffled pairing", "nothing"}
    assert added["measures"]["nothing"]["candidate"]["value"] < added["measures"]["decoder"]["candidate"]["value"]
    assert added["measures"]["nearest mean"]["candidate"]["value"] > 0.9
    page = (tmp_path / "added.html").read_text(encoding="utf-8")
    assert "zeros are injected" in page
    assert "the class with the nearest mean" in page
