"""A sliding pass as two ONNX graphs of fixed shape, for the words of a vocabulary.

`hotwire.models.networks.language.graph_pass.GraphPass` runs them: all candidates go through the first, up to the layer,
those that survive through the second, behind it. Only what is needed of the tables of tokens is in them: the states of
words on the one side; on the other, the logits of words come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...errors import InputError
from ..networks.language.graph_pass import ENTER, GO_ON, GraphPass, GraphShapes
from ..networks.language.sliding_pass import SlidingPass
from ..networks.language.token_places import emptiness, turns
from .onnx_precision import Precision, shrunk
from .torch_to_onnx import simplified, tidied, traced

N_ENTERING, N_GOING_ON = 32, 16
"""Words that a graph takes at once: enough that a matrix is not read for few rows, and few that two threads share."""
TOLERANCE = 1e-3


class SlidingGraphs(NamedTuple):
    """What a `GraphPass` is made of: graphs by name, and what it takes beside them."""

    graphs: dict[str, bytes]
    shapes: GraphShapes
    frequencies: NDArray[np.float64]
    first_log_p: NDArray[np.float32]
    first_log_mass: float

    def open(self) -> GraphPass:
        return GraphPass(*self)


def sliding_graphs(
    sliding: SlidingPass, tokens: Sequence[int], n_rows: int, precision: Precision = "float32"
) -> SlidingGraphs:
    """Export a sliding pass for words, each of them one of these tokens, and at most `n_rows` texts side by side.

    An `InputError` is raised where the network cannot be exported.
    """
    n_going_on = min(N_GOING_ON, n_rows)
    shapes = GraphShapes(
        n_layers=len(sliding.layers),
        layer=sliding.layer,
        n_heads=sliding.n_heads,
        n_dimensions=sliding.width,
        n_places=sliding.n_places,
        n_units=sliding.n_units,
        n_words=len(tokens),
        n_rows=-(-n_rows // n_going_on) * n_going_on,
        n_entering=N_ENTERING,
        n_going_on=n_going_on,
    )
    halves = {ENTER: _EnterText(sliding, tokens, shapes), GO_ON: _GoOn(sliding, tokens, shapes)}
    graphs = {}
    for name, half in halves.items():
        model = tidied(simplified(traced(half, half.example(), half.outputs, sliding.network.name)))
        graphs[name] = shrunk(model, precision).SerializeToString()
    _, log_p = sliding.begin(1)
    first, mass = among(log_p, len(tokens), torch.tensor(tokens))
    made = SlidingGraphs(graphs, shapes, sliding.frequencies, first[0].numpy(), float(mass[0]))
    if precision == "float32":
        _check_faithful(sliding, tokens, made)
    return made


def among(log_p: torch.Tensor, n_words: int, tokens: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Log probabilities (n, n_words) among words, and that (n,) of any of them; by default words are the first
    tokens.
    """
    of_words = log_p[:, :n_words] if tokens is None else log_p[:, tokens]
    log_mass = torch.logsumexp(of_words, dim=1)
    return of_words - log_mass[:, None], log_mass


class _Half(nn.Module):
    """Layers of a sliding pass, as a module that the exporter takes."""

    def __init__(self, sliding: SlidingPass, shapes: GraphShapes, layers: range, n: int, n_rows: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([sliding.layers[layer] for layer in layers])
        self._sliding, self._range, self._shapes, self._n, self._n_rows = sliding, layers, shapes, n, n_rows

    def known(self) -> dict[str, torch.Tensor]:
        """Inputs that both halves have."""
        shapes, n_rows = self._shapes, self._n_rows
        at = {
            "empty": torch.from_numpy(emptiness(2, shapes.n_places)),
            "turns": torch.from_numpy(turns(2, shapes.n_places, self._sliding.frequencies)),
        }
        keys = {f"key.{layer}": torch.zeros(shapes.keys(1, n_rows)[1:]) for layer in self._range}
        values = {f"value.{layer}": torch.zeros(shapes.values(1, n_rows)[1:]) for layer in self._range}
        return {**at, **keys, **values}

    def run(
        self, hidden: torch.Tensor, known: Sequence[torch.Tensor], rows: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        empty, at, *both = known
        keys, values = both[: len(self._range)], both[len(self._range) :]
        return self._sliding.through(self._range.start, hidden, keys, values, empty, at, rows)


class _EnterText(_Half):
    outputs = ("states", "keys", "values")

    def __init__(self, sliding: SlidingPass, tokens: Sequence[int], shapes: GraphShapes) -> None:
        super().__init__(sliding, shapes, range(shapes.layer), shapes.n_entering, shapes.n_rows)
        table = sliding.backbone.embed_tokens.weight[list(tokens)].detach()
        self.table = nn.Embedding.from_pretrained(table)

    def example(self) -> dict[str, torch.Tensor]:
        zeros = torch.zeros(self._n, dtype=torch.int64)
        return {"word": zeros, "row": zeros.clone(), **self.known()}

    def forward(self, word: torch.Tensor, row: torch.Tensor, *known: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.run(self.table(word), known, row)


class _GoOn(_Half):
    outputs = ("log_p", "log_mass", "keys", "values")

    def __init__(self, sliding: SlidingPass, tokens: Sequence[int], shapes: GraphShapes) -> None:
        layers = range(shapes.layer, shapes.n_layers)
        super().__init__(sliding, shapes, layers, shapes.n_going_on, shapes.n_going_on)
        whole = sliding.head.weight.detach()
        others = np.setdiff1d(np.arange(len(whole)), tokens)
        self.head = nn.Linear(whole.shape[1], whole.shape[0], bias=False)
        self.head.weight = nn.Parameter(whole[[*tokens, *others.tolist()]], requires_grad=False)
        self.norm = sliding.backbone.norm

    def example(self) -> dict[str, torch.Tensor]:
        return {"states": torch.zeros(self._n, self._shapes.n_units), **self.known()}

    def forward(self, states: torch.Tensor, *known: torch.Tensor) -> tuple[torch.Tensor, ...]:
        hidden, keys, values = self.run(states, known)
        log_p = torch.log_softmax(self.head(self.norm(hidden)), dim=-1)
        return *among(log_p, self._shapes.n_words), keys, values


def _check_faithful(sliding: SlidingPass, tokens: Sequence[int], made: SlidingGraphs) -> None:
    """Raise `InputError` where states or probabilities differ from those of the network, after two words."""
    graphs, all_tokens = made.open(), torch.tensor(tokens)
    memory, _, _ = graphs.begin()
    own, _ = sliding.begin(1)
    rows = np.zeros(1, np.intp)
    for word in (len(tokens) - 1, 0):
        states, entered = graphs.enter(memory, np.array([word]), rows)
        memory, log_p, _ = graphs.go_on(memory.take(rows), entered)
        expected = sliding.enter(own, all_tokens[[word]])
        own, own_log_p = sliding.go_on(own, expected)
        pairs = (states, expected.states), (log_p, among(own_log_p, len(tokens), all_tokens)[0])
        for got, wanted in pairs:
            difference = float(np.abs(got - wanted.numpy()).max())
            if not difference <= TOLERANCE * float(wanted.abs().max()):
                raise InputError(
                    f"network: exported as ONNX, {sliding.network.name} differs by up to {difference:g}; its "
                    "architecture cannot be exported"
                )
