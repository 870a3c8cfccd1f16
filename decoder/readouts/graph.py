"""Readouts as ONNX graphs, for a rig: from an activation, or its deviation from the mean, to a score for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...models.networks.one_thread import open_session
from ..discriminant import Discriminant

OPSET, IR_VERSION = 18, 10

# Names of our own, which no network has.
OWN = "hotwire.decoder."
DEVIATION, ACTIVATION, SCORES = f"{OWN}deviation", "activation", f"{OWN}scores"
LOG_PROBABILITIES = "log_probabilities"


class Speech(NamedTuple):
    """How a free answer continues after its first token, see `hotwire.models.export.language_graphs`."""

    step: onnx.ModelProto
    vocabulary: tuple[bytes, ...]
    end: int | None
    max_tokens: int


class ReadoutGraph(NamedTuple):
    """What `Readout.export` gives.

    `model`, of opset 18, takes `ACTIVATION` or `DEVIATION`, float32 (1, n_units), and gives `SCORES`, float32 (1,
    n_classes): log probabilities up to a constant. With a free answer it also gives the first ``token`` and the state
    ``kept`` for the next; `speech` is the rest of the answer. The caller may change the model.
    """

    model: onnx.ModelProto
    speech: Speech | None = None


def nearest_graph(targets: NDArray[np.float32], mean: NDArray[np.float32], temperature: float) -> onnx.ModelProto:
    """The cosines between `DEVIATION` and those of the targets, (n_classes, n_units), over the temperature."""
    wanted = targets.astype(np.float64) - mean
    lengths = np.linalg.norm(wanted, axis=1, keepdims=True)
    directions = wanted / np.where(lengths > 0, lengths, 1.0)
    nodes = [
        helper.make_node("ReduceL2", [DEVIATION], [f"{OWN}length"], keepdims=1),
        # A deviation without length has no direction: all its cosines are 0.
        helper.make_node("Max", [f"{OWN}length", f"{OWN}least_length"], [f"{OWN}divisor"]),
        helper.make_node("Div", [DEVIATION, f"{OWN}divisor"], [f"{OWN}direction"]),
        helper.make_node("MatMul", [f"{OWN}direction", f"{OWN}directions"], [SCORES]),
    ]
    constants = {
        f"{OWN}least_length": np.array(np.finfo(np.float32).tiny, np.float32),
        f"{OWN}directions": (directions.T / temperature).astype(np.float32),
    }
    entered = helper.make_tensor_value_info(DEVIATION, TensorProto.FLOAT, [1, targets.shape[1]])
    graph = helper.make_graph(nodes, "hotwire", [entered], [_scores(len(targets))], initializers(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def discriminant_graph(discriminant: Discriminant) -> onnx.ModelProto:
    """A linear function of `DEVIATION`."""
    entered = helper.make_tensor_value_info(DEVIATION, TensorProto.FLOAT, [1, len(discriminant.weights)])
    graph = helper.make_graph([], "hotwire", [entered], [])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return with_discriminant(made, discriminant)


def with_discriminant(model: onnx.ModelProto, discriminant: Discriminant) -> onnx.ModelProto:
    """The model with the discriminant's `SCORES` in place of those it has; what else it gives stays.

    The model is changed: its weights may be too large for a copy.
    """
    graph: Any = model.graph
    of = {f"{OWN}discriminant.weights": discriminant.weights, f"{OWN}discriminant.bias": discriminant.bias}
    for parts in (graph.node, graph.initializer):
        for i in reversed(range(len(parts))):
            if parts[i].name in of or SCORES in getattr(parts[i], "output", ()):
                del parts[i]
    graph.node.append(helper.make_node("Gemm", [DEVIATION, *of], [SCORES]))
    graph.initializer.extend(initializers(of))
    others = [one for one in graph.output if one.name != SCORES]
    del graph.output[:]
    graph.output.extend([_scores(len(discriminant.bias)), *others])
    return model


def less_prior(model: onnx.ModelProto, mean: NDArray[np.float32] | None, n_classes: int) -> onnx.ModelProto:
    """From `LOG_PROBABILITIES` to `SCORES`: minus those of the graph itself at the mean activation, if there is one.

    The model is changed: its weights may be too large for a copy.
    """
    at_mean = np.zeros((1, n_classes), np.float32)
    if mean is not None:
        session = open_session(model.SerializeToString())
        at_mean = np.asarray(session.run([LOG_PROBABILITIES], {ACTIVATION: mean[None]})[0])
    outputs = [_scores(n_classes), *(one for one in model.graph.output if one.name != LOG_PROBABILITIES)]
    model.graph.node.append(helper.make_node("Sub", [LOG_PROBABILITIES, f"{OWN}prior"], [SCORES]))
    model.graph.initializer.extend(initializers({f"{OWN}prior": at_mean}))
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    return model


def at_prior(model: onnx.ModelProto, mean: NDArray[np.float32]) -> onnx.ModelProto:
    """The model of `less_prior` with another mean activation, whose log probabilities are those of the graph itself.

    The model is changed.
    """
    [prior] = [one for one in model.graph.initializer if one.name == f"{OWN}prior"]
    prior.CopyFrom(numpy_helper.from_array(np.zeros_like(numpy_helper.to_array(prior)), prior.name))
    at_mean = np.asarray(open_session(model.SerializeToString()).run([SCORES], {ACTIVATION: mean[None]})[0])
    prior.CopyFrom(numpy_helper.from_array(at_mean, prior.name))
    return model


def initializers(constants: Mapping[str, NDArray]) -> Sequence[onnx.TensorProto]:
    """Arrays by name, as an ONNX graph holds them."""
    return [numpy_helper.from_array(array, name) for name, array in constants.items()]


def _scores(n_classes: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [1, n_classes])
