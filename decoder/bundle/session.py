"""The graphs of a bundle in onnxruntime: opened, checked for shape, and the one that continues a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ...errors import BundleError, InputError
from ...models.networks.free_text import text_of
from ...models.networks.one_thread import open_session
from .sealed import SPEAK, VOCABULARY, WEIGHTS, naming, part_of

N_WARM_UP = 3
Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""Type and shape of inputs or outputs, by name."""

_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64"}


def opened(parts: Mapping[str, bytes], name: str) -> onnxruntime.InferenceSession:
    """A session of one of a bundle's parts; raise `BundleError` where it is missing or no graph."""
    model, weights = part_of(parts, name), parts.get(WEIGHTS)
    with naming(name, InputError):
        return open_session(model, None if weights is None else (WEIGHTS, weights))


def check_shapes(part: str, session: onnxruntime.InferenceSession, inputs: Shapes, outputs: Shapes) -> None:
    """Raise BundleError unless a graph takes and gives exactly these."""
    nodes_of = {"inputs": (inputs, session.get_inputs()), "outputs": (outputs, session.get_outputs())}
    for what, (expected, nodes) in nodes_of.items():
        got = {node.name: (_TYPES.get(node.type, node.type), tuple(node.shape)) for node in nodes}
        if got != expected:
            raise BundleError(f"{part}: expected the {what} {expected}, got {got}")


class FreeText:
    """Continues a free answer, token by token; its arguments are from the manifest."""

    def __init__(self, parts: Mapping[str, bytes], end: int | None, max_tokens: int, n_tokens: int) -> None:
        # Tokens are bytes, which need not be text; in Latin-1 each byte is a character.
        self._vocabulary = [token.encode("latin-1") for token in json.loads(part_of(parts, VOCABULARY))]
        if len(self._vocabulary) != n_tokens:
            raise BundleError(f"{VOCABULARY}: expected {n_tokens} tokens, got {len(self._vocabulary)}")
        self._end = end
        self._session = opened(parts, SPEAK)
        self.kept_shape = next((tuple(one.shape) for one in self._session.get_inputs() if one.name == "kept"), (0,))
        token, kept = ("int64", (1,)), ("float32", self.kept_shape)
        inputs = {"token": token, "step": token, "kept": kept}
        check_shapes(SPEAK, self._session, inputs, {"next_token": token, "next_kept": kept})
        self._steps = [np.array([step]) for step in range(max_tokens - 1)]
        for step in self._steps[:N_WARM_UP]:
            self._next(np.zeros(1, np.int64), step, np.zeros(self.kept_shape, np.float32))

    def after(self, token: NDArray[np.int64], kept: NDArray[np.float32]) -> str:
        """The whole text that begins with this token; `kept` is the graph's state for the next one."""
        tokens = [int(token[0])]
        for step in self._steps:
            if text_of(tokens, self._vocabulary, self._end)[1]:
                break
            token, kept = self._next(token, step, kept)
            tokens.append(int(token[0]))
        return text_of(tokens, self._vocabulary, self._end)[0]

    def _next(self, token: NDArray, step: NDArray, kept: NDArray) -> Any:
        return self._session.run(["next_token", "next_kept"], {"token": token, "step": step, "kept": kept})
