"""CTranslate2's form: files made up here, byte by byte, from a network that transformers drew."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hotwire.errors import AssetError
from hotwire.models.weights.ctranslate2 import read_whisper

from ..small_recogniser import small_model

TYPES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
ALIASES = {"decoder/projection/weight": "decoder/embeddings/weight"}
NORMS = {
    "self_attn_layer_norm": "self_attention/layer_norm",
    "encoder_attn_layer_norm": "attention/layer_norm",
    "final_layer_norm": "ffn/layer_norm",
}


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def packed(
    variables: dict[str, np.ndarray],
    *,
    aliases: dict[str, str] = ALIASES,
    specification: str = "WhisperSpec",
) -> bytes:
    parts = [struct.pack("<I", 6), text(specification), struct.pack("<II", 3, len(variables))]
    for name, array in variables.items():
        shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        parts += [text(name), shape, struct.pack("<BI", TYPES[array.dtype.name], array.nbytes), array.tobytes()]
    parts.append(struct.pack("<I", len(aliases)))
    return b"".join([*parts, *(text(one) for pair in aliases.items() for one in pair)])


def norm(state: dict[str, np.ndarray], there: str, here: str) -> dict[str, np.ndarray]:
    return {f"{here}/gamma": state[f"{there}.weight"], f"{here}/beta": state[f"{there}.bias"]}


def stacked(state: dict[str, np.ndarray], there: str, projections: Sequence[str], here: str) -> dict[str, np.ndarray]:
    """Some of an attention's projections, "qkv", "kv" and so on, in one; keys have no bias, and get zeros."""
    weights = [state[f"{there}.{one}_proj.weight"] for one in projections]
    biases = [state.get(f"{there}.{one}_proj.bias", np.zeros(16, np.float32)) for one in projections]
    return {f"{here}/weight": np.concatenate(weights), f"{here}/bias": np.concatenate(biases)}


@pytest.fixture(scope="module")
def state() -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in small_model().state_dict().items()}


@pytest.fixture
def variables(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {
        "decoder/activation": np.int8(3),
        "decoder/alibi": np.int8(0),
        "decoder/alignment_heads": np.int16(1),
        "decoder/alignment_layer": np.int16(-1),
        "decoder/pre_norm": np.int8(1),
        "decoder/scale_embeddings": np.int8(0),
        "decoder/start_from_zero_embedding": np.int8(0),
        "decoder/embeddings/weight": state["model.decoder.embed_tokens.weight"],
    }
    for side in ("encoder", "decoder"):
        there = f"model.{side}"
        found[f"{side}/num_heads"] = np.int16(2)
        found[f"{side}/position_encodings/encodings"] = state[f"{there}.embed_positions.weight"]
        found |= norm(state, f"{there}.layer_norm", f"{side}/layer_norm")
        for i in range(2):
            block, here = f"{there}.layers.{i}", f"{side}/layer_{i}"
            for name, own in NORMS.items():
                if side == "decoder" or "encoder_attn" not in name:
                    found |= norm(state, f"{block}.{name}", f"{here}/{own}")
            found |= stacked(state, f"{block}.self_attn", "qkv", f"{here}/self_attention/linear_0")
            found |= stacked(state, f"{block}.self_attn", ["out"], f"{here}/self_attention/linear_1")
            if side == "decoder":
                for number, of in enumerate(["q", "kv", ["out"]]):
                    found |= stacked(state, f"{block}.encoder_attn", of, f"{here}/attention/linear_{number}")
            for number, name in enumerate(["fc1", "fc2"]):
                for kind in ("weight", "bias"):
                    found[f"{here}/ffn/linear_{number}/{kind}"] = state[f"{block}.{name}.{kind}"]
    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            found[f"encoder/{conv}/{kind}"] = state[f"model.encoder.{conv}.{kind}"]
    return {name: np.asarray(value) for name, value in found.items()}


def test_every_weight_is_read(tmp_path: Path, variables: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(packed(variables))
    settings, weights = read_whisper(path)
    assert weights.keys() == state.keys()
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, state[name], err_msg=name)
    config = small_model().config
    assert settings == {name: getattr(config, name) for name in settings}
    assert len(settings) == 11


def test_half_precision_is_widened(
    tmp_path: Path, variables: dict[str, np.ndarray], state: dict[str, np.ndarray]
) -> None:
    halved = {k: v.astype(np.float16) if v.dtype == np.float32 else v for k, v in variables.items()}
    (tmp_path / "model.bin").write_bytes(packed(halved))
    _, weights = read_whisper(tmp_path / "model.bin")
    for name, weight in weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_array_equal(weight, state[name].astype(np.float16).astype(np.float32))


def test_what_is_not_known_is_refused(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    bias = "encoder/layer_0/self_attention/linear_0/bias"
    whole = packed(variables)
    for content, reason in [
        (whole[:-10], "cut off"),
        (whole + b"more", "4 bytes follow its end"),
        (b"", "cut off"),
        (struct.pack("<I", 5) + whole[4:], "format 6 with .* got 5"),
        (packed(variables, specification="TransformerSpec"), "got 6 with .*TransformerSpec"),
        (packed(variables, aliases={}), "aliases"),
        (packed(variables | {"decoder/activation": np.array(0, np.int8)}), "decoder/activation should be 3, but is 0"),
        (packed({k: v for k, v in variables.items() if k != "decoder/pre_norm"}), "pre_norm should be 1, but is None"),
        (packed({k: v for k, v in variables.items() if k != "decoder/num_heads"}), "decoder/num_heads"),
        (packed(variables | {"encoder/extra/weight": np.zeros(2, np.float32)}), "unknown variable 'encoder/extra"),
        (packed(variables | {bias: np.ones(48, np.float32)}), "the keys have a bias"),
        (packed(variables | {"encoder/conv1/bias": np.zeros(16, np.int8)}), "conv1/bias is of type int8"),
        (whole.replace(struct.pack("<BI", 0, variables[bias].nbytes), struct.pack("<BI", 5, 192), 1), "type 5"),
    ]:
        (tmp_path / "model.bin").write_bytes(content)
        with pytest.raises(AssetError, match=reason):
            read_whisper(tmp_path / "model.bin")
