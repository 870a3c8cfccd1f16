"""A language model fed token by token, that attends to the last tokens and to where the text began.

Its memory is bounded, so a text may go on for hours: of every layer, the keys and values of the newest tokens, and of
the text's first token, on which a model rests the attention that it needs nowhere else (Xiao et al. 2024). Keys
are stored without their position and turned by their age when they are used: only differences of positions count, and
none ever grows.

Every token goes through the same code, whether a text is being read or a beam's candidates are compared, so what is
fitted on texts is what a decoder meets. Rows are texts that go on side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ....errors import InputError
from .language_model import LanguageModel
from .layer_shells import decoder_layers
from .token_places import ages, place_of_next

FAMILIES = ("llama",)


@dataclass(frozen=True)
class Memory:
    """What each row attends to.

    `keys` (n_rows, n_layers, n_heads, n_dimensions, n_places) and `values` (n_rows, n_layers, n_heads, n_places,
    n_dimensions) of the `n_read` tokens that were read, as far as there are places, see
    `hotwire.models.networks.language.token_places`.
    """

    keys: torch.Tensor
    values: torch.Tensor
    n_read: int

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def ages(self) -> torch.Tensor:
        return torch.from_numpy(ages(self.n_read, self.keys.shape[-1]))

    def take(self, rows: torch.Tensor) -> Memory:
        """Return a copy of the memory of these rows."""
        return Memory(self.keys[rows], self.values[rows], self.n_read)


@dataclass(frozen=True)
class Entered:
    """The newest token of each row, as it enters the pass's layer: states (n_rows, n_units); its keys and values so
    far, (n_rows, n_layers, n_heads, n_dimensions).
    """

    states: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor

    def take(self, rows: torch.Tensor) -> Entered:
        """Return these rows."""
        return Entered(self.states[rows], self.keys[rows], self.values[rows])


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
        self._model: Any = model
        self.backbone: Any = model.base_model
        self.layers: Any = decoder_layers(model)[2]
        attention = self.layers[0].self_attn
        self.width: int = attention.head_dim
        """Dimensions of a head."""
        self.n_heads: int = attention.k_proj.out_features // self.width
        """Heads with keys and values of their own."""
        angles = torch.outer(-torch.arange(n_tokens, dtype=torch.float32), self.backbone.rotary_emb.inv_freq.float())
        self._cos, self._sin = torch.cos(angles), torch.sin(angles)

    @property
    def n_units(self) -> int:
        """The width of a state."""
        return self._model.config.get_text_config().hidden_size

    @property
    def start(self) -> int:
        """The token with which every text begins."""
        config = self._model.config.get_text_config()
        return config.eos_token_id if config.bos_token_id is None else config.bos_token_id

    @torch.inference_mode()
    def begin(self, n_rows: int) -> tuple[Memory, torch.Tensor]:
        """Begin texts; return their memory and the log probabilities (n_rows, n_vocabulary) of the first token."""
        shape = (n_rows, len(self.layers), self.n_heads)
        keys = torch.zeros(*shape, self.width, self.n_tokens - 1)
        memory = Memory(keys, torch.zeros(*shape, self.n_tokens - 1, self.width), 0)
        return self.go_on(memory, self.enter(memory, torch.full((n_rows,), self.start)))

    @torch.inference_mode()
    def enter(self, memory: Memory, tokens: torch.Tensor, rows: torch.Tensor | None = None) -> Entered:
        """Run tokens (n,) up to the layer, each after the text of its row of the memory (by default, of its own)."""
        n_layers = self.layer
        keys, values = memory.keys[:, :n_layers], memory.values[:, :n_layers]
        return Entered(*self.through(0, self.backbone.embed_tokens(tokens), keys, values, memory.ages, rows))

    @torch.inference_mode()
    def go_on(self, memory: Memory, entered: Entered) -> tuple[Memory, torch.Tensor]:
        """Run tokens from the layer on; return the memory with them and the log probabilities of the next token.

        The memory's rows are those of the tokens. It is written into, and must not be used again.
        """
        before = memory.keys[:, self.layer :], memory.values[:, self.layer :]
        hidden, keys, values = self.through(self.layer, entered.states, *before, memory.ages)
        place = place_of_next(memory.n_read, self.n_tokens - 1)
        memory.keys[..., place] = torch.cat([entered.keys, keys], dim=1)
        memory.values[:, :, :, place] = torch.cat([entered.values, values], dim=1)
        grown = Memory(memory.keys, memory.values, memory.n_read + 1)
        return grown, torch.log_softmax(self._model.lm_head(self.backbone.norm(hidden)), dim=-1)

    def through(
        self,
        first: int,
        hidden: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        ages: torch.Tensor,
        rows: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As many layers as there are keys and values of, from the layer `first` on.

        Return what leaves them, and the newest tokens' keys and values. `rows` (n,) are each token's of the memory.
        """
        cos, sin = self._cos[ages].T, self._sin[ages].T
        empty = torch.where(ages > 0, 0.0, torch.finfo(torch.float32).min)
        new_keys = [torch.zeros(len(hidden), 0, self.n_heads, self.width)]
        new_values = list(new_keys)
        for number in range(keys.shape[1]):
            near, far = keys[:, number].chunk(2, dim=-2)
            turned = torch.cat([near * cos - far * sin, far * cos + near * sin], dim=-2)
            known = values[:, number]
            if rows is not None:
                turned, known = turned[rows], known[rows]
            hidden, key, value = self._layer(self.layers[first + number], hidden, turned, known, empty)
            new_keys.append(key[:, None])
            new_values.append(value[:, None])
        return hidden, torch.cat(new_keys, dim=1), torch.cat(new_values, dim=1)

    def _layer(
        self, layer: Any, hidden: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, empty: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One layer; returns what leaves it, and the newest token's key and value."""
        entering = layer.input_layernorm(hidden)
        attention = layer.self_attn
        n = len(hidden)
        key, value = (of(entering).view(n, self.n_heads, self.width) for of in (attention.k_proj, attention.v_proj))
        query = attention.q_proj(entering).view(n, self.n_heads, -1, self.width) * self.width**-0.5
        scores = torch.cat([query @ keys + empty, query @ key[:, :, :, None]], dim=-1)
        weights = torch.softmax(scores, dim=-1)
        heard = weights[..., :-1] @ values + weights[..., -1:] * value[:, :, None]
        hidden = hidden + attention.o_proj(heard.reshape(n, -1))
        return hidden + layer.mlp(layer.post_attention_layernorm(hidden)), key, value
