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

FAMILIES = ("llama",)


@dataclass(frozen=True)
class Memory:
    """Keys and values (n_layers, n_rows, n_tokens, n_heads, n_dimensions) of what each row attends to, oldest first."""

    keys: torch.Tensor
    values: torch.Tensor

    def __len__(self) -> int:
        return self.keys.shape[1]

    def take(self, rows: torch.Tensor) -> Memory:
        """Return the memory of these rows."""
        return Memory(self.keys[:, rows], self.values[:, rows])

    def of_layer(self, layer: int, rows: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = self.keys[layer], self.values[layer]
        return (keys, values) if rows is None else (keys[rows], values[rows])


@dataclass(frozen=True)
class Entered:
    """The newest token of each row, as it enters the pass's layer: states (n_rows, n_units); keys and values so far."""

    states: torch.Tensor
    keys: list[torch.Tensor]
    values: list[torch.Tensor]

    def take(self, rows: torch.Tensor) -> Entered:
        """Return these rows."""
        return Entered(self.states[rows], [key[rows] for key in self.keys], [value[rows] for value in self.values])


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
        self.layer = int(layer)
        self.n_tokens = n_tokens
        self._model: Any = model
        self._backbone: Any = model.base_model
        self._layers: Any = decoder_layers(model)[2]
        attention = self._layers[0].self_attn
        self._width: int = attention.head_dim
        ages = torch.arange(n_tokens - 1, -1, -1, dtype=torch.float32)
        angles = torch.outer(-ages, self._backbone.rotary_emb.inv_freq.float())
        self._cos, self._sin = (torch.cat([of(angles)] * 2, dim=1)[:, None] for of in (torch.cos, torch.sin))

    @property
    def n_units(self) -> int:
        """The width of a state."""
        return self._model.config.get_text_config().hidden_size

    @property
    def n_vocabulary(self) -> int:
        """How many tokens there are."""
        return self._model.config.get_text_config().vocab_size

    @property
    def start(self) -> int:
        """The token with which every text begins."""
        config = self._model.config.get_text_config()
        return config.eos_token_id if config.bos_token_id is None else config.bos_token_id

    @torch.inference_mode()
    def begin(self, n_rows: int) -> tuple[Memory, torch.Tensor]:
        """Begin texts; return their memory and the log probabilities (n_rows, n_vocabulary) of the first token."""
        key: Any = self._layers[0].self_attn.k_proj
        empty = torch.zeros(len(self._layers), n_rows, 0, key.out_features // self._width, self._width)
        memory = Memory(empty, empty)
        return self.go_on(memory, self.enter(memory, torch.full((n_rows,), self.start)))

    @torch.inference_mode()
    def enter(self, memory: Memory, tokens: torch.Tensor, rows: torch.Tensor | None = None) -> Entered:
        """Run tokens (n,) up to the layer, each after the text of its row of the memory (by default, of its own)."""
        return self._up_to(self.layer, memory, Entered(self._backbone.embed_tokens(tokens), [], []), rows)

    @torch.inference_mode()
    def go_up(self, memory: Memory, entered: Entered) -> Entered:
        """Run tokens that have entered an earlier layer, in another pass of the same network, up to this one."""
        return self._up_to(self.layer, memory, entered, None)

    @torch.inference_mode()
    def go_on(self, memory: Memory, entered: Entered) -> tuple[Memory, torch.Tensor]:
        """Run tokens from the layer on; return the memory with them and the log probabilities of the next token.

        The memory's rows are those of the tokens.
        """
        left = self._up_to(len(self._layers), memory, entered, None)
        logits = self._model.lm_head(self._backbone.norm(left.states))
        grown = Memory(self._with(memory.keys, left.keys), self._with(memory.values, left.values))
        return grown, torch.log_softmax(logits, dim=-1)

    def _up_to(self, layer: int, memory: Memory, entered: Entered, rows: torch.Tensor | None) -> Entered:
        hidden, keys, values = entered.states, list(entered.keys), list(entered.values)
        for number in range(len(keys), layer):
            hidden, key, value = self._through(number, hidden, *memory.of_layer(number, rows))
            keys.append(key)
            values.append(value)
        return Entered(hidden, keys, values)

    def _with(self, stored: torch.Tensor, newest: list[torch.Tensor]) -> torch.Tensor:
        """Append the newest token; of more than `n_tokens` - 1, drop the oldest but the first."""
        added = torch.stack(newest)[:, :, None]
        if stored.shape[2] < self.n_tokens - 1:
            return torch.cat([stored, added], dim=2)
        return torch.cat([stored[:, :, :1], stored[:, :, 2:], added], dim=2)

    def _through(
        self, number: int, hidden: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One layer; returns what leaves it, and the newest token's key and value."""
        layer = self._layers[number]
        entering = layer.input_layernorm(hidden)
        attention = layer.self_attn
        query, key, value = (
            of(entering).view(len(hidden), -1, self._width)
            for of in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        all_keys, all_values = torch.cat([keys, key[:, None]], dim=1), torch.cat([values, value[:, None]], dim=1)
        grouped = query.view(len(hidden), key.shape[1], -1, self._width)
        scores = torch.einsum("nhgd,nthd->nhgt", grouped, self._turned(all_keys)) * self._width**-0.5
        heard = torch.einsum("nhgt,nthd->nhgd", torch.softmax(scores, dim=-1), all_values)
        hidden = hidden + attention.o_proj(heard.reshape(len(hidden), -1))
        return hidden + layer.mlp(layer.post_attention_layernorm(hidden)), key, value

    def _turned(self, keys: torch.Tensor) -> torch.Tensor:
        """Keys (n, n_tokens, n_heads, n_dimensions) turned by their age; the query's is 0."""
        cos, sin = self._cos[-keys.shape[1] :], self._sin[-keys.shape[1] :]
        first, second = keys.chunk(2, dim=-1)
        return keys * cos + torch.cat([-second, first], dim=-1) * sin
