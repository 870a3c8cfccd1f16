"""What follows a layer as an ONNX graph of fixed shape, for one sample: from an activation to the candidates' scores.

The graph needs neither torch nor transformers; onnxruntime runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from ...errors import InputError
from ..networks.language.language_model import LanguageModel
from ..networks.network import Network
from ..networks.onnx_network import OnnxNetwork
from ..networks.torch_network import TorchNetwork
from .language_graphs import language_scoring_graph
from .torch_to_onnx import IR_VERSION, OPSET, check_faithful, simplified, tidied, traced

_OWN = "hotwire.export."


def scoring_graph(network: Network, layer: str, candidates: Sequence[str]) -> onnx.ModelProto:
    """Export what follows a layer, up to the scores of the candidates, in opset 18, with the weights inside.

    The graph takes ``activation``, float32 (1, n_units), flattened in C order, and gives ``log_probabilities``, float32
    (1, n_candidates): those of `Network.log_probabilities` up to a constant that all candidates share, so that a
    softmax over them gives the same.

    Candidates are words or phrases for a language model or a speech recogniser, names from its labels for a
    `TorchNetwork` or an `OnnxNetwork`. An `InputError` says why another network, or one too large for an ONNX graph (2
    GB), cannot be exported.
    """
    network.shape_of(layer)
    if isinstance(network, LanguageModel):
        return language_scoring_graph(network, layer, candidates)
    if not isinstance(network, OnnxNetwork | TorchNetwork):
        return _spoken_graph(network, layer, candidates)
    columns = network.columns(candidates)
    if isinstance(network, OnnxNetwork):
        rest = _upgraded(network.tail(layer), network.name)
    else:
        rest = traced(network.tail(layer), {"entered": network.example_activation(layer)}, ["outputs"], network.name)
    model = simplified(_scored(rest, network.shape_of(layer), columns))
    if isinstance(network, TorchNetwork):
        model = tidied(model)
    activation = np.random.default_rng(0).normal(size=(1, prod(network.shape_of(layer)))).astype(np.float32)
    check_faithful(model, activation, network.log_probabilities(layer, activation, candidates), network.name)
    return model


def _spoken_graph(network: Network, layer: str, candidates: Sequence[str]) -> onnx.ModelProto:
    # Importing Whisper takes a second, and no other network needs it.
    from ..networks.whisper.recogniser import SpeechRecogniser
    from .recogniser_graph import recogniser_scoring_graph

    if isinstance(network, SpeechRecogniser):
        return recogniser_scoring_graph(network, layer, candidates)
    raise InputError(
        f"network: {network.name} is of the kind {type(network).__name__}, which cannot be exported; a LanguageModel, "
        "a SpeechRecogniser, a TorchNetwork or an OnnxNetwork can"
    )


def _upgraded(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Convert an ONNX model to our opset, with the batch fixed to one."""
    entry = model.graph.input[0]
    entry.type.tensor_type.shape.dim[0].dim_value = 1
    # Shapes declared for a free batch are no longer valid.
    model.graph.output[0].type.tensor_type.ClearField("shape")
    if {entry.domain: entry.version for entry in model.opset_import}.get("") == OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except RuntimeError as error:
        raise InputError(f"network: {name} cannot be brought to ONNX opset {OPSET}: {error}") from error


def _scored(model: onnx.ModelProto, shape: tuple[int, ...], columns: list[list[int]]) -> onnx.ModelProto:
    """Put the flattening before a graph of one input and one output, and the candidates' scores after it.

    Where several outputs have a candidate's name, their probabilities are added.
    """
    graph = compose.add_prefix(model, f"{_OWN}network.").graph
    constants = {"shape": np.array([1, *shape]), **{f"columns.{i}": np.array(own) for i, own in enumerate(columns)}}
    before = helper.make_node("Reshape", ["activation", f"{_OWN}shape"], [graph.input[0].name])
    after = []
    for number in range(len(columns)):
        after += [
            helper.make_node(
                "Gather", [graph.output[0].name, f"{_OWN}columns.{number}"], [f"{_OWN}own.{number}"], axis=1
            ),
            # With a batch of one, the sum over everything is that over the candidate's own outputs.
            helper.make_node("ReduceLogSumExp", [f"{_OWN}own.{number}"], [f"{_OWN}score.{number}"], keepdims=1),
        ]
    scores = [f"{_OWN}score.{number}" for number in range(len(columns))]
    after.append(helper.make_node("Concat", scores, ["log_probabilities"], axis=1))
    initializers = [
        *graph.initializer,
        *(numpy_helper.from_array(array.astype(np.int64), f"{_OWN}{name}") for name, array in constants.items()),
    ]
    scored = helper.make_graph(
        [before, *graph.node, *after],
        "hotwire",
        [helper.make_tensor_value_info("activation", TensorProto.FLOAT, [1, prod(shape)])],
        [helper.make_tensor_value_info("log_probabilities", TensorProto.FLOAT, [1, len(columns)])],
        initializers,
    )
    return helper.make_model(scored, opset_imports=model.opset_import, functions=model.functions, ir_version=IR_VERSION)
