"""Fitted encoders as functions of pictures, with gradients."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.export.compiled_network import CompiledNetwork
from ....models.networks.network import Network
from ....models.synthesis.objectives import picture_heads
from ...encoder_module import EncoderModule
from ...pooling import unpooled
from ..kernel.cache import Arrays
from .objectives import SiteObjective


class EncoderMap:
    """From pictures (n, 3, height, width), from 0 to 1, to the responses (n, n_sites) that a fit predicts.

    Parameters
    ----------
    network : Network
    fitted : dict of str to array
        See `hotwire.decoder.experiments.synthesis.encoders.fit`.
    natural : (n_natural,) array of int
        The natural pictures among all that were predicted.
    """

    def __init__(self, network: Network, fitted: Arrays, natural: NDArray[np.intp]) -> None:
        self.layers, pool = tuple(fitted["layers"].tolist()), fitted["pool"].item()
        whole = {layer: unpooled(fitted[f"weights.{layer}"], network.shape_of(layer), pool) for layer in self.layers}
        self._module = EncoderModule(whole, fitted["intercept"])
        # Compiled networks have no gradients.
        source = network.original if isinstance(network, CompiledNetwork) else network
        self._heads = picture_heads(source, self.layers)
        self.natural: NDArray[np.float64] = fitted["predicted"][natural]
        self._mean, self._spread = (torch.from_numpy(of.astype(np.float32)) for of in standard_of(self.natural))

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        return self._module(self._heads(pictures))

    def standardised(self, pictures: torch.Tensor) -> torch.Tensor:
        """The predicted responses, standardised by those to the natural pictures."""
        return (self(pictures) - self._mean) / self._spread


def standard_of(natural: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread (n_sites,) of responses to natural pictures (n_natural, n_sites); a spread of 1 where it is 0.

    Examples
    --------
    >>> standard_of(np.array([[1.0, np.nan, 5.0], [3.0, np.nan, 5.0]]))
    (array([ 2., nan,  5.]), array([ 1., nan,  1.]))
    """
    spread = natural.std(axis=0)
    return natural.mean(axis=0), np.where(spread <= 1e-9 * np.nanmax(np.abs(natural)), 1.0, spread)


def standardised(responses: NDArray[np.float64], natural: NDArray[np.float64]) -> NDArray[np.float64]:
    """Responses (..., n_sites), standardised by those to natural pictures (n_natural, n_sites)."""
    mean, spread = standard_of(natural)
    return (responses - mean) / spread


def score(objective: SiteObjective, responses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of standardised responses (..., n_sites)."""
    return objective.score(torch.from_numpy(responses)).numpy()
