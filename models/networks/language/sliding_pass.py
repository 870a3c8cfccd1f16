"""A language model fed token by token, that attends to the last tokens and to where the text began.

Its memory is bounded, so a text may go on for hours: of every layer, the keys and values of the newest tokens, and of
the text's first token, on which a model rests the attention that it needs nowhere else (Xiao et al. 2024). That one is
the same in every text. Keys are stored turned by their position; only differences of positions count.

Every token goes through the same code, whether a text is being read or a beam's candidates are compared, so what is
fitted on texts is what a decoder meets. Rows are texts that go on side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ....errors import InputError
from .language_model import LanguageModel
from .layer_shells import decoder_layers
from .token_places import emptiness, place_of, turns

FAMILIES = ("llama",)


@dataclass(frozen=True)
class Memory:
    """What each row attends to beside the first token.

    `keys` (n_layers, n_rows, n_heads, n_dimensions, n_places) and `values` (n_layers, n_rows, n_heads, n_places,
    n_dimensions) of the tokens before `position`, see `hotwire.models.networks.language.token_places`.
    """

    keys: torch.Tensor
    values: torch.Tensor
    position: int

    def __len__(self) -> int:
        return self.keys.shape[1]

    def take(self, rows: torch.Tensor) -> Memory:
        """Return a copy of the memory of these rows."""
        return Memory(self.keys[:, rows], self.values[:, rows], self.position)


@dataclass(frozen=True)
class Entered:
    """The newest token of each row, as it enters the pass's layer: states (n_rows, n_units); its keys and values so
    far, (n_layers, n_rows, n_heads, n_dimensions).
    """

    states: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor

    def take(self, rows: torch.Tensor) -> Entered:
        """Return these rows."""
        return Entered(self.states[rows], self.keys[:, rows], self.values[:, rows])


class SlidingPass:
    """A language model in two halves: up to a layer for every candidate, behind it for those that survive.

    Parameters
    ----------
    network : LanguageModel
        Of the Llama family.
    layer : str
        The layer at which states are read, see `LanguageModel`.
    n_tokens : int
        How many tokens each token attends to, with itself and the first one; from 3.

    Raises
    ------
    InputError
        The network is of another family, or `n_tokens` is too small.
    UnknownNameError
        There is no such layer.
    """

    def __init__(self, network: LanguageModel, layer: str, *, n_tokens: int = 32) -> None:
        model = network.model
        family = model.config.get_text_config().model_type
        if family not in FAMILIES:
            raise InputError(f"network: expected a language model of the family {FAMILIES[0]}, got {family!r}")
        if n_tokens < 3:
            raise InputError(f"n_tokens: expected at least 3: the token, one before it and the first, got {n_tokens}")
        network.shape_of(layer)
        self.network = network
        self.layer = int(layer)
        self.n_tokens = n_tokens
        self._model = model
        self.backbone: Any = model.base_model
        self.head: Any = model.get_output_embeddings()
        self.layers: Any = decoder_layers(model)[2]
        attention = self.layers[0].self_attn
        self.width: int = attention.head_dim
        """Dimensions of a head."""
        self.n_heads: int = attention.k_proj.out_features // self.width
        """Heads that have keys and values."""
        self.frequencies = self.backbone.rotary_emb.inv_freq.double().numpy()
        with torch.inference_mode():
            self.first_keys, self.first_values, self.first_log_p = self._first()

    @property
    def n_units(self) -> int:
        """The width of a state."""
        return self._model.config.get_text_config().hidden_size

    @property
    def n_places(self) -> int:
        """Of the memory: a token attends to as many others, beside the first."""
        return self.n_tokens - 2

    @property
    def start(self) -> int:
        """The token with which every text begins."""
        config = self._model.config.get_text_config()
        return config.eos_token_id if config.bos_token_id is None else config.bos_token_id

    def begin(self, n_rows: int) -> tuple[Memory, torch.Tensor]:
        """Begin texts; return their memory and the log probabilities (n_rows, n_vocabulary) of the first token."""
        shape = (len(self.layers), n_rows, self.n_heads)
        keys = torch.zeros(*shape, self.width, self.n_places)
        memory = Memory(keys, torch.zeros(*shape, self.n_places, self.width), 1)
        return memory, self.first_log_p.repeat(n_rows, 1)

    @torch.inference_mode()
    def enter(self, memory: Memory, tokens: torch.Tensor, rows: torch.Tensor | None = None) -> Entered:
        """Run tokens (n,) up to the layer, each after the text of its row of the memory (by default, of its own)."""
        keys, values = memory.keys[: self.layer].unbind(), memory.values[: self.layer].unbind()
        hidden = self.backbone.embed_tokens(tokens)
        return Entered(*self.through(0, hidden, keys, values, *self._at(memory.position), rows))

    @torch.inference_mode()
    def go_on(self, memory: Memory, entered: Entered) -> tuple[Memory, torch.Tensor]:
        """Run tokens from the layer on; return the memory with them and the log probabilities of the next token.

        The memory's rows are those of the tokens. It is written into, and must not be used again.
        """
        before = memory.keys[self.layer :].unbind(), memory.values[self.layer :].unbind()
        hidden, keys, values = self.through(self.layer, entered.states, *before, *self._at(memory.position))
        place = place_of(memory.position, self.n_places)
        memory.keys[..., place] = torch.cat([entered.keys, keys])
        memory.values[:, :, :, place] = torch.cat([entered.values, values])
        return Memory(memory.keys, memory.values, memory.position + 1), self.log_p(hidden)

    def log_p(self, hidden: torch.Tensor) -> torch.Tensor:
        """Log probabilities (n, n_vocabulary) of the next token, of what leaves the last layer."""
        return torch.log_softmax(self.head(self.backbone.norm(hidden)), dim=-1)

    def through(
        self,
        first: int,
        hidden: torch.Tensor,
        keys: Sequence[torch.Tensor],
        values: Sequence[torch.Tensor],
        empty: torch.Tensor,
        turns: torch.Tensor,
        rows: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run as many layers as there are keys and values of, from the layer `first` on.

        Return what leaves them, and the newest tokens' keys and values. `rows` (n,) is where each one's memory is.
        """
        new_keys, new_values = [hidden.new_zeros(0, len(hidden), self.n_heads, self.width)], []
        new_values += new_keys
        for number, (known_keys, known_values) in enumerate(zip(keys, values, strict=True), first):
            if rows is not None:
                known_keys, known_values = (known.index_select(0, rows) for known in (known_keys, known_values))
            hidden, key, value = self._layer(number, hidden, known_keys, known_values, empty, turns)
            new_keys.append(key[None])
            new_values.append(value[None])
        return hidden, torch.cat(new_keys), torch.cat(new_values)

    def _layer(
        self,
        number: int,
        hidden: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        empty: torch.Tensor,
        turns: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One layer; returns what leaves it, and the newest token's key and value."""
        query, key, value = self.entering(number, hidden)
        query, key = turned(query * self.width**-0.5, turns[0]), turned(key, turns[0])
        first_key, first_value = turned(self.first_keys[number], turns[1]), self.first_values[number]
        scores = [query @ keys + empty, query @ first_key[:, :, None], query @ key[..., None]]
        weights = torch.softmax(torch.cat(scores, dim=-1), dim=-1)
        heard = weights[..., :-2] @ values + weights[..., -2:-1] * first_value[:, None]
        return self.leaving(number, hidden, heard + weights[..., -1:] * value[:, :, None]), key, value

    def entering(self, number: int, hidden: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries (n, n_heads, n_queries, n_dimensions), keys and values (n, n_heads, n_dimensions)."""
        entering, attention = self.layers[number].input_layernorm(hidden), self.layers[number].self_attn
        shape = len(hidden), self.n_heads
        query = attention.q_proj(entering).view(*shape, -1, self.width)
        return query, *(of(entering).view(*shape, self.width) for of in (attention.k_proj, attention.v_proj))

    def leaving(self, number: int, hidden: torch.Tensor, heard: torch.Tensor) -> torch.Tensor:
        layer = self.layers[number]
        hidden = hidden + layer.self_attn.o_proj(heard.reshape(len(hidden), -1))
        return hidden + layer.mlp(layer.post_attention_layernorm(hidden))

    def _first(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of the first token, which attends to itself alone: keys and values (n_layers, n_heads, n_dimensions), and the
        log probabilities (1, n_vocabulary) of the next.
        """
        hidden, keys, values = self.backbone.embed_tokens(torch.tensor([self.start])), [], []
        for number in range(len(self.layers)):
            query, key, value = self.entering(number, hidden)
            hidden = self.leaving(number, hidden, value[:, :, None].expand_as(query))
            keys.append(key[0])
            values.append(value[0])
        return torch.stack(keys), torch.stack(values), self.log_p(hidden)

    def _at(self, position: int) -> tuple[torch.Tensor, torch.Tensor]:
        empty, at = emptiness(position, self.n_places), turns(position, self.n_places, self.frequencies)
        return torch.from_numpy(empty), torch.from_numpy(at)


def turned(x: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Vectors turned by the angles with this cosine and sine (2, n_frequencies)."""
    cos, sin = turn
    near, far = x.chunk(2, dim=-1)
    return torch.cat([near * cos - far * sin, far * cos + near * sin], dim=-1)
