"""Copies of a causal transformer that share its weights but have other modules instead of its layers.

Hooks on the model itself would also see the passes of other threads.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from ....errors import InputError


def decoder_layers(model: PreTrainedModel) -> tuple[nn.Module, str, nn.ModuleList]:
    """Return a model's backbone, the name of its list of transformer layers, and the list; `InputError` without one."""
    backbone = model.base_model
    n_layers = getattr(model.config, "num_hidden_layers", None)
    for name, child in backbone.named_children():
        if isinstance(child, nn.ModuleList) and len(child) == n_layers:
            return backbone, name, child
    raise InputError(
        f"model: expected a causal transformer with a list of {n_layers} layers in its backbone, got "
        f"{type(model).__name__} with {[name for name, _ in backbone.named_children()]}"
    )


def with_child(module: Any, name: str, child: nn.Module) -> Any:
    """Copy a module, sharing all weights, with another child of that name."""
    shell = copy.copy(module)
    shell._modules = {**module._modules, name: child}
    return shell


def recording_shell(model: PreTrainedModel, states: dict[int, torch.Tensor]) -> PreTrainedModel:
    """Copy the model so that a pass stores in `states` what enters each layer, and what leaves the last."""
    layers = decoder_layers(model)[2]
    return _with_layers(model, [RecordingLayer(layer, number, states) for number, layer in enumerate(layers)])


class EnteringStates:
    """The states that are to enter a layer."""

    states: torch.Tensor


def entered_at(model: PreTrainedModel, layer: int, entering: EnteringStates, returns_tuple: bool) -> PreTrainedModel:
    """Copy the model so that `entering` is injected at `layer`, and nothing before it is computed."""
    layers = decoder_layers(model)[2]
    at = min(layer, len(layers) - 1)
    before = [_Skip(skipped, returns_tuple) for skipped in layers[:at]]
    entry = _Enter(layers[at], returns_tuple, entering, runs=layer < len(layers))
    return _with_layers(model, [*before, entry, *layers[at + 1 :]])


class RecordingLayer(nn.Module):
    """Stores what enters a layer, and what leaves it."""

    def __init__(self, layer: nn.Module, number: int, states: dict[int, torch.Tensor]) -> None:
        super().__init__()
        self.returns_tuple = False
        self._layer = layer
        self._number = number
        self._states = states
        _take_attention_type(self, layer)

    def forward(self, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        self._states[self._number] = hidden
        output = self._layer(hidden, *args, **kwargs)
        self.returns_tuple = isinstance(output, tuple)
        self._states[self._number + 1] = output[0] if self.returns_tuple else output
        return output


class _Skip(nn.Module):
    """Replaces a layer before the injected one: passes its input on, computes nothing."""

    def __init__(self, replaced: nn.Module, returns_tuple: bool) -> None:
        super().__init__()
        self._returns_tuple = returns_tuple
        _take_attention_type(self, replaced)

    def forward(self, hidden: torch.Tensor, *_: Any, **__: Any) -> Any:
        return (hidden,) if self._returns_tuple else hidden


class _Enter(_Skip):
    """Replaces its input by other states, then runs the layer, if there is one."""

    def __init__(self, replaced: nn.Module, returns_tuple: bool, entering: EnteringStates, runs: bool) -> None:
        super().__init__(replaced, returns_tuple)
        self._entering = entering
        self._layer = replaced if runs else None

    def forward(self, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        states = self._entering.states
        return super().forward(states) if self._layer is None else self._layer(states, *args, **kwargs)


def _with_layers(model: PreTrainedModel, layers: Sequence[nn.Module]) -> PreTrainedModel:
    backbone, name, _ = decoder_layers(model)
    return with_child(model, model.base_model_prefix, with_child(backbone, name, nn.ModuleList(layers)))


def _take_attention_type(stand_in: nn.Module, layer: nn.Module) -> None:
    """Some backbones choose a layer's mask by this attribute."""
    if hasattr(layer, "attention_type"):
        stand_in.attention_type = layer.attention_type
