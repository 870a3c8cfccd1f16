"""`hotwire.models.networks.language.sliding_pass` as two graphs, for the words of a vocabulary; it needs no torch.

Graphs have fixed shapes: the last of several parts is filled up. Each part is computed by one thread, so how many
threads there are changes no bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ..one_thread import open_session
from .token_places import emptiness, place_of, turns

Array = NDArray[np.float32]

ENTER, GO_ON = "enter.onnx", "go_on.onnx"
MOST_THREADS = 2


@dataclass(frozen=True)
class GraphShapes:
    """The shapes of both graphs.

    Attributes
    ----------
    n_layers, layer : int
        How many layers the network has, and the one at which states are read.
    n_heads, n_dimensions, n_places, n_units, n_words : int
        Of the memory, the states and the vocabulary.
    n_rows : int
        Texts that go on side by side, at most.
    n_entering, n_going_on : int
        How many words a graph takes at once; `n_rows` is a multiple of the second.
    """

    n_layers: int
    layer: int
    n_heads: int
    n_dimensions: int
    n_places: int
    n_units: int
    n_words: int
    n_rows: int
    n_entering: int
    n_going_on: int

    def __post_init__(self) -> None:
        numbers = asdict(self)
        if any(not isinstance(value, int) or value < (name != "layer") for name, value in numbers.items()):
            raise InputError(f"graphs: expected whole numbers above 0, got {numbers}")
        if self.layer > self.n_layers or self.n_rows % self.n_going_on:
            raise InputError(f"graphs: expected a layer of {self.n_layers}, and rows in whole parts, got {numbers}")

    def keys(self, n_layers: int, n: int) -> tuple[int, ...]:
        return n_layers, n, self.n_heads, self.n_dimensions, self.n_places

    def values(self, n_layers: int, n: int) -> tuple[int, ...]:
        return n_layers, n, self.n_heads, self.n_places, self.n_dimensions


@dataclass(frozen=True)
class GraphMemory:
    """What `n` texts attend to, see `Memory` of the sliding pass; there is room for `n_rows`."""

    keys: Array
    values: Array
    position: int
    n: int

    def take(self, rows: Any) -> GraphMemory:
        """Return a copy of the memory of these rows."""
        keys, values = np.zeros_like(self.keys), np.zeros_like(self.values)
        n = len(rows)
        for ours, theirs in ((keys, self.keys), (values, self.values)):
            for layer, known in zip(ours, theirs, strict=True):
                np.take(known, rows, axis=0, out=layer[:n])
        return GraphMemory(keys, values, self.position, n)


@dataclass(frozen=True)
class GraphEntered:
    """The newest word of each row, see `Entered` of the sliding pass."""

    states: Array
    keys: Array
    values: Array

    def take(self, rows: Any) -> GraphEntered:
        """Return these rows."""
        return GraphEntered(self.states[rows], self.keys[:, rows], self.values[:, rows])


class GraphPass:
    """A language model over a vocabulary, in two halves; see `hotwire.decoder.gist.word_model.WordNetwork`.

    Parameters
    ----------
    graphs : mapping of str to bytes
        `ENTER` and `GO_ON`.
    shapes : GraphShapes
    frequencies : array (n_dimensions / 2,)
        Of the positions.
    first_log_p, first_log_mass : array (n_words,), float
        Of the words that a text may begin with.
    """

    def __init__(
        self,
        graphs: Mapping[str, bytes],
        shapes: GraphShapes,
        frequencies: NDArray[np.float64],
        first_log_p: Array,
        first_log_mass: float,
    ) -> None:
        self.shapes = shapes
        self._enter, self._go_on = open_session(graphs[ENTER]), open_session(graphs[GO_ON])
        self._frequencies = frequencies
        self._first = first_log_p[None], np.array([first_log_mass], np.float32)
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), "gist")

    def begin(self) -> tuple[GraphMemory, Array, Array]:
        shapes = self.shapes
        keys, values = (of(shapes.n_layers, shapes.n_rows) for of in (shapes.keys, shapes.values))
        return GraphMemory(np.zeros(keys, np.float32), np.zeros(values, np.float32), 1, 1), *self._first

    def enter(self, memory: GraphMemory, words: NDArray, rows: NDArray) -> tuple[Array, GraphEntered]:
        n, size = len(words), self.shapes.n_entering
        known = self._known(memory, 0, self.shapes.layer)

        def part(start: int) -> Any:
            given = {"word": words[start : start + size], "row": rows[start : start + size]}
            filled = {name: np.pad(array, (0, size - len(array))) for name, array in given.items()}
            return self._enter.run(["states", "keys", "values"], known | filled)

        states, keys, values = self._joined(part, range(0, n, size), (0, 1, 1), n)
        return states, GraphEntered(states, keys, values)

    def go_on(self, memory: GraphMemory, entered: GraphEntered) -> tuple[GraphMemory, Array, Array]:
        """The memory is written into, and must not be used again."""
        shapes, n = self.shapes, memory.n
        size, layer = shapes.n_going_on, shapes.layer
        states = np.zeros((shapes.n_rows, shapes.n_units), np.float32)
        states[:n] = entered.states

        def part(start: int) -> Any:
            rows = slice(start, start + size)
            known = self._known(memory, layer, shapes.n_layers, rows)
            return self._go_on.run(["log_p", "log_mass", "keys", "values"], known | {"states": states[rows]})

        log_p, log_mass, keys, values = self._joined(part, range(0, n, size), (0, 0, 1, 1), n)
        place = place_of(memory.position, shapes.n_places)
        memory.keys[:layer, :n, ..., place], memory.keys[layer:, :n, ..., place] = entered.keys, keys
        memory.values[:layer, :n, :, place], memory.values[layer:, :n, :, place] = entered.values, values
        return GraphMemory(memory.keys, memory.values, memory.position + 1, n), log_p, log_mass

    def _known(self, memory: GraphMemory, first: int, stop: int, rows: slice = slice(None)) -> dict[str, NDArray]:
        layers = range(first, stop)
        keys = {f"key.{layer}": memory.keys[layer, rows] for layer in layers}
        values = {f"value.{layer}": memory.values[layer, rows] for layer in layers}
        n_places = self.shapes.n_places
        at = turns(memory.position, n_places, self._frequencies)
        return {**keys, **values, "empty": emptiness(memory.position, n_places), "turns": at}

    def _joined(self, part: Callable[[int], Any], starts: range, axes: tuple[int, ...], n: int) -> Iterator[Array]:
        """Compute all parts, and join each output along its axis; what only fills up is cut off."""
        parts = list(self._pool.map(part, starts))
        for axis, pieces in zip(axes, zip(*parts, strict=True), strict=True):
            joined = np.concatenate(pieces, axis=axis)
            yield joined[:n] if axis == 0 else joined[:, :n]
