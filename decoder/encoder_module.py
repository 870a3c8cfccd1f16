"""An encoder's linear map as a torch module, with gradients: from a layer's activations to predicted responses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from .encoder import Encoder, unpooled


class EncoderModule(nn.Module):
    """What a fitted `Encoder` predicts from activations, pooling included; its weights are fixed.

    Attributes
    ----------
    layers : tuple of str
        The encoder's.

    Examples
    --------
    >>> from hotwire.models.networks.torch_network import TorchNetwork
    >>> network = TorchNetwork(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), torch.zeros(1, 4))
    >>> stimuli = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    >>> encoder = Encoder(network, "1").fit(stimuli, stimuli[:, :3])
    >>> activations = [torch.from_numpy(network.activations(stimuli, ["1"])["1"])]
    >>> bool(np.allclose(EncoderModule(encoder)(activations), encoder.predict(stimuli), atol=1e-5))
    True
    """

    intercept: torch.Tensor

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        weights = encoder.weights()
        self.layers = tuple(weights)
        for i, (layer, of) in enumerate(weights.items()):
            whole = unpooled(of, encoder.network.shape_of(layer), encoder.pool)
            self.register_buffer(f"weights_{i}", torch.from_numpy(whole.astype(np.float32)))
        self.register_buffer("intercept", torch.from_numpy(encoder.intercept().astype(np.float32)))

    def forward(self, activations: Sequence[torch.Tensor]) -> torch.Tensor:
        """Predict responses (n_stimuli, n_sites) from the activations (n_stimuli, ...) of each of `layers`."""
        responses = self.intercept
        for i, of in enumerate(activations):
            responses = responses + of.flatten(1) @ self.get_buffer(f"weights_{i}").T
        return responses
