"""The page on the file format is enough to read a bundle: its program, which knows no hotwire, decides the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.bundle.sealed import FORMAT, PARTS, describe
from hotwire.decoder.decision import DecisionRule
from hotwire.decoder.windows import BlockAverage

from .electrode_study import made_session, saved

DOCS = Path(__file__).parents[3] / "docs"
PAGE, PROGRAM = (DOCS / "format.md").read_text(), DOCS / "programs" / "read_bundle.py"


def read_by_the_page(bundle: Path, row: np.ndarray, folder: Path) -> dict[str, Any]:
    np.save(folder / "row.npy", row)
    run = [sys.executable, "-I", PROGRAM, bundle, folder / "row.npy"]
    return json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


def test_the_program_decides_as_the_decoder(tmp_path: Path) -> None:
    rule = DecisionRule(costs={"face": 3.0})
    decoder = saved(tmp_path, [], BlockAverage(0.2, 1.0), probabilities="calibrated", decision=rule)
    trials = decoder.trials(made_session(1, seed=5))
    for row in trials.X[:3]:
        answer, probabilities, text = decoder.decide(row)
        expected = {"answer": answer, "probabilities": probabilities.tolist(), "text": text}
        assert read_by_the_page(decoder.path, row, tmp_path) == expected


def test_the_program_knows_no_hotwire_and_refuses_what_was_changed(tmp_path: Path) -> None:
    assert re.findall(r"^(?:import|from) (\w+)", PROGRAM.read_text(), re.M) == [
        *("hashlib", "json", "sys", "zipfile", "numpy", "onnxruntime"),
    ]
    path = saved(tmp_path, [], BlockAverage(0.2, 1.0)).path
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        read_by_the_page(path, np.zeros(4, np.float32), tmp_path)
    assert "changed since it was sealed" in failed.value.stderr


def test_the_page_names_every_part_and_every_field_of_the_manifest(tmp_path: Path) -> None:
    manifest = describe(saved(tmp_path, [], BlockAverage(0.2, 1.0)).path)
    named = set(re.findall(r"`([\w.]+)`", PAGE))
    assert set(PARTS) <= named
    assert manifest.keys() - {"digest"} <= named | {"digest"}
    assert set(manifest["live"]) <= named
    assert f"describes format {FORMAT};" in PAGE
    assert f"> {FORMAT}:" in PROGRAM.read_text()
