"""A fitted decoder as ONNX graphs of fixed shape: features in, probabilities out, for one trial at a time.

Whitening is folded into the adapter's projection, which stays in its factors. Behind it comes what the network computes
behind its layer, and behind that the readout::

    features - mean ──► projection, + bias ──► expansion times gain ──► + mean activation ──► network ──► probabilities
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...errors import InputError
from ...models.export.onnx_precision import Precision, shrunk
from ..decoder import Decoder, Linear, Settings
from ..readout import LabelReadout, NearestReadout, TextReadout
from ..steps import STEPS
from .sealed import DECIDE, SPEAK, VOCABULARY

OPSET, IR_VERSION = 18, 10
LARGEST_GRAPH_BYTES = 2**31 - 2**20
"""A protobuf holds less than 2 GiB; names and shapes need some."""

# Names of our own, which no network has.
OWN = "hotwire.decoder."
DEVIATION, ACTIVATION, SCORES = f"{OWN}deviation", "activation", f"{OWN}scores"
LOG_PROBABILITIES = "log_probabilities"


class Speech(NamedTuple):
    """How a free answer goes on after its first token, see `hotwire.models.export.language_graphs`."""

    step: onnx.ModelProto
    vocabulary: tuple[bytes, ...]
    end: int | None
    max_tokens: int


class Graphs(NamedTuple):
    """A decoder as graphs.

    Attributes
    ----------
    decide : ModelProto
        Takes ``features``, float32 (1, n_inputs): one row of a window, after the steps, or its features. Gives
        ``probabilities``, float64 (1, n_answers); with a free answer also its first ``token`` and what is ``kept`` for
        the next.
    speech : Speech or None
        The rest of a free answer, where the readout asks for one.
    """

    decide: onnx.ModelProto
    speech: Speech | None


class _Part(NamedTuple):
    nodes: list[onnx.NodeProto]
    constants: dict[str, NDArray]


def decoder_graphs(decoder: Decoder, precision: Precision = "int8") -> Graphs:
    """Export a fitted decoder.

    Parameters
    ----------
    decoder : Decoder
    precision : {"float32", "float16", "int8"}
        Of the network's weights; the adapter's stay float32.

    Raises
    ------
    InputError
        It cannot run live, because a step needs the future or because its network or readout cannot be exported.
    """
    check_causal(decoder.settings)
    readout, entry = decoder.settings.readout, decoder.entry_
    front = linear_part(decoder.linear_)
    if isinstance(readout, NearestReadout):
        behind = nearest_part(readout, entry.targets, decoder.linear_.mean)
        return Graphs(_joined(decoder, front, _empty(), behind), None)
    if not isinstance(readout, LabelReadout):
        raise InputError(f"readout: {type(readout).__name__} cannot be exported; the readouts of hotwire can")
    # They import torch, which the nearest target needs not.
    from ...models.export.language_graphs import text_graphs
    from ...models.export.scoring_graph import scoring_graph

    speech = None
    if isinstance(readout, TextReadout):
        graphs = text_graphs(entry.network, entry.layer, entry.answers, max_tokens=readout.max_tokens)
        tail = shrunk(graphs.scoring, precision)
        speech = Speech(shrunk(graphs.step, precision), graphs.vocabulary, graphs.end, graphs.max_tokens)
    else:
        tail = shrunk(scoring_graph(entry.network, entry.layer, entry.answers), precision)
    prior = _log_probabilities(tail, decoder.linear_.mean) if readout.prior == "remove" else None
    return Graphs(_joined(decoder, front, tail, label_part(prior, len(entry.answers))), speech)


def live_parts(decoder: Decoder, precision: Precision) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Export a fitted decoder as parts of a bundle, and describe them for its manifest.

    Raises
    ------
    InputError
        It cannot run live.
    """
    decide, speech = decoder_graphs(decoder, precision)
    parts, text = {DECIDE: decide.SerializeToString(deterministic=True)}, None
    if speech is not None:
        parts[SPEAK] = speech.step.SerializeToString(deterministic=True)
        # Tokens are bytes, which need not be text; in Latin-1 each byte is a character.
        parts[VOCABULARY] = json.dumps([token.decode("latin-1") for token in speech.vocabulary]).encode()
        text = {"end": speech.end, "max_tokens": speech.max_tokens, "n_tokens": len(speech.vocabulary)}
    shapes = {"inputs": _shapes(decide.graph.input), "outputs": _shapes(decide.graph.output)}
    return {"reason": None, "precision": precision, **shapes, "text": text}, parts


def _shapes(values: Iterable[onnx.ValueInfoProto]) -> dict[str, list[int]]:
    return {one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim] for one in values}


def check_causal(settings: Settings) -> None:
    """Raise InputError where a step needs the whole run, which a live stream does not have."""
    causal = ", ".join(name for name, kind in STEPS.items() if not kind.needs_future)
    for step in settings.steps:
        if step.needs_future:
            raise InputError(
                f"the step {type(step).__name__} needs the whole run, which a live stream has not; fit with a causal "
                f"one instead, there are: {causal}"
            )


def linear_part(linear: Linear) -> _Part:
    """Whitening and adapter: from ``features`` to `DEVIATION` from the mean activation, and to `ACTIVATION`.

    All is folded in float64. The mean is taken from the features first, so that a large offset costs no precision;
    what its rounding to float32 leaves goes into the bias.
    """
    adapter, whitener = linear.adapter, linear.whitener
    projection = adapter.projection_ / np.reshape(adapter.x_scale_, (-1, 1))
    if whitener is None:
        mean, bias = adapter.x_mean_, np.zeros(projection.shape[1])
    else:
        mean, bias = whitener.mean_, -adapter.x_mean_ @ projection
        projection = whitener.pulled_back(projection)
    rounded = mean.astype(np.float32)
    bias = bias + (rounded - mean) @ projection
    expansion = adapter.expansion_ * np.asarray(adapter.gain_, np.float64)
    nodes = [
        helper.make_node("Sub", ["features", f"{OWN}mean"], [f"{OWN}centred"]),
        helper.make_node("Gemm", [f"{OWN}centred", f"{OWN}projection", f"{OWN}bias"], [f"{OWN}projected"]),
        helper.make_node("MatMul", [f"{OWN}projected", f"{OWN}expansion"], [DEVIATION]),
        helper.make_node("Add", [DEVIATION, f"{OWN}mean_activation"], [ACTIVATION]),
    ]
    constants = {
        "mean": rounded.reshape(1, -1),
        "projection": projection,
        "bias": bias.reshape(1, -1),
        "expansion": expansion,
        "mean_activation": linear.mean.reshape(1, -1),
    }
    return _Part(nodes, {f"{OWN}{name}": array.astype(np.float32) for name, array in constants.items()})


def nearest_part(readout: NearestReadout, targets: NDArray[np.float32], mean: NDArray[np.float32]) -> _Part:
    """The cosines between `DEVIATION` and those of the targets, (n_answers, n_units), over the temperature."""
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
        f"{OWN}directions": (directions.T / readout.temperature).astype(np.float32),
    }
    return _with_softmax(_Part(nodes, constants))


def label_part(prior: NDArray[np.float32] | None, n_answers: int) -> _Part:
    """The network's log probabilities, less those that the answers have at the mean activation, if given."""
    at_mean = np.zeros((1, n_answers), np.float32) if prior is None else prior
    less = helper.make_node("Sub", [LOG_PROBABILITIES, f"{OWN}prior"], [SCORES])
    return _with_softmax(_Part([less], {f"{OWN}prior": at_mean}))


def _with_softmax(part: _Part) -> _Part:
    nodes = [
        helper.make_node("Cast", [SCORES], [f"{OWN}scores_64"], to=TensorProto.DOUBLE),
        helper.make_node("Softmax", [f"{OWN}scores_64"], ["probabilities"], axis=1),
    ]
    return _Part([*part.nodes, *nodes], part.constants)


def _empty() -> onnx.ModelProto:
    graph = helper.make_graph([], "hotwire", [], [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _joined(decoder: Decoder, front: _Part, model: onnx.ModelProto, behind: _Part) -> onnx.ModelProto:
    """Put nodes before and behind those of a model, which is changed: its weights may be too large for a copy."""
    graph: Any = model.graph
    n_inputs, n_answers = front.constants[f"{OWN}mean"].size, len(decoder.entry_.answers)
    kept = [output for output in graph.output if output.name != LOG_PROBABILITIES]
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, [1, n_answers])
    for field, values in (
        (graph.node, [*front.nodes, *graph.node, *behind.nodes]),
        (graph.input, [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, n_inputs])]),
        (graph.output, [probabilities, *kept]),
    ):
        del field[:]
        field.extend(values)
    constants = front.constants | behind.constants
    n_bytes = sum(array.nbytes for array in constants.values()) + model.ByteSize()
    if n_bytes > LARGEST_GRAPH_BYTES:
        wide = " x ".join(map(str, front.constants[f"{OWN}projection"].shape))
        raise InputError(
            f"the decoder's graph would take {n_bytes / 1e9:.1f} GB, and ONNX holds up to 2 GB; its linear part alone "
            f"goes from features to directions by {wide} numbers: fit on fewer features or fewer trials"
        )
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    onnx.checker.check_model(model)
    return model


def _log_probabilities(tail: onnx.ModelProto, activation: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the exported network itself, with its weights as they are now, says of an activation."""
    from .compiled import open_session

    (log_p,) = open_session(tail.SerializeToString()).run([LOG_PROBABILITIES], {ACTIVATION: activation[None]})
    return np.asarray(log_p)
