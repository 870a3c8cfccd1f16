"""Weights that two graphs have in common, in one part of the bundle, which both graphs name as ONNX's external data."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import TensorProto

from ...errors import BundleError
from .sealed import WEIGHTS, part_of

SMALLEST_BYTES = 2**14
"""Smaller weights stay in their graph: graphs are simplified by their small constants."""
ALIGNED_BYTES = 64


def sharing_weights(models: Mapping[str, onnx.ModelProto]) -> dict[str, bytes]:
    """Return graphs as parts of a bundle by their names, and their common weights, if there are any, as one more part.

    The graphs are changed: what several of them have goes into the part once.
    """
    places: dict[bytes, int] = {}
    seen: dict[bytes, str] = {}
    for name, model in models.items():
        for content in map(_large, model.graph.initializer):
            if content is not None and seen.setdefault(content, name) != name:
                places[content] = 0
    weights = bytearray()
    for content in places:
        weights += bytes(-len(weights) % ALIGNED_BYTES)
        places[content] = len(weights)
        weights += content
    for model in models.values():
        for tensor in model.graph.initializer:
            if (content := _large(tensor)) in places:
                _put_outside(tensor, places[content], len(content))
    parts = {name: model.SerializeToString(deterministic=True) for name, model in models.items()}
    return parts | ({WEIGHTS: bytes(weights)} if weights else {})


def whole_graph(parts: Mapping[str, bytes], name: str) -> onnx.ModelProto:
    """Return a graph with all its weights inside; raise `BundleError` where a part is missing or too short."""
    model = onnx.load_from_string(part_of(parts, name))
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        of = {entry.key: entry.value for entry in tensor.external_data}
        start, length = int(of["offset"]), int(of["length"])
        content = part_of(parts, of["location"])[start : start + length]
        if len(content) != length:
            raise BundleError(f"{of['location']}: expected {start + length} bytes, as {name} says, got fewer")
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
        tensor.raw_data = content
    return model


def _large(tensor: TensorProto) -> bytes | None:
    """The content of a tensor that is worth sharing."""
    return tensor.raw_data if len(tensor.raw_data) >= SMALLEST_BYTES else None


def _put_outside(tensor: TensorProto, start: int, length: int) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS), ("offset", str(start)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
