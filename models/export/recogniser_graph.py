"""What a speech recogniser computes after a layer, as an ONNX graph of fixed shape for one sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import onnx
import torch
from torch import nn

from ..networks.whisper.recogniser import SpeechRecogniser
from .torch_to_onnx import check_faithful, simplified, tidied, traced


def recogniser_scoring_graph(network: SpeechRecogniser, layer: str, candidates: Sequence[str]) -> onnx.ModelProto:
    """Export the graph that `hotwire.models.export.scoring_graph.scoring_graph` describes, for a speech recogniser."""
    n_units = prod(network.shape_of(layer))
    module = _RecogniserScores(network, layer, candidates)
    model = traced(module, {"activation": torch.zeros(1, n_units)}, ["log_probabilities"], network.name)
    model = tidied(simplified(model))
    noise = np.random.default_rng(0).normal(0, 0.1, size=int(network.seconds * 16_000)).astype(np.float32).clip(-1, 1)
    activation = network.activations([noise], [layer])[layer].reshape(1, -1)
    check_faithful(model, activation, network.log_probabilities(layer, activation, candidates), network.name)
    return model


class _RecogniserScores(nn.Module):
    """From an activation, flattened, to the candidates' scores."""

    def __init__(self, network: SpeechRecogniser, layer: str, candidates: Sequence[str]) -> None:
        super().__init__()
        self._pass, self._tree = network.whisper_pass, network.tree(candidates)
        self._layer, self._shape = int(layer), network.shape_of(layer)
        # The pass is not a module; this registers its weights.
        self._weights = nn.ModuleList(self._pass.modules)

    def forward(self, activation: torch.Tensor) -> torch.Tensor:
        heard = self._pass.heard(activation.reshape(1, *self._shape), self._layer)
        decoded = self._pass.decoded(heard, self._tree.tokens, self._tree.mask, self._tree.depths)
        return self._tree.scores(self._pass.logits(decoded[0]))[None]
