"""Other packages add to a registry by an entry point; a study file can then name what they add."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotwire.decoder.registry import Registry

READER = '''
import numpy as np
from pathlib import Path
from hotwire.decoder.readers import read_arrays

def read_ones(path: Path, rate_hz: float, n_channels: int = 2):
    """So many channels of ones."""
    assert path.is_absolute()
    return read_arrays(np.ones((4, n_channels)), rate_hz)
'''
STUDY = """
[recording]
kind = "ones"
path = "a.one"
rate_hz = 5
[network]
name = "smollm2-135m-instruct"
[targets]
words = { a = "cat" }
[decoder]
layer = 8
"""
OPENED = """
import sys
from hotwire.decoder.study.study import open_study
print(open_study(sys.argv[1]).sections.recording.read())
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with another package that is installed: its module, and the entry points it has."""
    about = tmp_path / "ones-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ones\nVersion: 1.0\n")
    entries = ["[hotwire.readers]", "ones = one_reader:read_ones", "npz = one_reader:read_ones", ""]
    (about / "entry_points.txt").write_text("\n".join(entries))
    (tmp_path / "one_reader.py").write_text(READER)
    return tmp_path


def test_names_of_hotwire_stay_its_own(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(package)
    registry = Registry("hotwire.readers", {"npz": "own"})
    assert registry["npz"] == "own"
    assert "ones" in registry
    assert registry["ones"].__name__ == "read_ones"  # type: ignore[union-attr]
    assert len(registry) == len(list(registry)) == len(set(registry))
    with pytest.raises(KeyError, match="twos"):
        registry["twos"]


def test_a_study_names_a_reader_of_another_package(package: Path) -> None:
    path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])

    def opened(text: str) -> subprocess.CompletedProcess[str]:
        (package / "study.toml").write_text(text)
        command = [sys.executable, "-c", OPENED, str(package / "study.toml")]
        return subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
        )

    assert opened(STUDY).stdout.startswith("<Recording: 4 samples x 2 features (a.u.) at 5 Hz")
    wrong = opened(STUDY.replace("rate_hz = 5", 'rate_hz = "5"')).stderr.splitlines()[-1]
    assert "recording.rate_hz: expected a number, got '5'" in wrong
