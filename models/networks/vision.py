"""Image classifiers that take pictures: files, PIL images or arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from ...errors import AssetError, InputError, ShapeError
from ..pictures import eight_bits, open_picture
from .efficientnet import efficientnet_lite
from .onnx_network import OnnxNetwork
from .torch_network import TorchNetwork


class VisionNetwork(TorchNetwork):
    """An image classifier opened at its layers.

    Its stimuli are pictures: paths of image files, PIL images, or a uint8 array (n_stimuli, height, width, 3). It takes
    the centre square of each, scaled to `image_size` (bicubic).

    Parameters
    ----------
    module : nn.Module
        Takes float32 (n_stimuli, 3, image_size, image_size), gives (n_stimuli, n_classes).
    image_size : int
        Side of the module's input in pixels.
    mean, scale : float or sequence of three floats
        The module takes (picture - mean) / scale, with pictures from 0 to 255, for all colours or each of R, G, B.
    layers, name, labels
        As for `TorchNetwork`.

    Attributes
    ----------
    image_size : int
    """

    def __init__(
        self,
        module: nn.Module,
        image_size: int,
        *,
        mean: float | Sequence[float] = 127.0,
        scale: float | Sequence[float] = 128.0,
        layers: Sequence[str] | None = None,
        name: str | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        prepare = partial(prepare_pictures, image_size=image_size, mean=mean, scale=scale)
        example = prepare([Image.new("RGB", (image_size, image_size))])
        super().__init__(module, example, layers=layers, name=name, prepare=prepare, labels=labels)
        self.image_size = image_size
        self._colours = {"mean": mean, "scale": scale}

    def prepare_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn pixels (n_stimuli, 3, height, width) from 0 to 1 into what the module takes, as `prepare_pixels` does.

        So one tensor can be given to several networks, and gradients flow back to it.
        """
        return prepare_pixels(pixels.to(self.device), image_size=self.image_size, **self._colours)


def open_efficientnet_lite(variant: str, weights: Path, classes: Path, image_size: int | None = None) -> VisionNetwork:
    """Open EfficientNet-Lite at its stem, each block, its head, the pooled features and the logits.

    `weights` is a safetensors file, `classes` a JSON list of the 1,000 ImageNet classes' names, in their order. By
    default pictures are scaled to the side that the network was trained with.
    """
    module = efficientnet_lite(variant, weights, image_size)
    blocks = [f"blocks.{i}" for i in range(len(module.get_submodule("blocks")._modules))]
    labels = json.loads(classes.read_text(encoding="utf-8"))
    if len(labels) != module.get_submodule("logits").out_features:
        raise AssetError(f"{classes}: expected 1000 names, got {len(labels)}")
    return VisionNetwork(
        module,
        module.image_size,
        layers=["stem", *blocks, "head", "pooled", "logits"],
        # Other sizes give other activations, which nobody shall take for those of the registry's network.
        name=f"efficientnet-{variant}" + ("" if image_size is None else f"-{image_size}px"),
        labels=labels,
    )


def open_onnx_vision(path: Path, *, mean: float | Sequence[float], scale: float | Sequence[float]) -> OnnxNetwork:
    """Open an ONNX image classifier that takes float32 (n, 3, side, side), as a `VisionNetwork` does.

    Its outputs have numbers for names. InputError where the model takes something else.
    """
    bare = OnnxNetwork(path)
    channels, *sides = bare.stimulus_shape or (0,)
    if channels != 3 or len(sides) != 2 or sides[0] != sides[1]:
        raise InputError(
            f"pixels: expected a model that takes square pictures in three colours (n, 3, side, side), but {path.name} "
            f"takes (n, {', '.join(map(str, bare.stimulus_shape))}); leave pixels out"
        )
    prepare = partial(_pictures_in_numpy, image_size=sides[0], mean=mean, scale=scale)
    n_outputs = bare.outputs(np.zeros((1, *bare.stimulus_shape), np.float32)).shape[-1]
    return OnnxNetwork(path, prepare=prepare, labels=[f"output {i}" for i in range(n_outputs)])


def prepare_pictures(
    pictures: Sequence[Any] | np.ndarray,
    *,
    image_size: int,
    mean: float | Sequence[float],
    scale: float | Sequence[float],
) -> torch.Tensor:
    """Crop pictures to their centre square, scale them and normalise their colours, (picture - mean) / scale.

    Grey ones are converted to RGB. The result is float32 (n_pictures, 3, image_size, image_size), with
    the channels last in memory.
    """
    pixels = np.stack([_square(picture, image_size) for picture in pictures]).astype(np.float32)
    normalised = (pixels - np.asarray(mean, np.float32)) / np.asarray(scale, np.float32)
    return torch.from_numpy(normalised).permute(0, 3, 1, 2)


def _pictures_in_numpy(pictures: Sequence[Any] | np.ndarray, **how: Any) -> np.ndarray:
    return np.ascontiguousarray(prepare_pictures(pictures, **how).numpy())


def prepare_pixels(
    pixels: torch.Tensor,
    *,
    image_size: int,
    mean: float | Sequence[float],
    scale: float | Sequence[float],
) -> torch.Tensor:
    """Do what `prepare_pictures` does, with gradients: for float pixels (n_pictures, 3, height, width) from 0 to 1.

    Examples
    --------
    >>> prepare_pixels(torch.ones(2, 3, 8, 10), image_size=4, mean=127, scale=128)[0, 0, 0]
    tensor([1., 1., 1., 1.])
    """
    if pixels.ndim != 4 or pixels.shape[1] != 3 or not pixels.is_floating_point():
        raise ShapeError(f"pixels: expected floats (n_pictures, 3, height, width), got {pixels.dtype} {pixels.shape}")
    low, high = pixels.detach().aminmax()
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise InputError(f"pixels: expected values from 0 (black) to 1, got {low:.3g} to {high:.3g}")
    side = min(pixels.shape[2:])
    top, left = ((n - side) // 2 for n in pixels.shape[2:])
    square = pixels[:, :, top : top + side, left : left + side]
    if side != image_size:
        # antialias is also the kernel that Pillow has
        size = (image_size, image_size)
        square = functional.interpolate(square, size, mode="bicubic", antialias=True).clamp(0, 1)
    per_colour = [
        torch.as_tensor(of, dtype=pixels.dtype, device=pixels.device).reshape(-1, 1, 1) for of in (mean, scale)
    ]
    normalised = (255 * square - per_colour[0]) / per_colour[1]
    return normalised.contiguous(memory_format=torch.channels_last)


def opened(picture: Any, colours: Literal["RGB", "L"]) -> Image.Image:
    """Open a picture (a path, a PIL image or a uint8 array) in colour or in grey."""
    if isinstance(picture, str | PathLike):
        return eight_bits(open_picture(picture), colours)
    if isinstance(picture, Image.Image):
        return eight_bits(picture, colours)
    n_colours, shape = ((3,), "(height, width, 3)") if colours == "RGB" else ((), "(side, side)")
    if isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.shape[2:] == n_colours:
        return Image.fromarray(picture)
    what = f"{picture.dtype} array {picture.shape}" if isinstance(picture, np.ndarray) else type(picture).__name__
    raise InputError(f"stimuli: expected paths, PIL images or uint8 arrays {shape}, got {what}")


def _square(picture: Any, image_size: int) -> np.ndarray:
    image = opened(picture, "RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((image_size, image_size), Image.Resampling.BICUBIC, box=box))
