"""Models of sites in ONNX files as judges of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hotwire.decoder.experiments.synthesis.judges import BATCH, OnnxJudge
from hotwire.errors import InputError, UnknownNameError

SITES = ("red", "green", "blue")
PICTURES = list(np.random.default_rng(0).integers(0, 256, (BATCH + 3, 8, 8, 3), dtype=np.uint8))


def saved(path: Path, shape: tuple[str | int, ...] = ("n", 3, 8, 8), scale: float = 1.0, n_outputs: int = 3) -> Path:
    """A model that gives the mean of each colour."""
    axes = numpy_helper.from_array(np.array(range(2, len(shape)), np.int64), "axes")
    by = numpy_helper.from_array(np.eye(3, n_outputs, dtype=np.float32) * np.float32(scale), "by")
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["means"], keepdims=0),
        helper.make_node("MatMul", ["means", "by"], ["y"]),
    ]
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", n_outputs))
    graph = helper.make_graph(nodes, "colours", [entry], [out], [axes, by])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_judges_pictures_in_batches(tmp_path: Path) -> None:
    judge = OnnxJudge(saved(tmp_path / "colours.onnx"), SITES)
    assert judge.name == "colours"
    expected = np.mean(PICTURES, axis=(1, 2))
    np.testing.assert_allclose(judge.responses(PICTURES), expected, rtol=1e-5)
    other = OnnxJudge(judge.path, SITES, mean=100.0, scale=2.0)
    np.testing.assert_allclose(other.responses(PICTURES), (expected - 100) / 2, rtol=1e-4, atol=1e-4)
    assert other.ingredients != judge.ingredients


def test_outputs_may_have_sites_of_their_own(tmp_path: Path) -> None:
    judge = OnnxJudge(saved(tmp_path / "two.onnx", n_outputs=2), SITES, outputs=("blue", "red"))
    found = judge.responses(PICTURES[:2])
    np.testing.assert_allclose(found[:, [2, 0]], np.mean(PICTURES[:2], axis=(1, 2))[:, :2], rtol=1e-5)
    assert np.isnan(found[:, 1]).all()
    with pytest.raises(UnknownNameError, match="unknown site 'yellow'"):
        OnnxJudge(judge.path, SITES, outputs=("blue", "yellow"))
    with pytest.raises(InputError, match="each site once, got blue, blue"):
        OnnxJudge(judge.path, SITES, outputs=("blue", "blue"))


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"an output for each of the 3 sites.*got \(1, 2\)"):
        OnnxJudge(saved(tmp_path / "two.onnx", n_outputs=2), SITES)
    with pytest.raises(InputError, match=r"\(n, 3, side, side\) of a fixed side, got one that takes \('n', 3, 8, 9\)"):
        OnnxJudge(saved(tmp_path / "wide.onnx", shape=("n", 3, 8, 9)), SITES)
    with pytest.raises(InputError, match="there is no file"):
        OnnxJudge(tmp_path / "none.onnx", SITES)
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(InputError, match="is no valid ONNX model"):
        OnnxJudge(tmp_path / "text.onnx", SITES)
    with pytest.raises(InputError, match="expected finite responses, got NaN or infinity"):
        OnnxJudge(saved(tmp_path / "large.onnx", scale=1e38), SITES).responses(PICTURES)
