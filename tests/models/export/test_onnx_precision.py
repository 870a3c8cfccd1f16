"""Weights in fewer bits, against the same graphs with all of them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper, numpy_helper

from hotwire.errors import InputError
from hotwire.models.export.onnx_precision import BLOCK, in_blocks, shrunk
from hotwire.models.networks.one_thread import open_session

N_TOKENS, WIDTH = 300, 96


def model(scale: float = 1.0) -> onnx.ModelProto:
    """A table of tokens, which is the last projection, too; in between a product with and one without a bias."""
    rng = np.random.default_rng(0)
    weights = {
        "table": rng.normal(size=(N_TOKENS, WIDTH)),
        "wide": scale * rng.normal(size=(WIDTH, 200)) / 10,
        "narrow": rng.normal(size=(WIDTH, 200)) / 14,
        "bias": rng.normal(size=WIDTH),
    }
    nodes = [
        helper.make_node("Gather", ["table", "token"], ["row"]),
        helper.make_node("MatMul", ["row", "wide"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "narrow", "bias"], ["back"], transB=1),
        helper.make_node("Transpose", ["table"], ["columns"]),
        helper.make_node("MatMul", ["back", "columns"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tokens",
        [helper.make_tensor_value_info("token", TensorProto.INT64, [1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, N_TOKENS])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def logits(graph: onnx.ModelProto) -> np.ndarray:
    ready = open_session(graph.SerializeToString())
    rows = [ready.run(None, {"token": np.array([token])})[0] for token in range(0, N_TOKENS, 7)]
    return np.concatenate([np.asarray(row) for row in rows])


@pytest.mark.parametrize(("precision", "error", "size"), [("float16", 1e-3, 0.55), ("int8", 2e-2, 0.35)])
def test_fewer_bits_say_nearly_the_same(precision: str, error: float, size: float) -> None:
    whole = model()
    small = shrunk(whole, precision)  # pyright: ignore[reportArgumentType]
    onnx.checker.check_model(small)
    expected, found = logits(whole), logits(small)
    assert 0 < np.abs(found - expected).max() < error * np.abs(expected).max()
    assert small.ByteSize() < size * whole.ByteSize()
    assert (small.graph.input[:], small.graph.output[:]) == (whole.graph.input[:], whole.graph.output[:])


def test_all_bits_change_nothing() -> None:
    whole = model()
    assert shrunk(whole, "float32") == whole


def test_a_huge_feature_spoils_only_its_own_block() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 2 * BLOCK)).astype(np.float32)
    rows[:, 3] = 1e4
    bits, scales = in_blocks(rows)
    widened = ((bits.astype(np.float32) - 128) * scales[:, :, None]).reshape(rows.shape)
    assert np.abs(widened - rows)[:, BLOCK:].max() < 0.02


@given(arrays(np.float32, (3, 40), elements=st.floats(-1e6, 1e6, width=32)))
def test_blocks_are_off_by_half_a_step_at_most(rows: np.ndarray) -> None:
    bits, scales = in_blocks(rows)
    widened = (bits.astype(np.float64) - 128) * scales[:, :, None]
    step = np.repeat(scales, BLOCK, axis=1)[:, :40]
    assert (np.abs(widened.reshape(3, -1)[:, :40] - rows) <= 0.5001 * step + 1e-37).all()


def test_errors() -> None:
    with pytest.raises(InputError, match="precision: expected one of float32, float16, int8, got 'int4'"):
        shrunk(model(), "int4")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="'wide' is too large for float16"):
        shrunk(model(scale=1e7), "float16")
