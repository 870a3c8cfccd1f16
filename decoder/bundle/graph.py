"""A fitted decoder as ONNX graphs of fixed shape: features in, probabilities out, for one trial at a time.

Whitening is folded into the adapter's projection, which stays in its factors. The exported readout follows; for most
readouts it holds the rest of the network::

    features - mean ──► projection, + bias ──► expansion times gain ──► + mean activation ──► readout ──► probabilities
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from ...errors import InputError
from ...models.export.onnx_precision import Precision
from ..decoder import Decoder
from ..linear import Linear
from ..readouts.graph import ACTIVATION, DEVIATION, OWN, SCORES, ReadoutGraph, Speech, initializers
from ..steps import STEPS, Step
from .sealed import DECIDE, SPEAK, VOCABULARY
from .shared_weights import sharing_weights

LARGEST_GRAPH_BYTES = 2**31 - 2**20
"""A protobuf holds less than 2 GiB; names and shapes need some of it."""


class DecoderGraphs(NamedTuple):
    """A decoder as graphs.

    `decide` takes ``features``, float32 (1, n_inputs): one row of a window, after the steps, or its features. It gives
    ``probabilities``, float64 (1, n_classes); with a free answer also its first ``token`` and the state ``kept`` for
    the next. `speech` is the rest of a free answer, if the readout gives one.
    """

    decide: onnx.ModelProto
    speech: Speech | None


class LinearGraph(NamedTuple):
    """Nodes from ``features`` to `DEVIATION` and `ACTIVATION`, and their constant arrays by name."""

    nodes: list[onnx.NodeProto]
    constants: dict[str, NDArray]


def decoder_graphs(
    decoder: Decoder, precision: Precision = "int8", readout: ReadoutGraph | None = None
) -> DecoderGraphs:
    """Export a fitted decoder, with the network's weights in this precision; the adapter's stay float32.

    An already exported `readout` may be given; it is changed. Raises InputError where the decoder cannot run live: a
    step needs the future, or the network or readout cannot be exported.
    """
    check_causal(decoder.settings.steps)
    linear = linear_graph(decoder.linear_)
    readout = readout or decoder.settings.readout.export(decoder.entry_, precision)
    return DecoderGraphs(_joined(linear, readout.model, len(decoder.entry_.answers)), readout.speech)


def live_parts(
    decoder: Decoder, precision: Precision, readout: ReadoutGraph | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Export a fitted decoder as parts of a bundle, described for its manifest; errors as `decoder_graphs`."""
    decide, speech = decoder_graphs(decoder, precision, readout)
    shapes = {"inputs": _shapes(decide.graph.input), "outputs": _shapes(decide.graph.output)}
    parts, text = {}, None
    if speech is None:
        parts[DECIDE] = decide.SerializeToString(deterministic=True)
    else:
        parts |= sharing_weights({DECIDE: decide, SPEAK: speech.step})
        # Tokens are bytes, which need not be text; in Latin-1 each byte is a character.
        parts[VOCABULARY] = json.dumps([token.decode("latin-1") for token in speech.vocabulary]).encode()
        text = {"end": speech.end, "max_tokens": speech.max_tokens, "n_tokens": len(speech.vocabulary)}
    return {"reason": None, "precision": precision, **shapes, "text": text}, parts


def check_causal(steps: Iterable[Step]) -> None:
    """Raise InputError where a step needs the whole run, which a live stream does not have."""
    for step in steps:
        if step.needs_future:
            causal = ", ".join(name for name, kind in STEPS.items() if not kind.needs_future)
            raise InputError(
                f"the step {type(step).__name__} needs the whole run, which a live stream has not; fit with a causal "
                f"one instead, there are: {causal}"
            )


def linear_graph(linear: Linear) -> LinearGraph:
    """Whitening and adapter, folded in float64.

    The mean is subtracted from the features first, so that a large offset costs no precision; the error of its rounding
    to float32 goes into the bias.
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
    return LinearGraph(nodes, {f"{OWN}{name}": array.astype(np.float32) for name, array in constants.items()})


def _joined(linear: LinearGraph, model: onnx.ModelProto, n_classes: int) -> onnx.ModelProto:
    """Put the linear part before a readout's graph and a softmax after it.

    The model is changed: its weights may be too large for a copy.
    """
    graph: Any = model.graph
    softmax = [
        helper.make_node("Cast", [SCORES], [f"{OWN}scores_64"], to=TensorProto.DOUBLE),
        helper.make_node("Softmax", [f"{OWN}scores_64"], ["probabilities"], axis=1),
    ]
    n_inputs = linear.constants[f"{OWN}mean"].size
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, [1, n_classes])
    for field, values in (
        (graph.node, [*linear.nodes, *graph.node, *softmax]),
        (graph.input, [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, n_inputs])]),
        (graph.output, [probabilities, *(output for output in graph.output if output.name != SCORES)]),
    ):
        del field[:]
        field.extend(values)
    n_bytes = sum(array.nbytes for array in linear.constants.values()) + model.ByteSize()
    if n_bytes > LARGEST_GRAPH_BYTES:
        wide = " x ".join(map(str, linear.constants[f"{OWN}projection"].shape))
        raise InputError(
            f"the decoder's graph would take {n_bytes / 1e9:.1f} GB, and ONNX holds up to 2 GB; its linear part alone "
            f"goes from features to directions by {wide} numbers: fit on fewer features or fewer trials"
        )
    graph.initializer.extend(initializers(linear.constants))
    onnx.checker.check_model(model)
    return model


def _shapes(values: Iterable[onnx.ValueInfoProto]) -> dict[str, list[int]]:
    return {one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim] for one in values}
