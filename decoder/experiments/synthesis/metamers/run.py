"""Metamers: pictures that a layer of a network cannot tell from a photograph, made of noise.

Feather, Durango, Gonzalez & McDermott (2019), Metamers of neural networks reveal divergence from human perceptual
systems. NeurIPS; Feather, Leclerc, Madry & McDermott (2023), Nat. Neurosci. 26, 2017-2034.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from .....errors import InputError
from .....models.cache_folder import cache_folder
from .....models.networks.network import Network
from .....models.networks.torch_network import TorchNetwork
from .....models.networks.vision import VisionNetwork, opened
from .....models.synthesis.generators import as_pictures, pixels_of
from .....models.synthesis.objectives import picture_head
from ....statistics.bootstrapped import Bootstrapped, Ends
from ....statistics.correlations import profile_correlation
from ..judges import Judge
from .approach import AT_ONCE, answers, approach
from .result import LayerMetamers, Metamers
from .settings import MetamerSettings

NULL_QUANTILE = 0.99


def make_metamers(
    pictures: Mapping[str, Any],
    network: Network,
    layers: Sequence[str],
    others: Mapping[str, Network],
    settings: MetamerSettings,
    *,
    judges: Sequence[Judge] = (),
    folder: Path | None = None,
) -> Metamers:
    """Make a metamer of photographs for each layer, and ask other networks what they see in it.

    Parameters
    ----------
    pictures : mapping of str to picture
        Photographs by name, as the networks take them. All are scaled to the side of the smallest, or of what the
        network takes if that is less.
    network : VisionNetwork
        For whose layers they are made.
    layers : sequence of str
    others : mapping of str to Network
        Networks with the same names for their outputs.
    settings : MetamerSettings
    judges : sequence of Judge
        Models of recorded sites, which are asked how these would respond.
    folder : Path, optional
        Where the optimiser's states are; by default in the cache. What was stopped continues where it was.

    Returns
    -------
    Metamers

    Raises
    ------
    InputError
        A network has no gradients, takes no pictures or names no outputs; too few pictures are named alike.
    UnknownNameError
        There is no such layer.
    """
    start = time.perf_counter()
    if not layers or not others:
        raise InputError(f"{'others' if layers else 'layers'}: expected one or more, got none")
    ordered = sorted(dict.fromkeys(layers), key=[*network.layers, *layers].index)
    for layer in ordered:
        picture_head(network, layer)  # raises where it cannot be
    assert isinstance(network, VisionNetwork)
    names = np.random.default_rng(settings.seed).permutation(list(pictures)).tolist()
    side = min(network.image_size, *(min(opened(picture, "RGB").size) for picture in pictures.values()))
    chosen, classes = _named_alike([network, *others.values()], pictures, names, side, settings)
    rest = [name for name in names if name not in chosen][: settings.n_null]
    if len(rest) < settings.n_null:
        raise InputError(
            f"n_null: expected at most the {len(rest)} pictures that are left, got {settings.n_null}"
            f"{settings.instead(len(chosen), len(names))}"
        )
    maker = _Maker(
        network,
        others,
        pixels_of([pictures[name] for name in chosen], side),
        classes,
        as_pictures(pixels_of([pictures[name] for name in rest], side)),
        settings,
        folder or cache_folder() / "metamers",
        judges,
    )
    random = network.untrained(settings.seed)
    made = tuple(maker.layer(network, layer, settings.n_pictures) for layer in ordered)
    n = settings.n_untrained
    untrained = tuple(maker.layer(random, layer, n) for layer in ordered) if n else ()
    draws = np.random.default_rng(settings.seed).integers(0, len(chosen), (settings.n_draws, len(chosen)))
    recognised = {of.layer: Bootstrapped(float(of.by_others.mean()), of.by_others[draws].mean(axis=1)) for of in made}
    return Metamers(
        network=network.name,
        fingerprint=network.fingerprint,
        others=tuple(others),
        pictures=tuple(chosen),
        classes=tuple(classes),
        originals=as_pictures(maker.originals),
        layers=made,
        untrained=untrained,
        recognised={layer: of.ends for layer, of in recognised.items()},
        fall=recognised[ordered[0]].minus(recognised[ordered[-1]]).ends,
        settings=settings,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True)
class _Maker:
    """Makes the metamers of a layer and asks all networks about them."""

    network: Network
    others: Mapping[str, Network]
    originals: torch.Tensor
    classes: Sequence[str]
    null: NDArray[np.uint8]
    settings: MetamerSettings
    folder: Path
    judges: Sequence[Judge] = ()

    def layer(self, network: TorchNetwork, layer: str, n: int) -> LayerMetamers:
        """For the first `n` pictures; `network` is the trained or the untrained one."""
        classes = np.array(self.classes[:n])
        # Of random weights no class can be kept.
        to_keep = classes if network is self.network else None
        found = approach(network, layer, self.originals[:n], self.settings, self.folder, to_keep)
        shown = as_pictures(found.made)
        correlations = _RankedActivations(network, layer)
        null = correlations.ranks(self.null)
        pairs = (null @ null.T)[np.triu_indices(len(null), 1)]
        ranks = correlations.ranks(as_pictures(self.originals[:n])), correlations.ranks(shown)
        return LayerMetamers(
            layer=layer,
            made=shown,
            distance=found.distance,
            n_rounds=found.n_rounds,
            rho=np.einsum("ij,ij->i", *ranks).astype(np.float64),
            null=float(np.quantile(pairs, NULL_QUANTILE)),
            kept=answers(self.network, shown) == classes,
            recognised={name: answers(other, shown) == classes for name, other in self.others.items()},
            judged={judge.name: self._judged(judge, shown) for judge in self.judges if network is self.network},
        )

    def _judged(self, judge: Judge, shown: NDArray[np.uint8]) -> Ends:
        """The correlation over pictures (n, side, side, 3) of a judge's responses to them and to the photographs."""
        both = [judge.responses(list(of)) for of in (shown, as_pictures(self.originals[: len(shown)]))]
        known = np.isfinite(both[1]).all(axis=0)
        made, original = (of[:, known] for of in both)
        draws = np.random.default_rng(self.settings.seed).integers(0, len(shown), (self.settings.n_draws, len(shown)))
        of_draws = np.array([np.median(profile_correlation(made[rows], original[rows])) for rows in draws])
        value = float(np.median(profile_correlation(made, original)))
        return Bootstrapped(value, of_draws).ends


@dataclass(frozen=True)
class _RankedActivations:
    """Spearman's correlation of a layer's activations as the product of their `ranks`."""

    network: Network
    layer: str

    def ranks(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Ranks of each picture's activations (n, n_units), as deviations from their mean, of length 1."""
        recorded = self.network.activations(pictures, [self.layer])[self.layer].reshape(len(pictures), -1)
        ranks = np.stack([rankdata(row).astype(np.float32) for row in recorded])
        ranks -= ranks.mean(axis=1, keepdims=True)
        return ranks / np.maximum(np.linalg.norm(ranks, axis=1, keepdims=True), 1e-30)


def _named_alike(
    networks: Sequence[Network], pictures: Mapping[str, Any], names: Sequence[str], side: int, settings: MetamerSettings
) -> tuple[list[str], list[str]]:
    """The first `n_pictures` pictures to which all networks give one class, and that class."""
    n = settings.n_pictures
    chosen: list[str] = []
    classes: list[str] = []
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        shown = as_pictures(pixels_of([pictures[name] for name in some], side))
        own, *others = (answers(network, shown) for network in networks)
        alike = np.flatnonzero(np.all([other == own for other in others], axis=0)).tolist()
        chosen += [some[i] for i in alike]
        classes += own[alike].tolist()
        if len(chosen) >= n:
            return chosen[:n], classes[:n]
    raise InputError(
        f"n_pictures: expected at most the {len(chosen)} of {len(names)} pictures that "
        f"{', '.join(network.name for network in networks)} name alike, got {n}"
        f"{settings.instead(len(chosen), len(names))}"
    )
