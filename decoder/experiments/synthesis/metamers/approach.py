"""Pictures that are brought near: until a layer responds to each about as it does to a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .....errors import InputError
from .....models.cache.ingredients import ingredients_of
from .....models.networks.network import Network
from .....models.networks.torch_network import TorchNetwork
from .....models.synthesis.generators import as_pictures, noise_pictures
from .....models.synthesis.objectives import picture_head, same_activation
from .....models.synthesis.optimise import optimise
from .....models.synthesis.smooth_change import SmoothChange
from ...kernel.keys import content_key
from .settings import MetamerSettings

AT_ONCE = 16
"""Pictures that are made together."""


@dataclass(frozen=True)
class Approached:
    """What was made.

    Attributes
    ----------
    made : float32 (n, 3, side, side)
    distance : float64 (n,)
        |a - a*| / |a*|, of the layer's activations from those for the photograph.
    n_rounds : int (n,)
        After so many rounds each was near, or was left as it was.
    """

    made: NDArray[np.float32]
    distance: NDArray[np.float64]
    n_rounds: NDArray[np.intp]


def approach(
    network: TorchNetwork,
    layer: str,
    photographs: torch.Tensor,
    settings: MetamerSettings,
    folder: Path,
    classes: NDArray[np.str_] | None = None,
) -> Approached:
    """Bring noise near to each photograph (n, 3, side, side), from 0 to 1, in what a layer makes of it.

    All have a round of steps; those that are not near after it, or to which the network does not give their class of
    `classes` (n,), have another one, from where they are, and so on. States are in the folder: what was stopped
    continues where it was.
    """
    n, side = len(photographs), photographs.shape[-1]
    made = noise_pictures([[settings.seed, row] for row in range(n)], side).numpy()
    distance, n_rounds, done = np.full(n, np.inf), np.zeros(n, np.intp), np.zeros(n, bool)
    head = picture_head(network, layer, surrogate=True)
    for number in range(settings.max_rounds):
        far = np.flatnonzero(~done)
        for rows in (far[first : first + AT_ONCE] for first in range(0, len(far), AT_ONCE)):
            begin, pictures = torch.from_numpy(made[rows]), photographs[rows]
            how = settings.slope, vars(settings.optimiser())
            about = ingredients_of(network, as_pictures(pictures)), layer, begin.numpy(), how
            found = optimise(
                SmoothChange(begin, slope=settings.slope).to(network.device),
                same_activation(head, pictures),
                settings.optimiser(),
                state=folder / f"{content_key('metamers', *about)}.npz",
                name=f"{network.name}, {layer}, round {number + 1}, pictures {', '.join(map(str, rows + 1))}",
            )
            made[rows], distance[rows] = found.made, -found.values
            n_rounds[rows] += 1
            done[rows] = distance[rows] <= settings.near
            if classes is not None:
                done[rows] &= answers(network, as_pictures(made[rows])) == classes[rows]
    return Approached(made, distance, n_rounds)


def answers(network: Network, pictures: NDArray[np.uint8]) -> NDArray[np.str_]:
    """The class (n,) that a network gives each picture."""
    if network.labels is None:
        raise InputError(f"network: {network.name} does not name its outputs; open it with labels")
    return np.array(network.labels)[network.outputs(pictures).argmax(axis=1)]
