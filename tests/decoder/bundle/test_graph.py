"""A fitted decoder as one graph: what it takes and gives, and what its linear part computes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.decoder.bundle import graph
from hotwire.decoder.bundle.graph import decoder_graphs, linear_graph
from hotwire.decoder.bundle.save import compiled, save
from hotwire.decoder.bundle.sealed import describe
from hotwire.decoder.decoder import Decoder
from hotwire.decoder.linear import Linear
from hotwire.decoder.readouts.entry import Entry
from hotwire.decoder.readouts.graph import ACTIVATION, DEVIATION, SCORES, ReadoutGraph, at_prior, less_prior
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.nearest import NearestReadout
from hotwire.decoder.readouts.readout import Readout
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.settings import Settings
from hotwire.decoder.statistics.calibration import softmax
from hotwire.decoder.steps import Detrend, RunningZScore, ZScore
from hotwire.decoder.targets import WordTargets
from hotwire.errors import InputError
from hotwire.models import Network
from hotwire.models.networks.one_thread import open_session

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def run(model: onnx.ModelProto, entry: str, outputs: list[str], row: np.ndarray) -> list[np.ndarray]:
    found: Any = open_session(model.SerializeToString()).run(outputs, {entry: row.reshape(1, -1).astype(np.float32)})
    return found


def as_model(linear: Linear) -> onnx.ModelProto:
    """The linear part as a graph of its own."""
    part = linear_graph(linear)
    width = part.constants["hotwire.decoder.mean"].size
    return helper.make_model(
        helper.make_graph(
            part.nodes,
            "part",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, width])],
            [onnx.ValueInfoProto(name=name) for name in (DEVIATION, ACTIVATION)],
            [numpy_helper.from_array(array, name) for name, array in part.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )


def fitted_linear(whiten: bool, offset: float = 0.0, width: int = 6, **adapter: Any) -> tuple[Linear, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, width)) + 0.5 * rng.normal(size=(40, 1)) + offset
    Y = (X @ rng.normal(size=(width, 30)) + rng.normal(size=(40, 30)) + 5.0).astype(np.float32)
    whitener = Whitener().fit(X) if whiten else None
    fitted = RidgeAdapter(alphas=1.0, **adapter).fit(X if whitener is None else whitener.transform(X), Y)
    return Linear(fitted, whitener), X.astype(np.float32)


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("width", [6, 100])
@pytest.mark.parametrize(
    "adapter",
    [{}, {"gain": "total"}, {"gain": "unit", "alpha_per": "unit"}, {"gain": "total", "scale": "unit_variance"}],
    ids=["plain", "total", "per unit", "scaled"],
)
def test_the_linear_part_is_whitening_then_adapter(whiten: bool, width: int, adapter: dict[str, Any]) -> None:
    linear, X = fitted_linear(whiten, width=width, **adapter)
    for row in X[:5]:
        deviation, activation = run(as_model(linear), "features", [DEVIATION, ACTIVATION], row)
        expected = linear.predict(row[None])
        np.testing.assert_allclose(activation, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(deviation, expected - linear.mean, rtol=1e-5, atol=1e-5)


def test_a_large_offset_of_the_features_costs_no_precision() -> None:
    """Scanners count from zero: values of ten thousand vary by a few."""
    linear, X = fitted_linear(whiten=True, offset=1.2345e4, gain="total")
    adapter, whitener = linear.adapter, linear.whitener
    assert whitener is not None
    for row in X[:5]:
        (deviation,) = run(as_model(linear), "features", [DEVIATION], row)
        exact = (row - whitener.mean_) @ whitener.matrix_ - adapter.x_mean_
        exact = exact @ adapter.projection_ @ adapter.expansion_.astype(np.float64) * adapter.gain_
        np.testing.assert_allclose(deviation[0], exact, rtol=1e-5, atol=1e-5)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), temperature=st.floats(0.02, 10), size=st.sampled_from([0.0, 1e-20, 1.0, 1e6]))
def test_nearest_as_a_graph(network: Network, seed: int, temperature: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    mean, targets = rng.normal(size=5).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32)
    targets[1] = mean  # a target without a direction
    deviation = (size * rng.normal(size=5)).astype(np.float32)
    readout = NearestReadout(temperature=temperature)
    entry = Entry(network, "second", ("a", "b", "c"), np.zeros(5, np.float32), targets - mean)
    exported = readout.export(replace(entry, mean=mean, targets=targets), "float32")
    (found,) = run(exported.model, DEVIATION, [SCORES], deviation)
    np.testing.assert_allclose(softmax(found), softmax(readout.scores(entry, deviation[None])), atol=2e-6 / temperature)


@pytest.mark.parametrize("mean", [None, np.log([0.5, 0.25, 0.25]).astype(np.float32)])
def test_the_prior_is_taken_away(mean: np.ndarray | None) -> None:
    """Of a network that gives back what is injected, as it is."""
    log_p = np.log([0.7, 0.2, 0.1])
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3]) for n in ("activation", "log_probabilities")]
    nodes = [helper.make_node("Identity", ["activation"], ["log_probabilities"])]
    graph = helper.make_graph(nodes, "same", values[:1], values[1:])
    same = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    graph_less_prior = less_prior(same, mean, 3)
    (found,) = run(graph_less_prior, ACTIVATION, [SCORES], log_p)
    np.testing.assert_allclose(found[0], log_p - (0.0 if mean is None else mean), rtol=1e-6)
    other = np.log([0.1, 0.3, 0.6]).astype(np.float32)
    (again,) = run(at_prior(graph_less_prior, other), ACTIVATION, [SCORES], log_p)
    np.testing.assert_array_equal(again[0], log_p.astype(np.float32) - other)


def test_a_graph_too_large_for_onnx_is_refused(
    network: Network, recording: Recording, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And the decoder is saved without it, with the reason."""
    chosen = Settings("second", steps=[RunningZScore()], whiten="samples", readout=NearestReadout())
    decoder = Decoder(network, TARGETS, chosen).fit(recording)
    monkeypatch.setattr(graph, "LARGEST_GRAPH_BYTES", 1000)
    with pytest.raises(InputError, match=r"would take 0\.0 GB, and ONNX holds up to 2 GB.* by 20 x \d+ numbers"):
        decoder_graphs(decoder)
    save(decoder, tmp_path / "d.hotwire")
    assert "ONNX holds up to 2 GB" in describe(tmp_path / "d.hotwire")["live"]["reason"]


@pytest.mark.parametrize("whiten", ["none", "samples"])
def test_the_graph_has_fixed_shapes(network: Network, recording: Recording, whiten: Any) -> None:
    chosen = Settings("second", steps=[RunningZScore()], whiten=whiten, readout=NearestReadout())
    graphs = decoder_graphs(Decoder(network, TARGETS, chosen).fit(recording))
    assert graphs.speech is None
    inferred = onnx.shape_inference.infer_shapes(graphs.decide, strict_mode=True, data_prop=True)
    shapes = {
        one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim]
        for one in [*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output]
    }
    assert shapes["features"] == [1, 20]
    assert shapes["probabilities"] == [1, 4]
    assert shapes[SCORES] == [1, 4]
    assert all(size > 0 for shape in shapes.values() for size in shape)


@pytest.mark.parametrize("step", [Detrend(order=1), ZScore()])
def test_a_step_that_needs_the_future(network: Network, recording: Recording, step: Any) -> None:
    decoder = Decoder(network, TARGETS, Settings("second", steps=[step], readout=NearestReadout())).fit(recording)
    name = type(step).__name__
    with pytest.raises(InputError, match=f"the step {name} needs the whole run.*RunningBaseline.*RunningDetrend"):
        decoder_graphs(decoder)


@dataclass(frozen=True)
class OwnReadout(Readout):
    """The first units are the scores."""

    def scores(self, entry: Entry, states: np.ndarray) -> np.ndarray:
        return states[:, : len(entry.answers)]


@dataclass(frozen=True)
class OwnExported(OwnReadout):
    """The same, with a graph."""

    def export(self, entry: Entry, precision: Any) -> ReadoutGraph:
        n_units, n_classes = len(entry.mean), len(entry.answers)
        first = numpy_helper.from_array(np.eye(n_units, n_classes, dtype=np.float32), "first")
        graph = helper.make_graph(
            [helper.make_node("MatMul", [ACTIVATION, "first"], [SCORES])],
            "own",
            [helper.make_tensor_value_info(ACTIVATION, TensorProto.FLOAT, [1, n_units])],
            [helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [1, n_classes])],
            [first],
        )
        return ReadoutGraph(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))


def test_a_readout_of_ones_own_runs_live_once_it_exports(network: Network, recording: Recording) -> None:
    chosen = Settings("second", steps=[RunningZScore()], readout=OwnExported())
    decoder = Decoder(network, TARGETS, chosen).fit(recording)
    for ours, theirs in zip(compiled(decoder).predict(recording), decoder.predict(recording), strict=True):
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_a_readout_or_network_of_ones_own(network: Network, recording: Recording) -> None:
    with pytest.raises(InputError, match="OwnReadout cannot be exported"):
        decoder_graphs(Decoder(network, TARGETS, Settings("second", readout=OwnReadout())).fit(recording))
    with pytest.raises(InputError, match=network.name):
        decoder_graphs(Decoder(network, TARGETS, Settings("second", readout=LabelReadout())).fit(recording))
