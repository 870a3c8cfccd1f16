"""What a language model computes after a layer, as ONNX graphs of fixed shape for one sample.

Prompt, prefix and all that precedes the layer are constants inside the graphs, see
`hotwire.models.networks.language.causal_pass`. A free text takes two graphs. The first scores the candidates and gives
the first token of the text, with the keys and values that the next token attends to. The second gives one more token
each time it is run::

    scores, token, kept = scoring.run(["log_probabilities", "token", "kept"], {"activation": activation})
    tokens = [int(token[0])]
    for position in range(max_tokens - 1):
        if text_of(tokens, vocabulary, end)[1]:
            break
        inputs = {"token": token, "step": np.array([position]), "kept": kept}
        token, kept = step.run(["next_token", "next_kept"], inputs)
        tokens.append(int(token[0]))
    text, _ = text_of(tokens, vocabulary, end)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import onnx
import torch
from torch import nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from ...errors import InputError
from ..networks.language.causal_pass import CausalPass, check_window
from ..networks.language.language_model import LanguageModel, branches_of
from ..networks.language.layer_shells import with_child
from ..networks.network import Network
from .torch_to_onnx import check_faithful, simplified, tidied, traced


class TextGraphs(NamedTuple):
    """A free text as two graphs, with what converts tokens to text.

    `scoring` goes from ``activation``, float32 (1, n_units), to ``log_probabilities``, float32 (1, n_candidates), the
    first ``token``, int64 (1,), and ``kept`` for the next token, float32 (n_kept,). `step` goes from ``token``,
    ``step``, int64 (1,), counting from 0, and ``kept`` to ``next_token`` and ``next_kept``. `vocabulary` has the bytes
    of each token; `end` is the token that ends a text, if the model has one. `max_tokens` is the longest text: ``kept``
    has no room for more.
    """

    scoring: onnx.ModelProto
    step: onnx.ModelProto
    vocabulary: tuple[bytes, ...]
    end: int | None
    max_tokens: int


def language_scoring_graph(network: LanguageModel, layer: str, candidates: Sequence[str]) -> onnx.ModelProto:
    """Export the graph that `hotwire.models.export.scoring_graph.scoring_graph` describes, for a language model."""
    return _scoring(network, layer, candidates, room=None)


def text_graphs(network: Network, layer: str, candidates: Sequence[str], *, max_tokens: int = 8) -> TextGraphs:
    """Export the free text of a language model after a layer, with the scores of the candidates.

    It is an `InputError` if the network is not a language model or cannot be exported, its tokenizer is not a
    byte-level one, or its window is too short.
    """
    if not isinstance(network, LanguageModel):
        raise InputError(
            f"readout: only a language model's free answers can be exported, {network.name} is none; use LabelReadout"
        )
    if max_tokens < 1:
        raise InputError(f"max_tokens: expected at least 1, got {max_tokens}")
    vocabulary = token_bytes(network)
    check_window(network.model, sum(map(len, network.prompt_tokens)) + max_tokens)
    scoring = _scoring(network, layer, candidates, room=max_tokens)
    step = _NextToken(network, int(layer), room=max_tokens)
    inputs = {
        "token": torch.zeros(1, dtype=torch.int64),
        "step": torch.zeros(1, dtype=torch.int64),
        "kept": torch.zeros(step.n_kept),
    }
    step_graph = tidied(simplified(traced(step, inputs, ["next_token", "next_kept"], network.name)))
    return TextGraphs(scoring, step_graph, vocabulary, network.tokenizer.eos_token_id, max_tokens)


def _scoring(network: LanguageModel, layer: str, candidates: Sequence[str], room: int | None) -> onnx.ModelProto:
    (width,) = network.shape_of(layer)
    module = _CandidateScores(network, int(layer), network.candidate_tokens(candidates), room)
    outputs = ["log_probabilities"] if room is None else ["log_probabilities", "token", "kept"]
    model = tidied(simplified(traced(module, {"activation": torch.zeros(1, width)}, outputs, network.name)))
    activation = network.own_activation(layer)[None]
    check_faithful(model, activation, network.log_probabilities(layer, activation, candidates), network.name)
    return model


class _Head(nn.Module):
    """The last projection, computed only where it is needed.

    At the prompt's end the logits of the candidates' first tokens are enough, as a constant that all candidates share
    does not matter; after it, and for the first free token, all are needed. The logits are concatenated, after any
    change that the model makes to each of them.
    """

    def __init__(self, whole: nn.Linear, first_tokens: Sequence[int], whole_from: int) -> None:
        super().__init__()
        self.few = nn.Linear(whole.in_features, len(first_tokens), bias=whole.bias is not None)
        self.few.weight = nn.Parameter(whole.weight[list(first_tokens)].detach(), requires_grad=False)
        if whole.bias is not None:
            self.few.bias = nn.Parameter(whole.bias[list(first_tokens)].detach(), requires_grad=False)
        self.whole = whole
        self.n_few, self.n_all, self.whole_from = len(first_tokens), whole.out_features, whole_from

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        logits = [self.few(states[:, :1]).flatten(1)]
        if self.whole_from < states.shape[1]:
            logits.append(self.whole(states[:, self.whole_from :]).flatten(1))
        return torch.cat(logits, dim=1)[:, None]

    def separated(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n_first_tokens,), and (n_positions, n_vocabulary) from `whole_from` on."""
        return logits[0, 0, : self.n_few], logits[0, 0, self.n_few :].reshape(-1, self.n_all)


class _CandidateScores(nn.Module):
    """From an activation to the candidates' scores, and to the first free token if there is room for more."""

    def __init__(self, network: LanguageModel, layer: int, tokens: Sequence[Sequence[int]], room: int | None) -> None:
        super().__init__()
        prefix, tail = network.prompt_tokens
        name, whole = _projection(network.model)
        self._head = _Head(whole, [candidate[0] for candidate in tokens], whole_from=1 if room is None else 0)
        model = with_child(network.model, name, self._head)
        self._rest = CausalPass(model, prefix, tail, branches_of(tokens)).from_layer(layer)
        self._layer, self._room = layer, room
        self._own = slice(len(prefix), len(prefix) + len(tail))
        # Later tokens of all candidates, in the order of the branches' positions, and the candidate of each.
        self._later = torch.tensor([token for candidate in tokens for token in candidate[1:]], dtype=torch.int64)
        owners = torch.tensor([i for i, candidate in enumerate(tokens) for _ in candidate[1:]], dtype=torch.int64)
        self._belongs = nn.functional.one_hot(owners, len(tokens)).float()

    def forward(self, activation: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        output, cache = self._rest(activation)
        scores, whole = self._head.separated(output)
        if len(self._later):
            log_p = torch.log_softmax(whole[-len(self._later) :], dim=-1)
            scores = scores + log_p.gather(1, self._later[:, None])[:, 0] @ self._belongs
        if self._room is None:
            return scores[None]
        kept = []
        for number, layer in enumerate(cache.layers):
            own = self._own if number >= self._layer else slice(0)
            for side in (layer.keys, layer.values):
                kept.append(nn.functional.pad(side[:, :, own], (0, 0, 0, self._room)))
        return scores[None], whole[0].argmax(-1, keepdim=True), _packed(kept)


class _NextToken(nn.Module):
    """From a token, and the keys and values of those before it, to the next token."""

    def __init__(self, network: LanguageModel, layer: int, room: int) -> None:
        super().__init__()
        prefix, tail = network.prompt_tokens
        self._model = network.model
        self._n_before = len(prefix) + len(tail)
        n_positions = self._n_before + room
        self._positions = torch.arange(n_positions)
        constant = CausalPass(network.model, prefix, tail).constant_keys(layer)
        self._constant = [side for keys_and_values in constant for side in keys_and_values]
        shapes = [(*side.shape[:2], n_positions - side.shape[2], side.shape[3]) for side in self._constant]
        *starts, self.n_kept = accumulate(map(prod, shapes), initial=0)
        self._parts = list(zip(starts, shapes, strict=True))

    def forward(self, token: torch.Tensor, step: torch.Tensor, kept: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        position = step + self._n_before
        parts = [kept[start : start + prod(shape)].reshape(shape) for start, shape in self._parts]
        sides = [torch.cat(both, dim=2) for both in zip(self._constant, parts, strict=True)]
        cache: Any = DynamicCache()
        here = (self._positions == position)[:, None]
        cache.layers = [_InPlace(keys, values, here) for keys, values in zip(sides[::2], sides[1::2], strict=True)]
        mask = torch.where(self._positions <= position, 0.0, torch.finfo(torch.float32).min)
        output = self._model(
            token[None],
            attention_mask=mask[None, None, None],
            position_ids=position[None],
            past_key_values=cache,
            use_cache=True,
        )
        filled: list[Any] = [side for layer in cache.layers for side in (layer.keys, layer.values)]
        own = [side[:, :, -shape[2] :] for side, (_, shape) in zip(filled, self._parts, strict=True)]
        return output.logits[0, -1].argmax(-1, keepdim=True), _packed(own)


class _InPlace(DynamicLayer):
    """Keys and values of a fixed number of positions, one of which is filled in."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, here: torch.Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values
        self._here = here

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        assert self.keys is not None
        assert self.values is not None
        keys = torch.where(self._here, key_states, self.keys)
        values = torch.where(self._here, value_states, self.values)
        self.keys, self.values = keys, values
        return keys, values


def _packed(sides: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([side.flatten() for side in sides])


def _projection(model: Any) -> tuple[str, nn.Linear]:
    """Name and module of the projection from states to logits."""
    whole = model.get_output_embeddings()
    for name, child in model.named_children():
        if child is whole and isinstance(child, nn.Linear):
            return name, child
    raise InputError(
        f"network: expected a language model with a linear projection onto its vocabulary, {type(model).__name__} "
        "has none of its own"
    )


def token_bytes(network: LanguageModel) -> tuple[bytes, ...]:
    """Bytes of each token; raises `InputError` where the tokenizer is not a byte-level one.

    Such a tokenizer writes each byte as a character: a printable one as itself, the others from 256 on. Radford et al.
    (2019), Language models are unsupervised multitask learners.
    """
    backend = getattr(network.tokenizer, "backend_tokenizer", None)
    decoder = json.loads(backend.to_str())["decoder"] if backend is not None else None
    if decoder is None or decoder["type"] != "ByteLevel":
        raise InputError(
            "network: a free answer outside of transformers needs a byte-level tokenizer, such as GPT-2's; that of "
            f"{network.name} is {'none of the fast ones' if decoder is None else decoder['type']}"
        )
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    byte_of = {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
    n_tokens = max(network.model.config.get_text_config().vocab_size, len(network.tokenizer))
    names = [name or "" for name in network.tokenizer.convert_ids_to_tokens(list(range(n_tokens)))]
    # A token that was added later may have characters that encode no byte: it is plain text.
    return tuple(
        bytes(map(byte_of.__getitem__, name)) if set(name) <= byte_of.keys() else name.encode() for name in names
    )
