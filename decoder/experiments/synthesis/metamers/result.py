"""Metamers of a network's layers, and what other networks and judges say of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....statistics.bootstrapped import Ends
from .settings import MetamerSettings


@dataclass(frozen=True, kw_only=True)
class LayerMetamers:
    """The metamers of one layer, one for each picture.

    Attributes
    ----------
    made : uint8 (n, side, side, 3)
    distance, rho : (n,)
        Of the layer's activations from those for the photograph: relative distance, and Spearman's correlation.
    n_rounds : int (n,)
        Rounds of steps that each took.
    null : float
        The 99th percentile of the correlation for pairs of different photographs.
    kept : bool (n,)
        The network that they were made for gives them the photograph's class.
    recognised : dict of str to bool (n,)
        So does each other network.
    judged : dict of str to Ends
        For each judge of recorded sites, the correlation over pictures of its responses to metamers and to photographs,
        median over sites.
    """

    layer: str
    made: NDArray[np.uint8]
    distance: NDArray[np.float64]
    rho: NDArray[np.float64]
    n_rounds: NDArray[np.intp]
    null: float
    kept: NDArray[np.bool_]
    recognised: dict[str, NDArray[np.bool_]]
    judged: dict[str, Ends]

    @property
    def success(self) -> NDArray[np.bool_]:
        """Of the same class, and more similar than chance (n,)."""
        return self.kept & (self.rho > self.null)

    @property
    def by_others(self) -> NDArray[np.float64]:
        """The share of other networks that recognise each picture (n,)."""
        return np.mean(list(self.recognised.values()), axis=0)


@dataclass(frozen=True, kw_only=True)
class Metamers:
    """Metamers of several layers, in the order of computation.

    Attributes
    ----------
    pictures, classes : tuple of str
        The photographs' names, and what all networks see in them.
    originals : uint8 (n, side, side, 3)
    layers, untrained : tuple of LayerMetamers
        Of the network, and of the same network with random weights (of fewer pictures, perhaps none).
    recognised : dict of str to Ends
        For each layer, the mean over pictures and other networks.
    fall : Ends
        That of the first layer minus that of the last.
    """

    network: str
    fingerprint: str
    others: tuple[str, ...]
    pictures: tuple[str, ...]
    classes: tuple[str, ...]
    originals: NDArray[np.uint8]
    layers: tuple[LayerMetamers, ...]
    untrained: tuple[LayerMetamers, ...]
    recognised: dict[str, Ends]
    fall: Ends
    settings: MetamerSettings
    seconds: float
