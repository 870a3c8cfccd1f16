"""Fitted encoders as functions of what is synthesised: with gradients for the objective, without for judges."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.export.compiled_network import CompiledNetwork
from ....models.networks.network import Network
from ...encoder_module import EncoderModule
from ...pooling import pooled, unpooled
from ..kernel.cache import Arrays
from .media import Medium
from .objectives import SiteObjective


class EncoderMap:
    """From pictures (n, 3, height, width), from 0 to 1, or sounds (n, n_samples) to the responses (n, n_sites) that a
    fit predicts.

    Parameters
    ----------
    network : Network
    fitted : dict of str to array
        See `hotwire.decoder.experiments.synthesis.encoders.fit`.
    natural : (n_natural,) array of int
        The natural stimuli among all that were predicted.
    medium : Medium
        Pictures or sounds.
    """

    def __init__(self, network: Network, fitted: Arrays, natural: NDArray[np.intp], medium: Medium) -> None:
        self.layers, pool = tuple(fitted["layers"].tolist()), fitted["pool"].item()
        filled = medium.n_positions(network)
        whole = {
            layer: unpooled(fitted[f"weights.{layer}"], network.shape_of(layer), pool, filled) for layer in self.layers
        }
        self._module = EncoderModule(whole, fitted["intercept"])
        self._heads = medium.heads(with_gradients(network), self.layers)
        self.natural: NDArray[np.float64] = fitted["predicted"][natural]
        self._mean, self._spread = (torch.from_numpy(of.astype(np.float32)) for of in standard_of(self.natural))

    def __call__(self, made: torch.Tensor) -> torch.Tensor:
        return self._module(self._heads(made))

    def standardised(self, made: torch.Tensor) -> torch.Tensor:
        """The predicted responses, standardised by those to the natural stimuli."""
        return (self(made) - self._mean) / self._spread


def predicted(network: Network, fitted: Arrays, stimuli: Any) -> NDArray[np.float64]:
    """The responses (n_stimuli, n_sites) that a fit predicts to stimuli as the network takes them."""
    pool, filled = fitted["pool"].item(), network.n_positions(stimuli)
    recorded = network.activations(stimuli, fitted["layers"].tolist())
    found = fitted["intercept"]
    for layer, states in recorded.items():
        few = pooled(states.reshape(len(states), -1), network.shape_of(layer), pool, filled)
        found = found + few.reshape(len(few), -1).astype(np.float64) @ fitted[f"weights.{layer}"].T
    return found


def with_gradients(network: Network) -> Network:
    """The network itself of one that is compiled, which has no gradients."""
    return network.original if isinstance(network, CompiledNetwork) else network


def standard_of(natural: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread (n_sites,) of responses to natural stimuli (n_natural, n_sites); a spread of 1 where it is 0.

    Examples
    --------
    >>> standard_of(np.array([[1.0, np.nan, 5.0], [3.0, np.nan, 5.0]]))
    (array([ 2., nan,  5.]), array([ 1., nan,  1.]))
    """
    spread = natural.std(axis=0)
    return natural.mean(axis=0), np.where(spread <= 1e-9 * np.nanmax(np.abs(natural)), 1.0, spread)


def standardised(responses: NDArray[np.float64], natural: NDArray[np.float64]) -> NDArray[np.float64]:
    """Responses (..., n_sites), standardised by those to natural stimuli (n_natural, n_sites)."""
    mean, spread = standard_of(natural)
    return (responses - mean) / spread


def score(objective: SiteObjective, responses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of standardised responses (..., n_sites)."""
    return objective.score(torch.from_numpy(responses)).numpy()
