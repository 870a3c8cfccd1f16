"""A saved decoder as one ONNX graph that takes samples: for programs in C++, JavaScript or any other language.

::

    state = zeros(n_state)
    for each window that ends:
        probabilities, usable, state = run(samples since the last call, state)

Each call takes any number of samples and decides on the window that ends with the newest of them. A window that slides
is decided on when it ends; one that follows an event, in a call that ends with its last sample. Where no step remembers
anything, a call with a whole window and a state of zeros is the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper

from ....errors import InputError
from ....models.files import whole_file
from ....models.networks.onnx_graph import head
from ...features.base import FittedFeatures
from ...statistics.calibration import ScoreCalibration
from ..compiled import LIVE, CompiledDecoder, saved_calibration, saved_features
from ..sealed import DECIDE, unseal
from ..shared_weights import whole_graph
from .check import Sameness, compared, samples_until
from .features import write_features
from .nodes import (
    BOOL,
    DOUBLE,
    FLOAT,
    IR_VERSION,
    NEXT_STATE,
    OPSET,
    PROBABILITIES,
    SAMPLES,
    STATE,
    USABLE,
    GraphState,
    Nodes,
)
from .opset import lowered
from .steps import write_step
from .sums import sum_of_columns
from .windows import NewestWindow, write_window

LARGEST_BYTES = 2**31 - 2**20


class Exported(NamedTuple):
    """What `export_onnx` wrote: what the file says of itself, and how its decisions compare with the decoder's."""

    says: dict[str, str]
    sameness: Sameness


def export_onnx(bundle: str | os.PathLike[str], path: str | os.PathLike[str]) -> Exported:
    """Write a saved decoder as one ONNX graph from samples to probabilities, see this module.

    The graph has standard operators of opset 17 alone. Before it is written, it is run beside the decoder on random
    samples of the size of the recording's. Missing samples, channels that fail and free answers are not its business.

    Parameters
    ----------
    bundle : path
    path : path
        The file gets its name only when it is complete.

    Raises
    ------
    BundleError
        The bundle cannot be read, or cannot run live.
    InputError
        A step, the window, the features or the network cannot be written in these operators: the message says which,
        and what to use instead. Or the graph does not decide as the decoder does.
    """
    decoder = CompiledDecoder.load(bundle)
    contents = unseal(bundle, wanted=LIVE)
    decide = whole_graph(contents.parts, DECIDE)
    features = saved_features(contents.manifest, contents.parts)
    calibration = saved_calibration(contents.manifest, decoder.answers)
    model, window = sample_graph(decoder, decide, features, calibration)
    sameness = compared(model, decoder, window)
    if calibration is not None:
        own = contents.manifest | {"calibration": None}
        uncalibrated = CompiledDecoder(decoder.path, decoder.digest, own, contents.parts)
        before = compared(sample_graph(uncalibrated, decide, features)[0], uncalibrated, window)
        sameness = sameness._replace(n_same=before.n_same, calibrated=True)
    says = _says(decoder, window, model.graph.input[1].type.tensor_type.shape.dim[0].dim_value) | {
        "compared": str(sameness)
    }
    helper.set_model_props(model, says)
    with whole_file(path) as file:
        file.write(model.SerializeToString(deterministic=True))
    return Exported(says, sameness)


def sample_graph(
    decoder: CompiledDecoder,
    decide: onnx.ModelProto,
    features: FittedFeatures | None = None,
    calibration: ScoreCalibration | None = None,
) -> tuple[onnx.ModelProto, NewestWindow]:
    """Return the graph from samples to probabilities, and its window; `decide` is the decoder's own graph."""
    rest = lowered(head(decide, [PROBABILITIES]))
    g = Nodes()
    memory = GraphState(g)
    x, names, rate_hz = SAMPLES, decoder.feature_names, decoder.rate_hz
    for position, step in enumerate(decoder.steps):
        try:
            x = write_step(g, memory, step, names, rate_hz, x)
        except InputError as error:
            raise InputError(f"steps[{position}] {error}") from error
        names, rate_hz = step.names_out(names), step.rate_out_hz(rate_hz)
    window = write_window(g, memory, decoder.window, len(names), rate_hz, x)
    memory.write()
    row = window.x if features is None else g.as_float(write_features(g, features, window.x))
    g.nodes.append(helper.make_node("Reshape", [row, g.constant(np.array([1, -1]))], [decide.graph.input[0].name]))
    g.nodes.append(helper.make_node("Identity", [window.usable], [USABLE]))
    after = Nodes("hotwire.after.")
    if calibration is not None:
        _calibrate(rest, after, calibration)
    graph = helper.make_graph(
        [*g.nodes, *rest.graph.node, *after.nodes],
        "hotwire",
        [
            helper.make_tensor_value_info(SAMPLES, FLOAT, ["n_samples", len(decoder.feature_names)]),
            helper.make_tensor_value_info(STATE, DOUBLE, [memory.n]),
        ],
        [
            helper.make_tensor_value_info(PROBABILITIES, DOUBLE, [1, len(decoder.answers)]),
            helper.make_tensor_value_info(USABLE, BOOL, [1]),
            helper.make_tensor_value_info(NEXT_STATE, DOUBLE, [memory.n]),
        ],
        [*g.constants, *rest.graph.initializer, *after.constants],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    if made.ByteSize() > LARGEST_BYTES:
        raise InputError(f"the graph would take {made.ByteSize() / 1e9:.1f} GB, and one ONNX file holds up to 2 GB")
    onnx.checker.check_model(made)
    return made, window


def _calibrate(rest: onnx.ModelProto, after: Nodes, calibration: ScoreCalibration) -> None:
    """Write `hotwire.decoder.statistics.calibration` after the graph's own probabilities."""
    own = "hotwire.after.own"
    for node in rest.graph.node:
        for i, name in enumerate(node.output):
            if name == PROBABILITIES:
                node.output[i] = own
    scores = after("Log", after("Max", own, np.finfo(np.float64).tiny))
    logits = after("Add", after("Div", scores, calibration.temperature), np.array(calibration.bias))
    most = after("ReduceMax", logits, axes=[1], keepdims=1)
    shares = after("Exp", after("Sub", logits, most))
    total = sum_of_columns(after, shares, len(calibration.bias))
    after.nodes.append(helper.make_node("Div", [shares, total], [PROBABILITIES]))


def _says(decoder: CompiledDecoder, window: NewestWindow, n_state: int) -> dict[str, str]:
    """What the file says of itself; lists are JSON."""
    unit = decoder.unit
    return {
        "made_by": f"hotwire {version('hotwire')}, of the bundle {decoder.digest}",
        "takes": (
            f"samples, float32 (n_samples, {len(decoder.feature_names)}), those since the last call in row order; "
            "state, float64, zeros at the beginning, then next_state of the last call"
        ),
        "gives": (
            f"probabilities, float64 (1, {len(decoder.answers)}), of the window that ends with the newest sample; "
            "usable, bool (1,): whether there can be a decision on it; next_state"
        ),
        "channels": _json(decoder.feature_names),
        "unit": unit if isinstance(unit, str) else _json(unit),
        "rate_hz": f"{decoder.rate_hz:.17g}",
        "classes": _json(decoder.answers),
        "window": json.dumps(decoder.window.to_dict()),
        "first_samples": str(samples_until(decoder, window.n_samples)),
        "every_samples": f"{window.n_every * decoder.rate_hz / decoder.rate_after_steps_hz:g}",
        "state_size": str(n_state),
    }


def _json(names: Sequence[str]) -> str:
    return json.dumps(list(names), ensure_ascii=False)
