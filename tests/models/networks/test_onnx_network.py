"""ONNX models, made by hand, entered at every tensor that is a cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from hotwire.models.networks.onnx_network import OnnxNetwork
from hotwire.models.networks.opening import open_network


def weight(name: str, *shape: int) -> onnx.TensorProto:
    rng = np.random.default_rng(len(name) + sum(shape))
    return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)


def integers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    shape: tuple[Any, ...],
    n_outputs: int,
    dtype: int = TensorProto.FLOAT,
) -> Path:
    entry = helper.make_tensor_value_info("x", dtype, shape)
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, (shape[0], n_outputs))
    graph = helper.make_graph(nodes, "made by hand", [entry], [output], initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def residual(path: Path, batch: str | int = "n") -> Path:
    """Convolutions with a residual, then a reshape that asks the *input* for the batch size."""
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["stem"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["stem", "gamma", "beta", "mean", "variance"], ["normed"]),
        helper.make_node("Relu", ["normed"], ["stem_act"]),
        helper.make_node("Conv", ["stem_act", "w1"], ["branch"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["branch"], ["branch_act"]),
        helper.make_node("Add", ["stem_act", "branch_act"], ["sum"]),
        helper.make_node("GlobalAveragePool", ["sum"], ["pooled"]),
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Constant", [], ["first"], value=integers("", 0)),
        helper.make_node("Gather", ["shape", "first"], ["rows"]),
        helper.make_node("Concat", ["rows", "rest"], ["flat_shape"], axis=0),
        helper.make_node("Reshape", ["pooled", "flat_shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc", "bias"], ["y"]),
    ]
    variance = numpy_helper.from_array(np.random.default_rng(0).uniform(0.5, 2, 4).astype(np.float32), "variance")
    initializers = [
        *(weight("w0", 4, 3, 3, 3), weight("w1", 4, 4, 3, 3), weight("fc", 4, 5), weight("bias", 5)),
        *(weight("gamma", 4), weight("beta", 4), weight("mean", 4), variance, integers("rest", 4)),
    ]
    return saved(path, nodes, initializers, (batch, 3, 8, 8), 5)


def branching(path: Path) -> Path:
    """A choice whose branches take a tensor from outside; and an embedding of integers."""
    for_true = helper.make_graph(
        [helper.make_node("Add", ["dense", "early"], ["t"])],
        "then",
        [],
        [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)],
    )
    for_false = helper.make_graph(
        [helper.make_node("Identity", ["dense"], ["f"])],
        "else",
        [],
        [helper.make_tensor_value_info("f", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["early"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["early", "w"], ["dense"]),
        helper.make_node("If", ["yes"], ["chosen"], then_branch=for_true, else_branch=for_false),
        helper.make_node("Tanh", ["chosen"], ["y"]),
    ]
    yes = numpy_helper.from_array(np.array(True), "yes")
    return saved(path, nodes, [weight("table", 10, 4), weight("w", 4, 4), yes], ("n", 3), 4, TensorProto.INT64)


CUTS = ["stem", "normed", "stem_act", "sum", "pooled", "flat", "y"]


def images(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 3, 8, 8)).astype(np.float32)


@pytest.fixture(params=["n", 1], ids=["free batch", "batch of one"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> OnnxNetwork:
    return OnnxNetwork(residual(tmp_path / "residual.onnx", request.param))


def test_layers_are_the_cuts_with_their_shapes(network: OnnxNetwork) -> None:
    assert list(network.layers) == CUTS
    assert network.layers["stem"] == (4, 8, 8)
    assert network.layers["pooled"] == (4, 1, 1)
    assert network.layers["flat"] == (4,)
    assert network.name == "residual"


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_re_entering_at_every_layer_gives_the_output_bit_for_bit(network: OnnxNetwork, batch_size: int) -> None:
    stimuli = images()
    recorded = network.activations(stimuli, CUTS, batch_size=batch_size)
    outputs = network.outputs(stimuli, batch_size=batch_size)
    assert outputs.shape == (5, 5)
    for layer in network.layers:
        np.testing.assert_array_equal(
            network.resume(layer, recorded[layer], batch_size=batch_size), outputs, err_msg=layer
        )


def test_outputs_and_activations_are_onnxruntime_s(tmp_path: Path) -> None:
    path, stimuli = residual(tmp_path / "residual.onnx"), images()
    network = OnnxNetwork(path)
    model = onnx.load(path)
    model.graph.output.append(onnx.ValueInfoProto(name="sum"))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y, summed = (np.asarray(array) for array in session.run(["y", "sum"], {"x": stimuli}))
    np.testing.assert_allclose(network.outputs(stimuli), y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(network.activations(stimuli, ["sum"])["sum"], summed, rtol=1e-4, atol=1e-5)


def test_what_is_put_in_decides_the_output(network: OnnxNetwork) -> None:
    stimuli = images()
    recorded, outputs = network.activations(stimuli, CUTS), network.outputs(stimuli)
    for layer in CUTS:
        np.testing.assert_allclose(network.resume(layer, recorded[layer][::-1]), outputs[::-1], rtol=1e-4, atol=1e-5)


def test_a_tail_holds_only_what_is_behind(network: OnnxNetwork) -> None:
    tail = network.tail("sum")
    onnx.checker.check_model(tail)
    assert {tensor.name for tensor in tail.graph.initializer} >= {"fc", "bias"}
    assert not {tensor.name for tensor in tail.graph.initializer} & {"w0", "w1", "gamma"}
    assert "Conv" not in {node.op_type for node in tail.graph.node}


def test_a_branch_is_no_cut(network: OnnxNetwork) -> None:
    for layer in ("branch", "branch_act", "shape"):
        with pytest.raises(InputError, match=rf"cannot be cut at '{layer}'.*It can at: {', '.join(CUTS)}"):
            network.resume(layer, np.ones((1, 4, 8, 8)))
    with pytest.raises(UnknownNameError, match="unknown layer 'stern'; did you mean 'stem'"):
        network.activations(images(), ["stern"])


def test_what_branches_take_from_outside_counts(tmp_path: Path) -> None:
    network = OnnxNetwork(branching(tmp_path / "branching.onnx"))
    assert list(network.layers) == ["words", "early", "chosen", "y"]
    words = np.random.default_rng(0).integers(0, 10, (4, 3))
    recorded, outputs = network.activations(words, list(network.layers)), network.outputs(words)
    for layer in network.layers:
        np.testing.assert_array_equal(network.resume(layer, recorded[layer]), outputs, err_msg=layer)
    with pytest.raises(InputError, match="branching takes int64, got float64"):
        network.outputs(words / 2)
    with pytest.raises(InputError, match="cannot be cut at 'dense'"):
        network.resume("dense", np.ones((1, 4)))


def test_untrained_has_the_same_numbers_elsewhere(network: OnnxNetwork) -> None:
    stimuli = images()
    one, same, other = network.untrained(1), network.untrained(1), network.untrained(2)
    assert one.layers == network.layers
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, network.fingerprint}) == 3
    np.testing.assert_array_equal(one.outputs(stimuli), same.outputs(stimuli))
    assert not np.allclose(one.outputs(stimuli), network.outputs(stimuli))
    trained, shuffled = dict(network._weights()), dict(one._weights())
    for name, array in trained.items():
        np.testing.assert_array_equal(np.sort(array.ravel()), np.sort(shuffled[name].ravel()))
    np.testing.assert_array_equal(shuffled["rest"], trained["rest"])
    recorded = one.activations(stimuli, ["sum"])["sum"]
    np.testing.assert_array_equal(one.resume("sum", recorded), one.outputs(stimuli))


def test_untrained_leaves_sizes_alone(tmp_path: Path) -> None:
    scales = numpy_helper.from_array(np.array([1, 1, 2, 3], np.float32), "scales")
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["larger"]),
        helper.make_node("Flatten", ["larger"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    network = OnnxNetwork(saved(tmp_path / "m.onnx", nodes, [scales, weight("w", 24, 2)], ("n", 1, 2, 2), 2))
    assert [network.untrained(seed).layers["larger"] for seed in range(4)] == [(1, 4, 6)] * 4


def test_prepared_stimuli(tmp_path: Path) -> None:
    network = OnnxNetwork(
        residual(tmp_path / "r.onnx"),
        name="mine",
        labels="abcde",
        prepare=lambda batch: np.stack(batch) / 255,
    )
    stimuli = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8))
    plain = OnnxNetwork(tmp_path / "r.onnx")
    np.testing.assert_array_equal(network.outputs(list(stimuli)), plain.outputs(stimuli / 255))
    assert (network.name, network.labels) == ("mine", ("a", "b", "c", "d", "e"))


def test_wrong_numbers(network: OnnxNetwork) -> None:
    with pytest.raises(ShapeError, match=r"residual takes \(n_stimuli, 3, 8, 8\), got \(2, 8, 8, 3\)"):
        network.outputs(np.ones((2, 8, 8, 3)))
    with pytest.raises(ShapeError, match="layer 'flat'"):
        network.resume("flat", np.ones((2, 5)))
    with pytest.raises(NonFiniteError):
        network.resume("flat", np.full((2, 4), np.nan))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((4, 3), "has a batch of 4"), (("n", "width"), r"free dimensions \['width'\] after the batch")],
)
def test_models_of_another_kind(tmp_path: Path, shape: tuple[Any, ...], message: str) -> None:
    path = saved(tmp_path / "m.onnx", [helper.make_node("Tanh", ["x"], ["y"])], [], shape, 3)
    with pytest.raises(InputError, match=message):
        OnnxNetwork(path)


def test_an_output_for_all_stimuli_together(tmp_path: Path) -> None:
    node = helper.make_node("ReduceSum", ["x"], ["y"])
    path = saved(tmp_path / "m.onnx", [node], [], ("n", 3), 1)
    with pytest.raises(InputError, match="output 'y' of m has no row per stimulus"):
        OnnxNetwork(path)


def test_models_with_several_inputs_or_broken_ones(tmp_path: Path) -> None:
    path = residual(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, (1,)))
    onnx.save(model, path)
    with pytest.raises(InputError, match=r"expected a model with one input, .* has 2: x, second"):
        OnnxNetwork(path)
    model.graph.node[0].input[0] = "nowhere"
    onnx.save(model, path)
    with pytest.raises(InputError, match="is no valid ONNX model"):
        OnnxNetwork(path)
    path.write_bytes(b"no model at all")
    with pytest.raises(InputError, match="is no valid ONNX model"):
        OnnxNetwork(path)


def test_pictures_are_prepared_as_pixels_say(tmp_path: Path) -> None:
    path = residual(tmp_path / "residual.onnx")
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    network = open_network(path, pixels={"mean": [127, 100, 90.5], "scale": 50})
    taken = ((shown - np.array([127, 100, 90.5])) / 50).astype(np.float32).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(network.outputs(shown), OnnxNetwork(path).outputs(taken), atol=1e-6)
    assert network.labels == tuple(f"output {i}" for i in range(5))
    # Another way to see is another network to a cache.
    assert network.settings() != open_network(path, pixels={"mean": 127, "scale": 50}).settings()


def test_pixels_are_for_models_of_square_pictures(tmp_path: Path) -> None:
    dense = [helper.make_node("Gemm", ["x", "w"], ["y"])]
    path = saved(tmp_path / "dense.onnx", dense, [weight("w", 6, 2)], ("n", 6), 2)
    with pytest.raises(InputError, match=r"pixels: expected .* but dense.onnx takes \(n, 6\); leave pixels out"):
        open_network(path, pixels={"mean": 127, "scale": 128})
    with pytest.raises(InputError, match="leave it out for efficientnet-lite0"):
        open_network("efficientnet-lite0", pixels={"mean": 127, "scale": 128})


@pytest.mark.parametrize("ragged", [True, False])
def test_pictures_without_pixels_are_told_of_them(tmp_path: Path, ragged: bool) -> None:
    network = OnnxNetwork(residual(tmp_path / "residual.onnx"))
    stimuli = (
        [np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8 + ragged, 3), np.uint8)] if ragged else np.zeros((2, 8, 8, 3))
    )
    with pytest.raises(ShapeError, match=r"takes \(n_stimuli, 3, 8, 8\), got .* pixels = { mean = 127, scale = 128 }"):
        network.outputs(stimuli)
