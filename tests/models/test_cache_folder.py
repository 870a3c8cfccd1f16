"""The cache's folder is shared by processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hotwire.models import cache_folder
from hotwire.models.cache_folder import locked

HOLD = """
import sys
from pathlib import Path
from hotwire.models.cache_folder import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_who_waits_for_another_process_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cache_folder, "PATIENCE_S", 0.05)
    path = tmp_path / "cache" / "network"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"

        def told(text: str, **_: object) -> None:
            assert str(path) in text
            other.stdin.write("\n")  # type: ignore[union-attr]
            other.stdin.flush()  # type: ignore[union-attr]
            print("waits")

        monkeypatch.setattr("tqdm.tqdm.write", told)
        with locked(path):
            assert capsys.readouterr().out == "waits\n"
    with locked(path):
        assert capsys.readouterr().out == ""
