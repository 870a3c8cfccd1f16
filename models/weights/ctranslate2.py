"""Whisper in CTranslate2's form, read as transformers has it, because the Python package index has it in this form.

CTranslate2's ``model.bin``, little-endian; a text has its length in two bytes before it, which includes the final
zero::

    uint32 version · text specification · uint32 revision
    uint32 n_variables · for each: text name · uint8 rank · uint32 dimensions · uint8 type · uint32 n_bytes · bytes
    uint32 n_aliases · for each: text alias · text name

Only what has been checked is accepted: Whisper in floating point. Anything else is an error rather than a guess.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AssetError

VERSION = 6
SPECIFICATION = ("WhisperSpec", 3)
# By CTranslate2's number; it also has bfloat16 (5), which numpy lacks and no file here uses.
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}

# The weights depend on these: other values mean another network than transformers' Whisper.
_EXPECTED = {
    "decoder/activation": 3,  # GELU, not approximated
    "decoder/alibi": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
# These name the heads that mark time; they are not weights.
_UNUSED = ("decoder/alignment_heads", "decoder/alignment_layer")
_ALIASES = {"decoder/projection/weight": "decoder/embeddings/weight"}

_NORM = {"gamma": "weight", "beta": "bias"}
_OUTER = {
    "decoder/embeddings/weight": "decoder.embed_tokens.weight",
    "decoder/position_encodings/encodings": "decoder.embed_positions.weight",
    "encoder/position_encodings/encodings": "encoder.embed_positions.weight",
}
# In one block: CTranslate2's part, and transformers' names of the parts that are stacked in it.
_LINEAR = {
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
_NORMS = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "attention/layer_norm": "encoder_attn_layer_norm",
    "ffn/layer_norm": "final_layer_norm",
}


def read_whisper(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Read CTranslate2's ``model.bin``; an `AssetError` says where it is cut off or of an unknown kind.

    Returns the arguments of `transformers.WhisperConfig`, all from the file, and the weights, float32, by the names of
    `transformers.WhisperForConditionalGeneration`.
    """
    variables, aliases = read_variables(path)
    if aliases != _ALIASES:
        raise AssetError(f"{path.name}: expected the aliases {_ALIASES}, got {aliases}")
    for name, expected in _EXPECTED.items():
        value = variables.pop(name, None)
        if value is None or value != expected:
            raise AssetError(f"{path.name}: {name} should be {expected}, but is {value}")
    for name in _UNUSED:
        variables.pop(name, None)
    try:
        settings = whisper_settings(variables)
    except KeyError as missing:
        raise AssetError(f"{path.name}: expected a variable {missing}, which is not there") from missing
    weights: dict[str, NDArray[np.float32]] = {}
    for name, array in variables.items():
        if name.endswith("/num_heads"):
            continue
        if not np.issubdtype(array.dtype, np.floating):
            raise AssetError(f"{path.name}: {name} is of type {array.dtype}; expected weights in floating point")
        weights |= renamed(name, array.astype(np.float32))
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
    return settings, weights


def read_variables(path: Path) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Read all variables of a Whisper file, and the aliases with the names they refer to."""
    reader = _Reader(path)
    version = reader.number("I")
    specification = (reader.text(), reader.number("I")) if version == VERSION else None
    if specification != SPECIFICATION:
        raise AssetError(
            f"{path.name}: expected CTranslate2's format {VERSION} with {SPECIFICATION}, got {version} with "
            f"{specification}"
        )
    variables = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        kind = reader.number("B")
        if kind not in _TYPES:
            raise AssetError(f"{path.name}: {name} is of CTranslate2's type {kind}; known are {sorted(_TYPES)}")
        array = np.frombuffer(reader.take(reader.number("I")), np.dtype(_TYPES[kind]).newbyteorder("<"))
        if array.size != np.prod(shape, dtype=int):
            raise AssetError(f"{path.name}: {name} should have shape {shape}, but holds {array.size} numbers")
        variables[name] = array.reshape(shape)
    aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
    if reader.rest:
        raise AssetError(f"{path.name}: {reader.rest} bytes follow its end")
    return variables, aliases


def whisper_settings(variables: Mapping[str, NDArray]) -> dict[str, Any]:
    """The arguments of `transformers.WhisperConfig`, from the shapes of the variables; a KeyError if one is missing."""
    n_tokens, width = variables["decoder/embeddings/weight"].shape
    settings = {
        "vocab_size": n_tokens,
        "d_model": width,
        "num_mel_bins": variables["encoder/conv1/weight"].shape[1],
        "max_source_positions": len(variables["encoder/position_encodings/encodings"]),
        "max_target_positions": len(variables["decoder/position_encodings/encodings"]),
    }
    for side in ("encoder", "decoder"):
        blocks = {name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_") and name.count("/") > 2}
        settings[f"{side}_layers"] = len(blocks)
        settings[f"{side}_attention_heads"] = int(variables[f"{side}/num_heads"])
        settings[f"{side}_ffn_dim"] = len(variables[f"{side}/layer_0/ffn/linear_0/weight"])
    return settings


def renamed(name: str, array: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return a variable under its name in transformers, or each of the several that are stacked in it.

    Examples
    --------
    >>> renamed("encoder/layer_norm/beta", np.zeros(2, np.float32))
    {'model.encoder.layer_norm.bias': array([0., 0.], dtype=float32)}
    >>> list(renamed("decoder/layer_3/attention/linear_1/weight", np.zeros((4, 2), np.float32)))
    ['model.decoder.layers.3.encoder_attn.k_proj.weight', 'model.decoder.layers.3.encoder_attn.v_proj.weight']
    """
    if name in _OUTER:
        return {f"model.{_OUTER[name]}": array}
    match name.split("/"):
        case [side, "layer_norm", kind] if kind in _NORM:
            return {f"model.{side}.layer_norm.{_NORM[kind]}": array}
        case ["encoder", "conv1" | "conv2" as conv, "weight" | "bias" as kind]:
            return {f"model.encoder.{conv}.{kind}": array}
        case [side, block, part, inner, kind]:
            start = f"model.{side}.layers.{block.removeprefix('layer_')}"
            inside = f"{part}/{inner}"
            if inside in _NORMS and kind in _NORM:
                return {f"{start}.{_NORMS[inside]}.{_NORM[kind]}": array}
            if inside in _LINEAR and kind in ("weight", "bias"):
                owners = _LINEAR[inside]
                stacked = dict(zip(owners, np.split(array, len(owners)), strict=True))
                return {
                    f"{start}.{owner}.{kind}": own
                    for owner, own in stacked.items()
                    if not (kind == "bias" and owner.endswith("k_proj") and _is_nothing(name, own))
                }
    raise AssetError(f"unknown variable {name!r} in a CTranslate2 file of Whisper")


def _is_nothing(name: str, bias: NDArray) -> bool:
    if bias.any():
        raise AssetError(f"{name}: the keys have a bias; Whisper's have none")
    return True


class _Reader:
    """Reads from the start of a file on; raises an `AssetError` where it ends too early."""

    def __init__(self, path: Path) -> None:
        self._name, self._bytes, self._at = path.name, memoryview(path.read_bytes()), 0

    @property
    def rest(self) -> int:
        return len(self._bytes) - self._at

    def take(self, n_bytes: int) -> memoryview:
        if n_bytes > self.rest:
            raise AssetError(f"{self._name} is cut off: {n_bytes} more bytes expected, {self.rest} there")
        self._at += n_bytes
        return self._bytes[self._at - n_bytes : self._at]

    def number(self, code: str) -> int:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def text(self) -> str:
        try:
            return bytes(self.take(self.number("H"))).decode().removesuffix("\0")
        except UnicodeDecodeError as error:
            raise AssetError(f"{self._name} holds bytes that are no text: it is no CTranslate2 file") from error
