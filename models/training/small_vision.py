"""A small network for small grey pictures, in two: one names pictures, the other draws them.

Both share their layers up to the latent one, a summary of the picture in a few numbers. Whatever is injected into one
of these layers can thus be named and drawn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ...errors import InputError, ShapeError
from ..networks.torch_network import TorchNetwork
from ..networks.vision import opened

N_LATENT = 16
_N_CHANNELS = (16, 32)
SHARED = ("conv1", "conv2", "latent")


class SmallVision(NamedTuple):
    """Two networks with the same weights up to the layer ``latent``.

    Their stimuli are grey pictures of one size: a uint8 array (n_stimuli, side, side), PIL images, or paths of image
    files; colours are converted to grey.

    Attributes
    ----------
    names : TorchNetwork
        Gives a logit for each label. Its layers are ``conv1``, ``conv2``, ``latent`` and ``logits``.
    draws : TorchNetwork
        Gives the picture that it sees, (n_stimuli, side * side) from 0 (black) to 1 (white), row after row. Its layers
        are ``conv1``, ``conv2`` and ``latent``.
    """

    names: TorchNetwork
    draws: TorchNetwork


def small_modules(side: int, n_labels: int) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the modules that name and that draw; they take float32 (n, 1, side, side) from 0 to 1.

    The last part of the second is a sigmoid. The side must be divisible by 4.
    """
    if side < 4 or side % 4:
        raise InputError(f"pictures: expected a side that 4 divides, so that it can be halved twice, got {side}")
    few, many = _N_CHANNELS
    small = (many, side // 4, side // 4)
    n_small = many * (side // 4) ** 2
    shared = {
        "conv1": nn.Sequential(nn.Conv2d(1, few, 5, stride=2, padding=2), nn.ReLU()),
        "conv2": nn.Sequential(nn.Conv2d(few, many, 5, stride=2, padding=2), nn.ReLU()),
        "latent": nn.Sequential(nn.Flatten(), nn.Linear(n_small, N_LATENT)),
    }
    picture = nn.Sequential(
        nn.Linear(N_LATENT, n_small),
        nn.ReLU(),
        nn.Unflatten(1, small),
        nn.ConvTranspose2d(many, few, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(few, 1, 4, stride=2, padding=1),
        nn.Flatten(),
        nn.Sigmoid(),
    )
    names = nn.Sequential(OrderedDict(**shared, logits=nn.Linear(N_LATENT, n_labels)))
    return names, nn.Sequential(OrderedDict(**shared, picture=picture))


def open_small_vision(
    weights: dict[str, torch.Tensor], side: int, labels: Sequence[str], *, name: str = "small-vision"
) -> SmallVision:
    """Open the two networks with the weights of both, named as in the modules of `small_modules`."""
    with torch.device("meta"):  # without own weights, which would use random numbers
        names, draws = small_modules(side, len(labels))
    for module in (names, draws):
        module.load_state_dict({part: weights[part] for part in module.state_dict()}, assign=True)
    example = torch.zeros(1, 1, side, side)

    def prepare(pictures: Any) -> torch.Tensor:
        return as_input(grey_pictures(pictures, side))

    return SmallVision(
        TorchNetwork(names, example, layers=[*SHARED, "logits"], name=name, prepare=prepare, labels=labels),
        TorchNetwork(draws, example, layers=SHARED, name=f"{name}, drawing", prepare=prepare),
    )


def as_input(pictures: np.ndarray) -> torch.Tensor:
    """Return grey pictures, uint8 (n, side, side), as `small_modules` take them."""
    return torch.from_numpy(pictures.astype(np.float32) / 255)[:, None]


def grey_pictures(pictures: Sequence[Any] | np.ndarray, side: int) -> np.ndarray:
    """Convert paths, PIL images or uint8 arrays to one uint8 array (n_pictures, side, side); none is scaled."""
    grey = [np.asarray(opened(picture, "L")) for picture in pictures]
    for picture in grey:
        if picture.shape != (side, side):
            raise ShapeError(f"stimuli: expected pictures of {side} x {side} pixels, got {picture.shape}")
    return np.stack(grey)
