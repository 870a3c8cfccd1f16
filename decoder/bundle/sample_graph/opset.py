"""A saved decoder's own graph in standard operators of opset 17, which runtimes in all languages read."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ....errors import InputError
from .nodes import OPSET

AXES_AS_INPUT_SINCE_18 = {
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"),
    "ReduceSumSquare",
}


def lowered(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model of opset 18 as one of opset 17, and change it; InputError where some operator is no standard one.

    Between the two, reductions take their axes as an input, and `Split` says into how many parts.
    """
    foreign = sorted({node.op_type for node in model.graph.node if node.domain not in ("", "ai.onnx")})
    if foreign:
        raise InputError(
            f"the network's weights have 8 bits, and only onnxruntime has the operator that multiplies them "
            f"({', '.join(foreign)}); save the decoder with --precision float32 (or float16)"
        )
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in AXES_AS_INPUT_SINCE_18:
            axes = numpy_helper.to_array(constants[node.input[1]]) if len(node.input) == 2 else np.empty(0, np.int64)
            del node.input[1:]
            _drop(node, "noop_with_empty_axes")
            if axes.size:
                node.attribute.append(helper.make_attribute("axes", axes.tolist()))
        elif node.op_type == "Split":
            _drop(node, "num_outputs")
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", OPSET))
    return model


def _drop(node: onnx.NodeProto, name: str) -> None:
    for attribute in [one for one in node.attribute if one.name == name]:
        node.attribute.remove(attribute)
