"""Cut an ONNX model in two at one of its tensors.

A tensor is a *cut* if everything that follows can be computed from it and the weights alone. Reading another tensor's
shape is not a dependence on its content: the shapes are known. onnx's own extractor ignores this, and also ignores what
the branches and loop bodies of a node read from outside.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from os import PathLike

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from ...errors import InputError

# Initialisers that only these read are sizes, not weights.
_SIZES = {"Resize", "Upsample"}


def load(path: str | PathLike[str]) -> onnx.ModelProto:
    """Read a model with one input and one output, else raise `InputError`; constant nodes become initialisers."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise InputError(f"path: {path} is no valid ONNX model: {error}") from error
    graph = model.graph
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            graph.initializer.add().CopyFrom(node.attribute[0].t)
            graph.initializer[-1].name = node.output[0]
        else:
            nodes.append(node)
    inputs = [tensor for tensor in graph.input if tensor.name not in weights(model)]
    for what, tensors in (("input", inputs), ("output", graph.output)):
        if len(tensors) != 1:
            names = ", ".join(tensor.name for tensor in tensors)
            raise InputError(f"path: expected a model with one {what}, {path} has {len(tensors)}: {names}")
    return _rebuilt(model, nodes, inputs, list(graph.output), graph.initializer)


def weights(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Initialisers by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def head(model: onnx.ModelProto, tensors: Iterable[str]) -> onnx.ModelProto:
    """Return the model that computes `tensors` from the input, and nothing more."""
    tensors = list(tensors)
    needed = _needed(model, tensors, stop=None, known={})
    nodes = [node for node in model.graph.node if not needed.isdisjoint(node.output)]
    outputs = [onnx.ValueInfoProto(name=name) for name in tensors]
    return _rebuilt(model, nodes, list(model.graph.input), outputs, _initializers(model, needed))


def is_cut(model: onnx.ModelProto, tensor: str, known: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the output can be computed from `tensor`, the weights and the `known` shapes of rows alone."""
    needed = _needed(model, [model.graph.output[0].name], stop=tensor, known=known)
    return tensor in needed and model.graph.input[0].name not in needed


def tail(model: onnx.ModelProto, cut: str, known: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """Return the model that computes the output from ``activation``, which replaces a tensor that `is_cut`.

    Tensors that it does not compute, but whose shapes it reads, are empty ones of that shape.
    """
    output = model.graph.output[0]
    needed = _needed(model, [output.name], stop=cut, known=known)
    rest = [node for node in model.graph.node if not needed.isdisjoint(node.output) and cut not in node.output]
    computed = {cut, *(name for node in rest for name in node.output), *weights(model)}
    measured = {name for node in rest if (name := _shape_read(node)) is not None} - computed
    nodes = [helper.make_node("Identity", ["activation"], [cut])]
    initializers = _initializers(model, needed)
    if measured:
        nodes.append(helper.make_node("Shape", ["activation"], ["hotwire.shape"]))
        nodes.append(helper.make_node("Gather", ["hotwire.shape", "hotwire.first"], ["hotwire.rows"]))
        initializers.append(numpy_helper.from_array(np.array([0]), "hotwire.first"))
    for name in sorted(measured):
        row, shape = f"hotwire.row.{name}", f"hotwire.shape.{name}"
        initializers.append(numpy_helper.from_array(np.array(known[name], np.int64), row))
        nodes.append(helper.make_node("Concat", ["hotwire.rows", row], [shape], axis=0))
        nothing = numpy_helper.from_array(np.array([False]))
        nodes.append(helper.make_node("ConstantOfShape", [shape], [name], value=nothing))
    rows = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or "n"
    activation = helper.make_tensor_value_info("activation", onnx.TensorProto.FLOAT, [rows, *known[cut]])
    return _rebuilt(model, [*nodes, *rest], [activation], [output], initializers)


def shuffled(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Return the model with each weight's numbers shuffled within it: random, with the same mean and scale.

    Signs stay where they must not change (a variance remains positive); integer sizes and indices are not weights.
    """
    rng = np.random.default_rng(seed)
    readers: dict[str, set[str]] = {}
    for node in model.graph.node:
        for name in _reads(node):
            readers.setdefault(name, set()).add(node.op_type)
    initializers = []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        is_weight = not np.issubdtype(array.dtype, np.integer) or array.dtype.itemsize == 1
        if is_weight and not readers.get(tensor.name, set()) <= _SIZES:
            tensor = numpy_helper.from_array(rng.permutation(array.ravel()).reshape(array.shape), tensor.name)
        initializers.append(tensor)
    graph = model.graph
    return _rebuilt(model, list(graph.node), list(graph.input), list(graph.output), initializers)


def _needed(model: onnx.ModelProto, tensors: Iterable[str], stop: str | None, known: Container[str | None]) -> set[str]:
    """All tensors that `tensors` depend on, including themselves; nothing before `stop`, nor before known shapes."""
    makers = {name: node for node in model.graph.node for name in node.output if name}
    needed: set[str] = set()
    to_visit = list(tensors)
    while to_visit:
        name = to_visit.pop()
        if name in needed:
            continue
        needed.add(name)
        node = makers.get(name)
        if node is not None and name != stop and _shape_read(node) not in known:
            to_visit += _reads(node)
    return needed


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, including those that its branches or loop bodies take from outside."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            own = {tensor.name for tensor in [*graph.input, *graph.initializer]}
            own |= {name for inner in graph.node for name in inner.output}
            read = {name for inner in graph.node for name in _reads(inner)}
            yield from (read | {tensor.name for tensor in graph.output}) - own


def _shape_read(node: onnx.NodeProto) -> str | None:
    """Return the tensor of which this node reads the shape and nothing else."""
    return node.input[0] if node.op_type == "Shape" and node.domain in ("", "ai.onnx") else None


def _initializers(model: onnx.ModelProto, needed: set[str]) -> list[onnx.TensorProto]:
    return [tensor for tensor in model.graph.initializer if tensor.name in needed]


def _rebuilt(
    model: onnx.ModelProto,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    initializers: Sequence[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, model.graph.name, inputs, outputs, initializers)
    return helper.make_model(
        graph, opset_imports=model.opset_import, functions=model.functions, ir_version=model.ir_version
    )
