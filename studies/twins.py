"""Write the small networks that others trained on neurons of macaque V4 (session 190923) as one ONNX file.

``python studies/twins.py studies/twins-190923.onnx`` reads ``v4-natural/twins/twins_190923.npz`` in the folder that
HOTWIRE_DATA names: one network for each neuron (of github.com/cowleygroup/V4_compact_models), trained on half of the
session's photographs. The file takes pictures (n, 3, 112, 112) from 0 to 255, red, green and blue, and gives responses
(n, 33): a judge of synthesised pictures.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

SIDE = 112
MEAN = (116.222, 109.270, 100.381)
"""Of the photographs: red, green, blue."""
EPSILON = 1e-3
"""Of the batch normalisation."""
STRIDES = (2, 2, 1, 1)
"""Of the convolutions after the first."""


class Graph:
    """The nodes and weights of a model that is being written."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, value: str, *weights: np.ndarray, **attributes: object) -> str:
        """Add an operation on a value and some weights; returns the name of its output."""
        names = []
        for array in weights:
            names.append(f"weight.{len(self.weights)}")
            self.weights.append(numpy_helper.from_array(array, names[-1]))
        out = f"value.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [value, *names], [out], **attributes))
        return out


def add_twin(graph: Graph, value: str, arrays: Iterator[np.ndarray]) -> str:
    """Add the network of one neuron, whose arrays follow each other; returns the name of its response (n, 1)."""

    def convolved(value: str, weights: np.ndarray, stride: int, groups: int, *bias: np.ndarray) -> str:
        side = weights.shape[-1]
        return graph.add(
            "Conv", value, weights, *bias,
            auto_pad="SAME_UPPER", kernel_shape=[side, side], strides=[stride, stride], group=groups,
        )  # fmt: skip

    def normalised(value: str) -> str:
        return graph.add(
            "Relu", graph.add("BatchNormalization", value, *(next(arrays) for _ in range(4)), epsilon=EPSILON)
        )

    value = normalised(convolved(value, next(arrays).transpose(3, 2, 0, 1), 1, 1, next(arrays)))
    for stride in STRIDES:
        depthwise = next(arrays).transpose(2, 3, 0, 1)
        value = convolved(value, depthwise, stride, len(depthwise))
        value = normalised(convolved(value, next(arrays).transpose(3, 2, 0, 1), 1, 1, next(arrays)))
    value = graph.add("Flatten", graph.add("Transpose", value, perm=[0, 2, 3, 1]))
    return graph.add("Gemm", value, next(arrays), next(arrays))


def twins(arrays: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The model of all neurons, in their order."""
    graph = Graph()
    centred = graph.add("Sub", "pictures", np.array(MEAN, np.float32).reshape(1, 3, 1, 1))
    neurons = sorted({name.partition("_")[0] for name in arrays})
    outputs = []
    for neuron in neurons:
        own = sorted(name for name in arrays if name.startswith(f"{neuron}_"))
        outputs.append(add_twin(graph, centred, iter([np.float32(arrays[name]) for name in own])))
    graph.nodes.append(helper.make_node("Concat", outputs, ["responses"], axis=1))
    floats = onnx.TensorProto.FLOAT
    entry = helper.make_tensor_value_info("pictures", floats, ["n", 3, SIDE, SIDE])
    end = helper.make_tensor_value_info("responses", floats, ["n", len(neurons)])
    made = helper.make_graph(graph.nodes, "twins", [entry], [end], graph.weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="of the ONNX file")
    path = parser.parse_args().path
    with np.load(Path(os.environ["HOTWIRE_DATA"]) / "v4-natural" / "twins" / "twins_190923.npz") as file:
        onnx.save(twins(dict(file)), path)
    print(path)


if __name__ == "__main__":
    main()
