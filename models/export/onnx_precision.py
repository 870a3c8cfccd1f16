"""Smaller weights for an exported graph: half of the bytes, or about a quarter.

In 8 bits each run of 32 weights of a column shares a scale, and is multiplied as it is. Inputs are rounded to 8 bits
run by run, too: a language model's few huge features then spoil only their own runs, not the whole row as they do where
all of it has one scale (Dettmers et al. 2022, LLM.int8()). onnxruntime's own quantiser has no 8-bit look-up tables, so
a language model's largest matrix, which is also its last projection, would be stored twice.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...errors import InputError

Precision = Literal["float32", "float16", "int8"]
# Smaller weights stay as they are: there is nothing to gain.
SMALLEST = 2**14
BLOCK = 32


def shrunk(model: onnx.ModelProto, precision: Precision) -> onnx.ModelProto:
    """Return a graph with its large weights in fewer bits; names, shapes and types of inputs and outputs stay.

    ``"float16"`` stores weights in half precision and widens them when the graph is loaded: only the file is smaller.
    ``"int8"`` stores the matrices in 8 bits, and onnxruntime computes with them in 8 bits; weights of convolutions stay
    as they are. A weight too large for half precision is an `InputError`.
    """
    if precision not in get_args(Precision):
        raise InputError(f"precision: expected one of {', '.join(get_args(Precision))}, got {precision!r}")
    if precision == "float32":
        return model
    return _halved(model) if precision == "float16" else _in_8_bits(model)


def _large(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= SMALLEST
    }


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    nodes, initializers = [], []
    large = _large(model)
    for tensor in model.graph.initializer:
        if tensor.name not in large:
            initializers.append(tensor)
            continue
        weight = large[tensor.name]
        if np.abs(weight).max() > np.finfo(np.float16).max:
            raise InputError(
                f"precision: {np.abs(weight).max():.3g} in weight {tensor.name!r} is too large for float16"
            )
        initializers.append(numpy_helper.from_array(weight.astype(np.float16), f"{tensor.name}.half"))
        nodes.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    return _rebuilt(model, [*nodes, *model.graph.node], initializers)


def _in_8_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    tables = {name: weight for name, weight in _large(model).items() if weight.ndim == 2}
    # A matrix's columns as rows. A language model's last projection may be its table of tokens, transposed.
    columns = {name: (f"{name}.columns", weight.T) for name, weight in tables.items()}
    for node in model.graph.node:
        if node.op_type == "Transpose" and node.input[0] in tables:
            columns[node.output[0]] = (f"{node.input[0]}.rows", tables[node.input[0]])
    nodes: list[onnx.NodeProto] = []
    added: dict[str, NDArray] = {}
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Gemm") and node.input[1] in columns and _is_plain(node):
            name, rows = columns[node.input[1]]
            if _attribute(node, "transB", 0):
                name, rows = f"{node.input[1]}.rows", tables[node.input[1]]
            nodes += _product(node, name, rows.shape)
        elif node.op_type == "Gather" and _fits(node, tables):
            name, rows = f"{node.input[0]}.rows", tables[node.input[0]]
            nodes += _look_up(node, name, added)
            added[f"{name}.each"] = np.array([len(rows), -1, 1])
        else:
            nodes.append(node)
            continue
        if name not in added:
            bits, scales = in_blocks(rows)
            added |= {name: bits, f"{name}.scales": scales.ravel()}
    read = {name for node in nodes for name in node.input} | {output.name for output in model.graph.output}
    nodes = [node for node in nodes if not read.isdisjoint(node.output)]
    read = {name for node in nodes for name in node.input}
    unchanged = [tensor for tensor in model.graph.initializer if tensor.name in read]
    own = [numpy_helper.from_array(array, name) for name, array in added.items()]
    shrunken = _rebuilt(model, nodes, [*unchanged, *own])
    shrunken.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return shrunken


def _product(node: onnx.NodeProto, columns: str, shape: tuple[int, ...]) -> list[onnx.NodeProto]:
    n_out, n_in = shape
    entered, _, *bias = node.input
    product = f"{node.output[0]}.product" if bias else node.output[0]
    multiplied = helper.make_node(
        "MatMulNBits",
        [entered, columns, f"{columns}.scales"],
        [product],
        domain="com.microsoft",
        K=n_in,
        N=n_out,
        bits=8,
        block_size=BLOCK,
        accuracy_level=4,
    )
    return [multiplied, *(helper.make_node("Add", [product, one], node.output) for one in bias)]


def _is_plain(node: onnx.NodeProto) -> bool:
    """Whether a product is neither scaled nor has a transposed input."""
    scaled = [_attribute(node, name, 1.0) for name in ("alpha", "beta")]
    return scaled == [1.0, 1.0] and not _attribute(node, "transA", 0)


def _attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _fits(node: onnx.NodeProto, tables: dict[str, NDArray[np.float32]]) -> bool:
    """Whether rows of a large matrix are looked up, and are whole blocks."""
    table = tables.get(node.input[0])
    return table is not None and _attribute(node, "axis", 0) == 0 and table.shape[1] % BLOCK == 0


def _look_up(node: onnx.NodeProto, table: str, added: dict[str, NDArray]) -> list[onnx.NodeProto]:
    """Widen the rows that are looked up."""
    added |= {f"{table}.zero": np.array(128, np.float32), f"{table}.all": np.array([-1])}
    indices, row = node.input[1], node.output[0]
    return [
        helper.make_node("Gather", [table, indices], [f"{row}.bits"], axis=0),
        helper.make_node("Cast", [f"{row}.bits"], [f"{row}.float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", [f"{row}.float", f"{table}.zero"], [f"{row}.steps"]),
        helper.make_node("Reshape", [f"{table}.scales", f"{table}.each"], [f"{row}.scales"]),
        helper.make_node("Gather", [f"{row}.scales", indices], [f"{row}.scale"], axis=0),
        helper.make_node("Mul", [f"{row}.steps", f"{row}.scale"], [f"{row}.blocks"]),
        helper.make_node("Shape", [indices], [f"{row}.shape"]),
        helper.make_node("Concat", [f"{row}.shape", f"{table}.all"], [f"{row}.joined"], axis=0),
        helper.make_node("Reshape", [f"{row}.blocks", f"{row}.joined"], [row]),
    ]


def in_blocks(rows: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Round rows (n, width) to bytes around 128, (n, n_blocks, BLOCK), with one scale per block, (n, n_blocks).

    Examples
    --------
    >>> bits, scales = in_blocks(np.array([[0.0, 127.0, -254.0]], np.float32))
    >>> bits[0, 0, :4], scales
    (array([128, 192,   1, 128], dtype=uint8), array([[2.]], dtype=float32))
    """
    n, width = rows.shape
    blocks = np.pad(rows, ((0, 0), (0, -width % BLOCK))).reshape(n, -1, BLOCK)
    scales = np.abs(blocks).max(axis=2) / 127
    steps = blocks / np.where(scales > 0, scales, 1)[:, :, None]
    return (np.rint(steps) + 128).astype(np.uint8), scales.astype(np.float32)


def _rebuilt(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto]
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, initializers)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
