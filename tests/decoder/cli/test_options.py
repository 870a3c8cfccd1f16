"""Where commands write: said before anything slow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotwire.decoder.cli.options import check_file, check_folder, report_file
from hotwire.errors import InputError


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the user of the tests may be allowed everything
    with pytest.raises(InputError, match=r"--report: no permission to write a.html into the folder .*; give a path"):
        report_file(None, "a.html")
    with pytest.raises(InputError, match="--out: no permission to write into the folder"):
        check_folder("--out", tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--report: expected the name of a file, got the folder .*; .*my-file, say"):
        check_file("--report", tmp_path)
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match=r"--out: expected a folder to write into, but .*a is a file"):
        check_folder("--out", tmp_path / "a")
    with pytest.raises(InputError, match=r"--out: there is no folder .* to make b in"):
        check_folder("--out", tmp_path / "none" / "b")
    check_folder("--out", tmp_path / "b")
    assert report_file(tmp_path / "b.html", "a.html") == tmp_path / "b.html"
