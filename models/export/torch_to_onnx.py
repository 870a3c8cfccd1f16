"""From a torch module to an ONNX graph of fixed shape, and the rules for every graph."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn

from ...errors import InputError
from ..networks.one_thread import ORT_ERRORS, one_thread, open_session

OPSET, IR_VERSION = 18, 10
# The largest protobuf message, and so the largest ONNX graph with its weights inside.
LARGEST = 2**31 - 1
_MIN_SHARED_SIZE = 2**10
_VERBOSE_LOGGERS = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


def traced(
    module: nn.Module, inputs: dict[str, torch.Tensor], outputs: Sequence[str], name: str = "network"
) -> onnx.ModelProto:
    """Export a module at the shapes of its example inputs, given by name; its output is one tensor or a tuple.

    It is an `InputError` that names the network if it cannot be traced, or its weights are too large for one graph.
    """
    n_bytes = sum(weight.numel() * weight.element_size() for weight in {*module.parameters(), *module.buffers()})
    if n_bytes > LARGEST:
        raise InputError(f"network: an ONNX graph holds at most 2 GB of weights, {name} has {n_bytes / 2**30:.1f} GB")
    try:
        with _muted(), torch.no_grad():
            program = torch.onnx.export(
                module.eval(),
                tuple(inputs.values()),
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=OPSET,
                dynamo=True,
                optimize=False,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise InputError(f"network: {name} cannot be exported as ONNX: {reason}") from error
    assert program is not None
    return program.model_proto


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """Compute constants ahead, and drop what is unused and what only says how the graph was made.

    All shapes have to be fixed; else it is an `InputError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simplified.onnx"
        options = one_thread()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        except ORT_ERRORS as error:
            raise InputError(f"network: onnxruntime cannot run the exported graph: {error}") from error
        simpler = onnx.load(path)
    # onnxruntime lists all domains that it has.
    domains = {entry.domain for entry in model.opset_import} | {node.domain for node in simpler.graph.node}
    opsets = [entry for entry in simpler.opset_import if entry.domain in domains]
    simpler = helper.make_model(simpler.graph, opset_imports=opsets, ir_version=IR_VERSION)
    for part in (simpler.graph, *simpler.graph.node, *simpler.graph.input, *simpler.graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    simpler.graph.ClearField("value_info")
    simpler.graph.name = "hotwire"
    for value in (*simpler.graph.input, *simpler.graph.output):
        if not all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim):
            raise InputError(f"network: {value.name} has no fixed shape in the exported graph")
    return simpler


def tidied(model: onnx.ModelProto) -> onnx.ModelProto:
    """In a simplified graph, rewrite forms of torch's exporter that onnxruntime runs slowly."""
    for tidy in (_share_table, _slice, _divide):
        tidy(model.graph)
    return model


def _share_table(graph: onnx.GraphProto) -> None:
    """Store a language model's table of tokens once where its last projection is the same, transposed.

    onnxruntime transposes it when it loads the graph.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer}
    tables = {node.input[0] for node in graph.node if node.op_type == "Gather" and node.input[0] in weights}
    for table in tables:
        dims = list(weights[table].dims)
        if len(dims) != 2 or prod(dims) < _MIN_SHARED_SIZE:
            continue
        array = numpy_helper.to_array(weights[table])
        for twin in [tensor for tensor in graph.initializer if list(tensor.dims) == dims[::-1]]:
            if twin.name != table and np.array_equal(numpy_helper.to_array(twin).T, array):
                graph.initializer.remove(twin)
                graph.node.insert(0, helper.make_node("Transpose", [table], [twin.name], perm=[1, 0]))


def _slice(graph: onnx.GraphProto) -> None:
    """Cut a tensor into pieces without a sequence of tensors, which has no fixed shape."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    splits = {node.output[0]: node for node in graph.node if node.op_type == "SplitToSequence"}
    for node in graph.node:
        if node.op_type != "SequenceAt":
            continue
        split = splits[node.input[0]]
        sizes, at = numpy_helper.to_array(constants[split.input[1]]), numpy_helper.to_array(constants[node.input[1]])
        number = int(at)
        # One size for all pieces, or one for each; a piece that passes the end is cut off.
        pieces = np.broadcast_to(sizes, number + 1) if sizes.ndim == 0 else sizes[: number + 1]
        axis = next((attribute.i for attribute in split.attribute if attribute.name == "axis"), 0)
        inputs = [split.input[0]]
        for name, value in {"start": pieces[:-1].sum(), "end": pieces.sum(), "axis": axis}.items():
            inputs.append(f"{node.output[0]}.{name}")
            graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), inputs[-1]))
        node.CopyFrom(helper.make_node("Slice", inputs, node.output))
    for split in splits.values():
        graph.node.remove(split)


def _divide(graph: onnx.GraphProto) -> None:
    """Divide by a root instead of multiplying by its inverse, so that onnxruntime recognises a normalisation."""
    makers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type != "Mul":
            continue
        inverse = makers.get(node.input[1])
        root = makers.get(inverse.input[0]) if inverse is not None and inverse.op_type == "Reciprocal" else None
        if root is not None and root.op_type == "Sqrt":
            node.CopyFrom(helper.make_node("Div", [node.input[0], root.output[0]], node.output))
    read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    for node in [node for node in graph.node if node.op_type == "Reciprocal" and node.output[0] not in read]:
        graph.node.remove(node)


def check_faithful(model: onnx.ModelProto, activation: np.ndarray, expected: np.ndarray, name: str) -> None:
    """Raise `InputError` where a graph's scores of the candidates differ from those of the network.

    The graph goes from ``activation`` (1, n_units) to ``log_probabilities`` (1, n_candidates); those `expected` may
    differ by a constant.
    """
    [scores] = open_session(model.SerializeToString()).run(["log_probabilities"], {"activation": activation})
    got, expected = (each - each.max() for each in (np.asarray(scores), expected))
    if not np.allclose(got, expected, rtol=1e-3, atol=1e-3):
        raise InputError(
            f"network: exported as ONNX, {name} scores the candidates {got.round(3).tolist()}, not "
            f"{expected.round(3).tolist()}; its architecture cannot be exported"
        )


@contextmanager
def _muted() -> Iterator[None]:
    """Suppress the exporter's messages about its progress, its deprecations, and packages that it would not use."""
    loggers = [logging.getLogger(name) for name in _VERBOSE_LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
