"""One pass through a causal transformer, entered at a layer, with everything constant computed once.

A prompt is cut at its placeholder into a prefix and a tail. Put an activity in place of the placeholder's state at
layer L, and this stays as it was, whatever is injected: the keys and values of the prefix in every layer, and the
states of the placeholder and of all that follows it below L. So they are computed once and kept; what remains is to
run a few tokens through the layers from L on.

Several continuations of the same prompt can ride in one pass: a mask lets each see the prompt and itself but no other.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel

from ....errors import InputError


def decoder_layers(model: PreTrainedModel) -> tuple[nn.Module, str, nn.ModuleList]:
    """Find a model's backbone and its list of transformer layers.

    Returns
    -------
    tuple
        The backbone, the name of the list within it, and the list.

    Raises
    ------
    InputError
        The model has no such list.
    """
    backbone = model.base_model
    n_layers = getattr(model.config, "num_hidden_layers", None)
    for name, child in backbone.named_children():
        if isinstance(child, nn.ModuleList) and len(child) == n_layers:
            return backbone, name, child
    raise InputError(
        f"model: expected a causal transformer with a list of {n_layers} layers in its backbone, got "
        f"{type(model).__name__} with {[name for name, _ in backbone.named_children()]}"
    )


class CausalPass:
    """The tail of a prompt, ready to be run from any layer on.

    Parameters
    ----------
    model : PreTrainedModel
        A causal language model in evaluation mode.
    prefix : sequence of int
        Tokens before the placeholder.
    tail : sequence of int
        The placeholder's token and those behind it.
    branches : sequence of sequences of int
        Continuations of the prompt, side by side; each sees the prompt and its own earlier tokens.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        prefix: Sequence[int],
        tail: Sequence[int],
        branches: Sequence[Sequence[int]] = (),
    ) -> None:
        self._model = model
        self.n_layers = len(decoder_layers(model)[2])
        check_window(model, len(prefix) + len(tail) + max((len(branch) for branch in branches), default=0))
        tokens = [*tail, *(token for branch in branches for token in branch)]
        self.n_queries = len(tokens)
        # Where to read the next token's probabilities: at the prompt's end, then at every token of every branch.
        self._read_at = torch.arange(len(tail) - 1, len(tokens))
        depth = [*range(len(tail)), *(len(tail) + i for branch in branches for i in range(len(branch)))]
        self._positions = len(prefix) + torch.tensor([depth])
        self._mask = _mask(len(prefix), len(tail), [len(branch) for branch in branches])
        with torch.inference_mode():
            cache = DynamicCache()
            if prefix:
                model.base_model(torch.tensor([prefix]), past_key_values=cache, use_cache=True)
            self._prefix_keys = _keys(cache)
            self._run_through(torch.tensor([tokens]))

    def own_state(self, layer: int) -> torch.Tensor:
        """State (n_units,) of the placeholder's own token as it enters a layer."""
        return self._states[layer][0, 0]

    def constant_keys(self, layer: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Give for each transformer layer the keys and values that no state injected at `layer` changes.

        Those of the whole prompt below the layer, those of its prefix from it on.
        """
        return [*self._full_keys[:layer], *self._prefix_keys[layer:]]

    @torch.inference_mode()
    def run(self, layer: int, injected: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Put states in place of the placeholder's at a layer and compute what lies behind it.

        Parameters
        ----------
        layer : int
            0 to n_layers: the layer that the states enter (n_layers: behind the last).
        injected : Tensor (n_samples, n_units)
            The states to put in.

        Returns
        -------
        logits : Tensor (n_samples, 1 + n_branch_tokens, n_vocabulary)
            Of the next token, at the prompt's end and behind each token of the branches.
        cache
            Keys and values of all that was seen, to go on from (without branches).
        """
        return self.behind(layer)(injected)

    def behind(self, layer: int) -> nn.Module:
        """Give what `run` does at a layer as a module of its own, for instance to export it."""
        arriving = _Arriving()
        return _Behind(
            _entered_at(self._model, layer, arriving, self._returns_tuple),
            arriving,
            states=self._states[layer],
            keys=self.constant_keys(layer),
            inputs={
                "inputs_embeds": self._states[0],
                "attention_mask": self._mask,
                "position_ids": self._positions,
            },
            read_at=self._read_at,
        )

    def _run_through(self, tokens: torch.Tensor) -> None:
        """Keep what is constant of the uninjected tail: the states entering each layer, and its keys and values."""
        states: dict[int, torch.Tensor] = {}
        cache = _cache(self._prefix_keys, 1)
        recorder = recording_shell(self._model, states)
        recorder.base_model(
            tokens,
            attention_mask=self._mask,
            position_ids=self._positions,
            past_key_values=cache,
            use_cache=True,
        )
        # Some architectures' layers return a tuple, and what stands in for them has to do the same.
        recorded: Any = decoder_layers(recorder)[2][0]
        self._returns_tuple: bool = recorded.returns_tuple
        self._states = [states[layer] for layer in range(self.n_layers + 1)]
        self._full_keys = _keys(cache)


class _Arriving:
    """Where the states wait that are to enter a layer."""

    states: torch.Tensor


class _Behind(nn.Module):
    """The layers that are left to compute, with all that is constant, from injected states to logits and cache."""

    def __init__(
        self,
        entered: PreTrainedModel,
        arriving: _Arriving,
        *,
        states: torch.Tensor,
        keys: Sequence[tuple[torch.Tensor, torch.Tensor]],
        inputs: dict[str, torch.Tensor],
        read_at: torch.Tensor,
    ) -> None:
        super().__init__()
        self._entered = entered
        self._arriving = arriving
        self._states = states
        self._keys = keys
        self._inputs = inputs
        self._read_at = read_at

    def forward(self, injected: torch.Tensor) -> tuple[torch.Tensor, Any]:
        n_samples = len(injected)
        behind_it = self._states[:, 1:].expand(n_samples, -1, -1)
        self._arriving.states = torch.cat([injected[:, None], behind_it], dim=1)
        cache = _cache(self._keys, n_samples)
        output = self._entered(
            **{name: value.expand(n_samples, *value.shape[1:]) for name, value in self._inputs.items()},
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=self._read_at,
        )
        return output.logits, cache


class _Keep(nn.Module):
    """Keeps what enters a layer, and what leaves it."""

    def __init__(self, kept: nn.Module, number: int, states: dict[int, torch.Tensor]) -> None:
        super().__init__()
        self.returns_tuple = False
        self._kept = kept
        self._number = number
        self._states = states
        _take_attention_type(self, kept)

    def forward(self, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        self._states[self._number] = hidden
        output = self._kept(hidden, *args, **kwargs)
        self.returns_tuple = isinstance(output, tuple)
        self._states[self._number + 1] = output[0] if self.returns_tuple else output
        return output


def recording_shell(model: PreTrainedModel, states: dict[int, torch.Tensor]) -> PreTrainedModel:
    """Copy the model's shell, sharing all weights, so that a pass leaves in `states` what enters each layer.

    Hooks on the model itself would also hear the passes of other threads.
    """
    layers = decoder_layers(model)[2]
    return _with_layers(model, [_Keep(layer, number, states) for number, layer in enumerate(layers)])


class _Skip(nn.Module):
    """Stands where a layer below the injected one was: passes on, computes nothing."""

    def __init__(self, replaced: nn.Module, returns_tuple: bool) -> None:
        super().__init__()
        self._returns_tuple = returns_tuple
        _take_attention_type(self, replaced)

    def forward(self, hidden: torch.Tensor, *_: Any, **__: Any) -> Any:
        return (hidden,) if self._returns_tuple else hidden


class _Enter(_Skip):
    """Puts other states in place of those that arrive, then goes on with the layer, if there is one."""

    def __init__(self, replaced: nn.Module, returns_tuple: bool, arriving: _Arriving, runs: bool) -> None:
        super().__init__(replaced, returns_tuple)
        self._arriving = arriving
        self._layer = replaced if runs else None

    def forward(self, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        states = self._arriving.states
        if self._layer is None:
            return super().forward(states)
        return self._layer(states, *args, **kwargs)


def _entered_at(model: PreTrainedModel, layer: int, arriving: _Arriving, returns_tuple: bool) -> PreTrainedModel:
    """Copy the model's shell, sharing all weights, so that nothing below `layer` is computed.

    What enters there is what `arriving` holds by then.
    """
    layers = decoder_layers(model)[2]
    at = min(layer, len(layers) - 1)
    below = [_Skip(skipped, returns_tuple) for skipped in layers[:at]]
    entry = _Enter(layers[at], returns_tuple, arriving, runs=layer < len(layers))
    return _with_layers(model, [*below, entry, *layers[at + 1 :]])


def _with_layers(model: PreTrainedModel, layers: Sequence[nn.Module]) -> PreTrainedModel:
    backbone, name, _ = decoder_layers(model)
    return with_child(model, model.base_model_prefix, with_child(backbone, name, nn.ModuleList(layers)))


def with_child(module: Any, name: str, child: nn.Module) -> Any:
    """Copy a module's shell, sharing all weights, with another child of that name."""
    shell = copy.copy(module)
    shell._modules = {**module._modules, name: child}
    return shell


def _take_attention_type(stand_in: nn.Module, layer: nn.Module) -> None:
    """Some backbones choose a layer's mask by this attribute."""
    if hasattr(layer, "attention_type"):
        stand_in.attention_type = layer.attention_type


def check_window(model: PreTrainedModel, n_tokens: int) -> None:
    """Raise `InputError` where some layers do not look back over so many tokens."""
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    if window is not None and n_tokens > window:
        raise InputError(
            f"prompt: it takes {n_tokens} tokens with its candidates, but some layers of {type(model).__name__} look "
            f"back only {window}; shorten it"
        )


def _keys(cache: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(layer.keys, layer.values) for layer in cache.layers]


def _cache(keys: Sequence[tuple[torch.Tensor, torch.Tensor]], n_samples: int) -> Any:
    cache = DynamicCache()
    for index, (key, value) in enumerate(keys):
        cache.update(key.expand(n_samples, -1, -1, -1), value.expand(n_samples, -1, -1, -1), index)
    return cache


def _mask(n_prefix: int, n_tail: int, branch_lengths: Sequence[int]) -> torch.Tensor:
    """Additive attention mask (1, 1, n_queries, n_prefix + n_queries): 0 where a token may look, else the minimum."""
    n_queries = n_tail + sum(branch_lengths)
    allowed = torch.zeros(n_queries, n_prefix + n_queries, dtype=torch.bool)
    allowed[:, : n_prefix + n_tail] = True
    allowed[:n_tail, n_prefix:] = torch.ones(n_tail, n_queries, dtype=torch.bool).tril()
    start = n_tail
    for length in branch_lengths:
        block = slice(start, start + length)
        allowed[block, n_prefix + start : n_prefix + start + length] = torch.ones(length, length).tril().bool()
        start += length
    lowest = torch.finfo(torch.float32).min
    return torch.zeros(allowed.shape).masked_fill(~allowed, lowest)[None, None]
