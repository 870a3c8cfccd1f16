"""What lies behind a layer of any network, as a graph of fixed shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from scipy.special import log_softmax
from torch import nn

from hotwire.errors import InputError, UnknownNameError
from hotwire.models.export.scoring_graph import scoring_graph
from hotwire.models.networks.network import Network
from hotwire.models.networks.one_thread import open_session
from hotwire.models.networks.onnx_network import OnnxNetwork
from hotwire.models.networks.torch_network import TorchNetwork
from hotwire.models.networks.vision import VisionNetwork

LABELS = ["cat", "dog", "crane", "house", "crane"]
# The second of them is the name of two outputs.
ANSWERS = ["house", "crane", "cat"]


class Pictures(nn.Module):
    """Convolutions with a residual; asks its input for the batch size, and pieces of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.fc = nn.Linear(32, len(LABELS))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        stem = self.stem(pictures)
        one, other = (stem + self.conv(stem)).split([6, 2], dim=1)
        pooled = self.pool(torch.cat([other, torch.relu(one)], dim=1))
        return 5 * self.fc(pooled.reshape(pictures.size(0), -1))


class Opaque(Network):
    """A network of a kind that nobody knows."""

    name, layers, labels = "opaque", {"only": (3,)}, tuple(LABELS)

    def untrained(self, seed: int = 0) -> Network:
        raise NotImplementedError

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        raise NotImplementedError

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _forward(self, stimuli: Any) -> np.ndarray:
        raise NotImplementedError

    def _weights(self) -> list[tuple[str, np.ndarray]]:
        raise NotImplementedError


def weight(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.random.default_rng(len(name)).normal(size=shape).astype(np.float32), name)


def onnx_file(path: Path, batch: str | int, opset: int = 11) -> OnnxNetwork:
    """The batch size is asked of a tensor, and opset 18 cuts into pieces otherwise."""
    pieces = helper.make_node("Split", ["hidden"], ["left", "right"], axis=1)
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["conv"]),
        helper.make_node("Relu", ["conv"], ["activated"]),
        helper.make_node("Shape", ["activated"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["rows"]),
        helper.make_node("Concat", ["rows", "rest"], ["flat"], axis=0),
        helper.make_node("Reshape", ["activated", "flat"], ["hidden"]),
        pieces,
        helper.make_node("Mul", ["left", "right"], ["product"]),
        helper.make_node("Gemm", ["product", "fc", "bias"], ["y"]),
    ]
    integers = {"first": [0], "rest": [6]}
    graph = helper.make_graph(
        nodes,
        "made by hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 2, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, len(LABELS)])],
        [
            *(weight("kernel", 6, 2, 3, 3), weight("fc", 3, len(LABELS)), weight("bias", len(LABELS))),
            *(numpy_helper.from_array(np.array(value), name) for name, value in integers.items()),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7), path)
    return OnnxNetwork(path, labels=LABELS)


def assert_equal(network: Network, layer: str) -> None:
    graph = scoring_graph(network, layer, ANSWERS)
    onnx.checker.check_model(graph)
    ready = open_session(graph.SerializeToString())
    (entry,), (output,) = ready.get_inputs(), ready.get_outputs()
    n_units = int(np.prod(network.shape_of(layer)))
    assert (entry.name, entry.shape) == ("activation", [1, n_units])
    assert (output.name, output.shape) == ("log_probabilities", [1, len(ANSWERS)])
    activations = 2 * np.random.default_rng(1).normal(size=(6, n_units)).astype(np.float32)
    scores = np.concatenate([np.asarray(ready.run(None, {"activation": one[None]})[0]) for one in activations])
    expected = log_softmax(network.log_probabilities(layer, activations, ANSWERS), axis=1)
    np.testing.assert_allclose(log_softmax(scores, axis=1), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.1


@pytest.fixture(scope="module")
def pictures() -> VisionNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VisionNetwork(Pictures(), 16, labels=LABELS)


@pytest.mark.parametrize("layer", ["stem", "fc"])
def test_torch_network(pictures: VisionNetwork, layer: str) -> None:
    assert_equal(pictures, layer)


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("opset", [11, 17])
def test_onnx_network(tmp_path: Path, batch: str | int, opset: int) -> None:
    network = onnx_file(tmp_path / "made.onnx", batch, opset)
    for layer in ("conv", "hidden", "product"):
        assert_equal(network, layer)


def test_sizes_are_those_of_one_stimulus_throughout(tmp_path: Path, pictures: VisionNetwork) -> None:
    graphs = [
        scoring_graph(onnx_file(tmp_path / "made.onnx", "n"), "conv", ["cat"]),
        scoring_graph(pictures, "stem", ["cat"]),
    ]
    for graph in graphs:
        inferred = onnx.shape_inference.infer_shapes(graph, strict_mode=True, data_prop=True).graph
        for value in (*inferred.value_info, *inferred.output):
            assert all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim), value


def test_what_cannot_be_exported_says_why(tmp_path: Path, pictures: VisionNetwork) -> None:
    unnamed = TorchNetwork(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), torch.zeros(1, 3))
    with pytest.raises(InputError, match="does not name its outputs"):
        scoring_graph(unnamed, "0", ["cat"])
    with pytest.raises(InputError, match="opaque is of the kind Opaque, which cannot be exported"):
        scoring_graph(Opaque(), "only", ["cat"])
    with pytest.raises(UnknownNameError, match="hat"):
        scoring_graph(pictures, "stem", ["hat"])
    with pytest.raises(UnknownNameError, match="layer"):
        scoring_graph(pictures, "steam", ["cat"])


def test_graph_tells_nothing_about_this_machine(pictures: VisionNetwork) -> None:
    assert b".py" not in scoring_graph(pictures, "stem", ["cat"]).SerializeToString()
