"""An encoder's linear map as a torch module, with gradients: from a layer's activations to predicted responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import InputError
from .encoder import Encoder
from .pooling import unpooled


class EncoderModule(nn.Module):
    """What a fitted `Encoder` predicts from activations, pooling included; its weights are fixed.

    Parameters
    ----------
    weights : mapping of str to array (n_sites, n_units)
        Of all units of each layer, before pooling.
    intercept : array (n_sites,)

    Attributes
    ----------
    layers : tuple of str

    Examples
    --------
    >>> from hotwire.models.networks.torch_network import TorchNetwork
    >>> network = TorchNetwork(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), torch.zeros(1, 4))
    >>> stimuli = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    >>> encoder = Encoder(network, "1").fit(stimuli, stimuli[:, :3])
    >>> activations = [torch.from_numpy(network.activations(stimuli, ["1"])["1"])]
    >>> bool(np.allclose(EncoderModule.of(encoder)(activations), encoder.predict(stimuli), atol=1e-5))
    True
    """

    intercept: torch.Tensor

    def __init__(self, weights: Mapping[str, NDArray], intercept: NDArray) -> None:
        super().__init__()
        self.layers = tuple(weights)
        for i, of in enumerate(weights.values()):
            self.register_buffer(f"weights_{i}", torch.from_numpy(of.astype(np.float32)))
        self.register_buffer("intercept", torch.from_numpy(intercept.astype(np.float32)))

    @classmethod
    def of(cls, encoder: Encoder, stimulus: Any = None) -> Self:
        """Of a fitted encoder; of one that averages over time, for sounds as long as `stimulus`."""
        network, pool = encoder.network, encoder.pool
        filled = None if pool is None or stimulus is None else network.n_positions([stimulus])
        n_positions = None if filled is None else int(filled[0])
        if n_positions is None and pool is not None and network.hears:
            raise InputError(
                "stimulus: expected a sound, since the encoder averages over as many states as a sound fills, got none"
            )
        return cls(
            {
                layer: unpooled(weights, network.shape_of(layer), pool, n_positions)
                for layer, weights in encoder.weights().items()
            },
            encoder.intercept(),
        )

    def forward(self, activations: Sequence[torch.Tensor]) -> torch.Tensor:
        """Predict responses (n_stimuli, n_sites) from the activations (n_stimuli, ...) of each of `layers`."""
        responses = self.intercept
        for i, of in enumerate(activations):
            responses = responses + of.flatten(1) @ self.get_buffer(f"weights_{i}").T
        return responses
