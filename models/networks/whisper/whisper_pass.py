"""One pass through Whisper, entered at a layer of its encoder, with everything constant computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention
from transformers import DynamicCache, EncoderDecoderCache, WhisperForConditionalGeneration

from .sounds import log_mel

STATES_PER_S = 50
"""States of the encoder in a second of sound."""
SILENCE_S = 5.0
"""Enough: of a hundred words spoken alone, 0.72 are transcribed, with 8 s 0.69, without silence 0.11."""

_Keys = tuple[torch.Tensor, torch.Tensor]


class WhisperPass:
    """Whisper's computation for a sound with `n_states` encoder states, followed by silence.

    Whisper takes 30 s at a time, most of which would be silence. So only the sound has states here. The silence after
    it is Whisper's states for silence alone, always the same: the sound's states and the decoder attend to it. Without
    it, the decoder does not notice that the words are over, and repeats them again and again.
    """

    def __init__(self, model: WhisperForConditionalGeneration, n_states: int) -> None:
        whole: Any = model
        whole.eval().to(torch.float32).requires_grad_(False)
        self._encoder, self._decoder, self._projection = whole.model.encoder, whole.model.decoder, whole.proj_out
        most_s = len(self._encoder.embed_positions.weight) / STATES_PER_S
        after = slice(n_states, n_states + round(SILENCE_S * STATES_PER_S))
        # Not in inference mode: gradients to sounds pass by these states.
        with torch.no_grad():
            states = self.entering(log_mel([np.zeros(1)], seconds=most_s, n_bins=model.config.num_mel_bins))
            self._silence: list[_Keys] = []
            for block in self._encoder.layers:
                keys, values = _own_keys(block, states)
                self._silence.append((keys[:, :, after], values[:, :, after]))
                states = _through(block, states, (keys, values))
            heard = self._encoder.layer_norm(states[:, after])
            self._heard_silence = [_keys_of(block.encoder_attn, heard) for block in self._decoder.layers]

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """All parts that have weights."""
        return self._encoder, self._decoder, self._projection

    def entering(self, mel: torch.Tensor) -> torch.Tensor:
        """States (n_sounds, n_states, n_units) that enter the first block of the encoder."""
        convolved = gelu(self._encoder.conv2(gelu(self._encoder.conv1(mel)))).permute(0, 2, 1)
        return convolved + self._encoder.embed_positions.weight[: convolved.shape[1]]

    def through(self, states: torch.Tensor, first: int = 0) -> Iterator[torch.Tensor]:
        """Yield the states that enter the block `first`, then those after each block; the last are normalised."""
        yield states
        blocks = list(zip(self._encoder.layers, self._silence, strict=True))
        for number, (block, silence) in enumerate(blocks[first:], start=first + 1):
            states = _through(block, states, _followed(_own_keys(block, states), silence))
            yield self._encoder.layer_norm(states) if number == len(blocks) else states

    def states(self, mel: torch.Tensor, layers: Sequence[int]) -> list[torch.Tensor]:
        """The states (n_sounds, n_states, n_units) that enter each of these blocks, in one pass."""
        each = list(islice(self.through(self.entering(mel)), 1 + max(layers, default=0)))
        return [each[layer] for layer in layers]

    def heard(self, states: torch.Tensor, first: int) -> Any:
        """Return what the decoder attends to after states enter block `first`: keys and values of sound and silence."""
        *_, last = self.through(states, first)
        cache = DynamicCache()
        for number, (block, silence) in enumerate(zip(self._decoder.layers, self._heard_silence, strict=True)):
            keys, values = _followed(_keys_of(block.encoder_attn, last), silence)
            cache.update(keys, values, number)
        return EncoderDecoderCache(DynamicCache(), cache)

    def decoded(
        self,
        heard: Any,
        tokens: torch.Tensor,
        mask: torch.Tensor | None = None,
        depths: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """States (n_samples, n_tokens, n_units) of the tokens (n_samples or 1, n_tokens) that follow those in `heard`.

        Mask and depths are those of a `TokenTree`; without them each token attends to all before it.
        """
        keys = heard.cross_attention_cache.layers[0].keys
        n_samples = len(keys)
        return self._decoder(
            tokens.expand(n_samples, -1),
            attention_mask=None if mask is None else mask.expand(n_samples, -1, -1, -1),
            position_ids=None if depths is None else depths.expand(n_samples, -1),
            encoder_hidden_states=keys,  # only says that they exist: those attended to are in `heard`
            past_key_values=heard,
            use_cache=True,
        ).last_hidden_state

    def logits(self, decoded: torch.Tensor) -> torch.Tensor:
        """Logits (..., n_vocabulary) of the token that follows each state (..., n_units)."""
        return self._projection(decoded)


def _through(block: Any, states: torch.Tensor, attended: _Keys) -> torch.Tensor:
    """Run a block of the encoder on states (n_samples, n_states, n_units) that attend to these keys and values."""
    attention = block.self_attn
    queries = _in_heads(attention, attention.q_proj(block.self_attn_layer_norm(states)))
    attention_output = scaled_dot_product_attention(queries, *attended)
    states = states + attention.out_proj(attention_output.transpose(1, 2).flatten(2))
    return states + block.fc2(block.activation_fn(block.fc1(block.final_layer_norm(states))))


def _own_keys(block: Any, states: torch.Tensor) -> _Keys:
    return _keys_of(block.self_attn, block.self_attn_layer_norm(states))


def _keys_of(attention: Any, states: torch.Tensor) -> _Keys:
    """Keys and values of states, (n_samples, n_heads, n_states, n_units of a head) each."""
    return _in_heads(attention, attention.k_proj(states)), _in_heads(attention, attention.v_proj(states))


def _in_heads(attention: Any, projected: torch.Tensor) -> torch.Tensor:
    return projected.unflatten(-1, (attention.num_heads, attention.head_dim)).transpose(1, 2).contiguous()


def _followed(keys: _Keys, silence: _Keys) -> _Keys:
    """Keys and values followed by those of the silence, the same for every sample."""
    own, own_values = keys
    silent, silent_values = (side.expand(len(own), -1, -1, -1) for side in silence)
    return torch.cat([own, silent], 2), torch.cat([own_values, silent_values], 2)
