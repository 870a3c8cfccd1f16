"""Errors that nobody expected, warnings, and readers of the output that go away."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli import commands
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.cli.unexpected import plain_warnings

MAIN = "from hotwire.decoder.cli.group import main; main()"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[BaseException]:
    """A command that raises what is put in here."""
    raised: list[BaseException] = []

    @click.command()
    @click.option("--json", expose_value=False, is_flag=True)
    def fail() -> None:
        raise raised[0]

    monkeypatch.setattr(commands, "ADDED", {"fail": fail})
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return raised


def test_one_line_and_a_file(failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("by\x1b[2J zero"))
    result = CliRunner().invoke(hotwire, ["fail", "--json"])
    assert result.exit_code == 1
    [told] = result.stderr.splitlines()
    assert told.startswith("hotwire: this should not have happened: ZeroDivisionError: by\\x1b[2J zero. ")
    assert json.loads(result.stdout)["error"]["type"] == "ZeroDivisionError"
    [path] = re.findall(r"(\S+hotwire-error-\S+\.txt)", told)
    content = Path(path).read_text(encoding="utf-8")
    assert "Traceback" in content
    assert "raise raised[0]" in content


def test_too_little_memory(failing: list[BaseException]) -> None:
    failing.append(MemoryError("8 GB for an array"))
    result = CliRunner().invoke(hotwire, ["fail"])
    assert result.stderr == "hotwire: there is not enough memory (8 GB for an array); take fewer samples or features\n"


def test_warnings_do_not_say_where_in_the_code() -> None:
    before = warnings.formatwarning
    with plain_warnings():
        text = warnings.formatwarning("look at this\x1b[2J", UserWarning, "hotwire/decoder/readers/xdf.py", 12)
    assert text == "hotwire: warning: look at this\\x1b[2J\n"
    assert warnings.formatwarning is before


def test_who_reads_the_output_may_go_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(60) == 1
