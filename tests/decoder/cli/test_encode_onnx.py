"""``hotwire encode`` with an ONNX network of one's own, which is told how it sees pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hotwire.decoder.cli.commands import hotwire

from ..small_encoding import STUDY, save_onnx, save_study, small_network

OWN = STUDY.replace('"efficientnet-lite0"', '"two.onnx"\npixels = { mean = 127, scale = 128 }').replace(
    '[decoder]\nlayer = "blocks.0"\n', ""
)


def encode(*args: object) -> Result:
    return CliRunner().invoke(hotwire, ["encode", "study.toml", *map(str, args)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_onnx(tmp_path / "two.onnx")
    save_study(tmp_path, OWN)
    return tmp_path


def test_it_explains_what_the_same_network_explains_in_torch(folder: Path) -> None:
    own = encode("--json")
    assert own.exit_code == 0, own.stderr
    (folder / "study.toml").write_text(STUDY)
    with small_network():
        torch = encode("--json")
    found, expected = (json.loads(result.stdout)["regions"][0]["layers"] for result in (own, torch))
    assert [one["layer"] for one in found] == [one["layer"] for one in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one["explained"]["value"], other["explained"]["value"], atol=1e-4)


def test_pictures_of_many_sizes_are_scaled(folder: Path) -> None:
    for i, size in enumerate([(40, 16), (16, 30), (90, 90)]):
        with Image.open(folder / "pictures" / f"{i:02}.png") as shown:
            larger = shown.resize(size)
        larger.save(folder / "pictures" / f"{i:02}.png")
    result = encode("--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["regions"][0]["rows"]["best layer, nested"]["explained"]["value"] > 0.2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pixels = { mean = 127, scale = 128 }", "", r"pixels = { mean = 127, scale = 128 }"),
        ("scale = 128", "scale = 0", "network.pixels.scale"),
        ("mean = 127", "mean = [1, 2]", "network.pixels.mean"),
        (", scale = 128", "", "network.pixels: expected a field 'scale'"),
        ("two.onnx", "efficientnet-lite0", "pixels: only ONNX files are told how they see pictures"),
        ("two.onnx", "three.onnx", "three.onnx"),
    ],
)
def test_wrong_pixels(folder: Path, old: str, new: str, message: str) -> None:
    assert old in OWN
    (folder / "study.toml").write_text(OWN.replace(old, new))
    result = encode()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    assert message in " ".join(result.stderr.split())
