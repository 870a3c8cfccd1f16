"""What is made as large as possible: functions from pictures (n, 3, height, width), from 0 to 1, or from sounds
(n, n_samples), to values (n,).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch

from ...errors import InputError, ShapeError
from ...errors.checks import check_choice
from ..networks.network import Network
from ..networks.torch_network import TorchNetwork
from ..networks.vision import VisionNetwork

Objective = Callable[[torch.Tensor], torch.Tensor]
"""From a batch to a value for each of it; what one picture or sound gets must not depend on the others."""


def picture_head(network: Network, layer: str, *, surrogate: bool = False) -> Objective:
    """Return the function from pictures (n, 3, height, width), from 0 to 1, to a layer's activations (n, ...).

    Pictures of another size than the network's are scaled, so that one batch can be given to several networks.

    Parameters
    ----------
    network : VisionNetwork
    layer : str
    surrogate : bool
        See `hotwire.models.networks.torch_network.TorchNetwork.head`.

    Raises
    ------
    InputError
        The network has no gradients, or takes no pictures.
    UnknownNameError
        It has no such layer.
    """
    heads = picture_heads(network, [layer], surrogate=surrogate)
    return lambda pictures: heads(pictures)[0]


def picture_heads(
    network: Network, layers: Sequence[str], *, surrogate: bool = False
) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
    """Return the function from pictures to the activations of several layers, in one pass; see `picture_head`."""
    if not isinstance(network, VisionNetwork):
        why = "takes no pictures" if isinstance(network, TorchNetwork) else "gives no gradients"
        raise InputError(
            f"network: {network.name} ({type(network).__name__}) {why}; expected a VisionNetwork, such as one of the "
            "registry, or VisionNetwork(module, image_size, mean=..., scale=...) of a torch module of your own"
        )
    heads = network.heads(layers, surrogate=surrogate)
    return lambda pictures: heads(network.prepare_pixels(pictures))


def sound_heads(network: Network, layers: Sequence[str]) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
    """Return the function from sounds (n, n_samples), at 16 kHz between -1 and 1, to the activations of several layers.

    Raises
    ------
    InputError
        The network hears no sounds with gradients.
    UnknownNameError
        It has no such layer.
    """
    from ..networks.whisper.recogniser import SpeechRecogniser  # it takes seconds, which pictures do without

    if not isinstance(network, SpeechRecogniser):
        raise InputError(
            f"network: {network.name} ({type(network).__name__}) has no gradients to sounds; expected a speech "
            "recogniser, such as whisper-tiny.en"
        )
    return network.heads(layers)


def relative_distance(activations: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The size of what is missing relative to that of the target, |a - a*| / |a*|, for each row of (n, ...).

    Feather et al. (2019), Metamers of neural networks. NeurIPS.

    Examples
    --------
    >>> relative_distance(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.tensor([[3.0, 4.0], [3.0, 4.0]])).tolist()
    [0.0, 1.0]
    """
    if activations.shape != target.shape:
        raise ShapeError(f"target: expected activations {tuple(activations.shape)}, got {tuple(target.shape)}")
    return (activations - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)


def same_activation(head: Objective, pictures: torch.Tensor) -> Objective:
    """The objective of metamers: minus the relative distance of a layer's activations to those for these pictures.

    Parameters
    ----------
    head : callable
        From pictures to activations, such as `picture_head`.
    pictures : Tensor (n, 3, height, width)
        From 0 to 1, or sounds (n, n_samples); the optimised ones are as many, in the same order.

    Raises
    ------
    InputError
        The layer is silent for one of them, or gives NaN.
    """
    with torch.no_grad():
        target = head(pictures)
    size = target.flatten(1).norm(dim=1)
    if bad := [i for i, length in enumerate(size.tolist()) if not 0 < length < float("inf")]:
        raise InputError(
            f"pictures: expected activations that are finite and not all 0, got others for picture {bad[0]} "
            f"({len(bad)} of {len(size)}); leave such pictures out, or take another layer"
        )
    return lambda made: -relative_distance(head(made), target)


def combined(objectives: Sequence[Objective], how: Literal["mean", "min"] = "mean") -> Objective:
    """The mean, or the worst, of several objectives, such as of several networks; they should have one scale.

    Examples
    --------
    >>> both = combined([lambda x: x.sum(1), lambda x: -x.sum(1)], "min")
    >>> both(torch.tensor([[1.0, 1.0], [-3.0, 0.0]])).tolist()
    [-2.0, -3.0]
    """
    check_choice("how", how, ("mean", "min"))
    if not objectives:
        raise InputError("objectives: expected one or more, got none")

    def value(pictures: torch.Tensor) -> torch.Tensor:
        values = [objective(pictures) for objective in objectives]
        stacked = torch.stack([one.to(values[0].device) for one in values])
        return stacked.mean(dim=0) if how == "mean" else stacked.amin(dim=0)

    return value


def total_variation(pictures: torch.Tensor) -> torch.Tensor:
    """The mean absolute difference of neighbouring pixels, down and right, of each picture.

    Examples
    --------
    >>> total_variation(torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])).tolist()
    [1.0]
    """
    down, right = pictures.diff(dim=2).abs(), pictures.diff(dim=3).abs()
    return down.flatten(1).mean(dim=1) + right.flatten(1).mean(dim=1)
