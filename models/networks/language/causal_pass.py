"""One pass through a causal transformer, entered at a layer, with everything constant computed once.

A prompt is cut at its placeholder into a prefix and a tail. When an activation replaces the placeholder's state at
layer L, two things do not depend on it: the keys and values of the prefix in every layer, and the states of the
placeholder and of all that follows it before L. They are computed once. Only a few tokens remain to be run through the
layers from L on.

Several continuations of the same prompt share one pass: with a mask, each attends to the prompt and itself only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel

from ....errors import InputError
from .layer_shells import EnteringStates, decoder_layers, entered_at, recording_shell

KeysAndValues = tuple[torch.Tensor, torch.Tensor]


class CausalPass:
    """The tail of a prompt, ready to be run from any layer on, for a causal language model in evaluation mode.

    `prefix` has the tokens before the placeholder; `tail` the placeholder's token and those after it. `branches` are
    continuations of the prompt; each attends to the prompt and its own earlier tokens.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        prefix: Sequence[int],
        tail: Sequence[int],
        branches: Sequence[Sequence[int]] = (),
    ) -> None:
        self._model = model
        lengths = [len(branch) for branch in branches]
        check_window(model, len(prefix) + len(tail) + max(lengths, default=0))
        tokens = [*tail, *(token for branch in branches for token in branch)]
        # Positions of the next token's probabilities: the prompt's end, then every token of every branch.
        self._read_at = torch.arange(len(tail) - 1, len(tokens))
        depth = [*range(len(tail)), *(len(tail) + i for length in lengths for i in range(length))]
        self._inputs = {
            "attention_mask": _mask(len(prefix), len(tail), lengths),
            "position_ids": len(prefix) + torch.tensor([depth]),
        }
        with torch.inference_mode():
            cache = DynamicCache()
            if prefix:
                model.base_model(torch.tensor([prefix]), past_key_values=cache, use_cache=True)
            self._prefix_keys = _keys(cache)
            self._run_through(torch.tensor([tokens]))

    def own_state(self, layer: int) -> torch.Tensor:
        """State (n_units,) of the placeholder's own token as it enters a layer."""
        return self._states[layer][0, 0]

    def constant_keys(self, layer: int) -> list[KeysAndValues]:
        """Return for each transformer layer the keys and values that do not depend on the state injected at `layer`.

        Before that layer they are those of the whole prompt, from it on those of the prefix.
        """
        return [*self._full_keys[:layer], *self._prefix_keys[layer:]]

    @torch.inference_mode()
    def run(self, layer: int, injected: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Replace the placeholder's states as they enter a layer, 0 to n_layers, by `injected` (n_samples, n_units).

        Returns the next token's logits (n_samples, 1 + n_branch_tokens, n_vocabulary), at the prompt's end and after
        each token of the branches; and the keys and values of all tokens so far, to continue from (without branches).
        """
        return self.from_layer(layer)(injected)

    def from_layer(self, layer: int) -> nn.Module:
        """Return `run` at a layer as a module, for instance to export it."""
        entering = EnteringStates()
        return _FromLayer(
            entered_at(self._model, layer, entering, self._returns_tuple),
            entering,
            states=self._states[layer],
            keys=self.constant_keys(layer),
            inputs={"inputs_embeds": self._states[0], **self._inputs},
            read_at=self._read_at,
        )

    def _run_through(self, tokens: torch.Tensor) -> None:
        """Note what is constant of the uninjected tail: the states entering each layer, and its keys and values."""
        states: dict[int, torch.Tensor] = {}
        cache = _cache(self._prefix_keys, 1)
        recorder = recording_shell(self._model, states)
        recorder.base_model(tokens, **self._inputs, past_key_values=cache, use_cache=True)
        # Some architectures' layers return a tuple, so their replacements must do the same.
        layers: Any = decoder_layers(recorder)[2]
        self._returns_tuple: bool = layers[0].returns_tuple
        self._states = [states[layer] for layer in range(len(layers) + 1)]
        self._full_keys = _keys(cache)


class _FromLayer(nn.Module):
    """The remaining layers with all that is constant, from injected states to logits and cache."""

    def __init__(
        self,
        entered: PreTrainedModel,
        entering: EnteringStates,
        *,
        states: torch.Tensor,
        keys: Sequence[KeysAndValues],
        inputs: dict[str, torch.Tensor],
        read_at: torch.Tensor,
    ) -> None:
        super().__init__()
        self._entered = entered
        self._entering = entering
        self._states = states
        self._keys = keys
        self._inputs = inputs
        self._read_at = read_at

    def forward(self, injected: torch.Tensor) -> tuple[torch.Tensor, Any]:
        n_samples = len(injected)
        others = self._states[:, 1:].expand(n_samples, -1, -1)
        self._entering.states = torch.cat([injected[:, None], others], dim=1)
        cache = _cache(self._keys, n_samples)
        output = self._entered(
            **{name: value.expand(n_samples, *value.shape[1:]) for name, value in self._inputs.items()},
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=self._read_at,
        )
        return output.logits, cache


def check_window(model: PreTrainedModel, n_tokens: int) -> None:
    """Raise `InputError` where the attention window of some layers is shorter than this many tokens."""
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    if window is not None and n_tokens > window:
        raise InputError(
            f"prompt: it takes {n_tokens} tokens with its candidates, but some layers of {type(model).__name__} look "
            f"back only {window}; shorten it"
        )


def _keys(cache: Any) -> list[KeysAndValues]:
    return [(layer.keys, layer.values) for layer in cache.layers]


def _cache(keys: Sequence[KeysAndValues], n_samples: int) -> Any:
    cache = DynamicCache()
    for index, (key, value) in enumerate(keys):
        cache.update(key.expand(n_samples, -1, -1, -1), value.expand(n_samples, -1, -1, -1), index)
    return cache


def _mask(n_prefix: int, n_tail: int, branch_lengths: Sequence[int]) -> torch.Tensor:
    """Additive attention mask (1, 1, n_tokens, n_prefix + n_tokens): 0 where a token may attend, else the minimum."""
    n_tokens = n_tail + sum(branch_lengths)
    allowed = torch.zeros(n_tokens, n_prefix + n_tokens, dtype=torch.bool)
    allowed[:, : n_prefix + n_tail] = True
    allowed[:n_tail, n_prefix:] = torch.ones(n_tail, n_tokens, dtype=torch.bool).tril()
    start = n_tail
    for length in branch_lengths:
        block = slice(start, start + length)
        allowed[block, n_prefix + start : n_prefix + start + length] = torch.ones(length, length).tril().bool()
        start += length
    lowest = torch.finfo(torch.float32).min
    return torch.zeros(allowed.shape).masked_fill(~allowed, lowest)[None, None]
