"""EfficientNet-Lite0, 1 and 2: image classifiers small enough for a processor.

Tan & Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", in the Lite variant of the
TensorFlow authors: no squeeze-and-excitation, ReLU6 instead of swish, and a stem and a head that are not scaled.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

from ...errors import AssetError, UnknownNameError

# variant: (width factor, depth factor, side of the input image in pixels)
_VARIANTS = {"lite0": (1.0, 1.0, 224), "lite1": (1.0, 1.1, 240), "lite2": (1.1, 1.2, 260)}

# (blocks, kernel, stride of the first block, expansion, output channels), before scaling
_STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
_STEM, _HEAD, _CLASSES = 32, 1280, 1000

# Names in the published weights for parts that are named by position here.
_PUBLISHED = [
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_fc\.", "logits."),
    (r"^_blocks\.", "blocks."),
    (r"\._expand_conv\.", ".expand.conv."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.conv."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.conv."),
    (r"\._bn2\.", ".project.norm."),
]


class SameConv(nn.Sequential):
    """Convolution padded as TensorFlow's "same", batch normalisation and, unless it is linear, ReLU6.

    TensorFlow pads so that the output has ceil(size / stride) pixels; an odd pixel goes to the right and the bottom.
    """

    def __init__(
        self,
        size: int,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        self.size = math.ceil(size / stride)
        padding = max((self.size - 1) * stride + kernel - size, 0)
        before, after = padding // 2, padding - padding // 2
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        if before != after:
            parts["pad"] = nn.ZeroPad2d((before, after, before, after))
        within = before if before == after else 0
        parts["conv"] = nn.Conv2d(inputs, outputs, kernel, stride, within, groups=groups, bias=False)
        parts["norm"] = nn.BatchNorm2d(outputs, eps=1e-3)
        if not linear:
            parts["act"] = nn.ReLU6()
        super().__init__(parts)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights as EfficientNet's authors do; with torch's own the signal would fade away."""
        conv, norm = self.get_submodule("conv"), self.get_submodule("norm")
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        fan_out = math.prod(conv.kernel_size) * conv.out_channels // conv.groups
        nn.init.normal_(conv.weight, std=math.sqrt(2 / fan_out))
        norm.reset_parameters()


class Block(nn.Module):
    """Inverted bottleneck: expand the channels, filter each separately, project; add the input if it fits."""

    def __init__(self, size: int, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = SameConv(size, inputs, wide, 1) if expansion > 1 else None
        self.depthwise = SameConv(size, wide, wide, kernel, stride=stride, groups=wide)
        self.project = SameConv(self.depthwise.size, wide, outputs, 1, linear=True)
        self.size = self.depthwise.size
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.adds_input else y


class EfficientNetLite(nn.Sequential):
    """The classifier: ``stem``, ``blocks``, ``head``, ``pooled`` (the mean over the image) and ``logits``.

    Takes float32 (n_images, 3, image_size, image_size), gives (n_images, 1000). By default `image_size` is that of the
    training. Half of it costs a quarter of the time, and some classes are missed.
    """

    def __init__(self, variant: str, image_size: int | None = None) -> None:
        if variant not in _VARIANTS:
            raise UnknownNameError("EfficientNet variant", variant, _VARIANTS)
        width, depth, usual = _VARIANTS[variant]
        image_size = image_size or usual
        stem = SameConv(image_size, 3, _STEM, 3, stride=2)
        size, channels = stem.size, _STEM
        blocks = []
        for stage, (count, kernel, first_stride, expansion, outputs) in enumerate(_STAGES):
            outputs = _scaled(outputs, width)
            unscaled = stage in (0, len(_STAGES) - 1)
            for i in range(count if unscaled else math.ceil(count * depth)):
                block = Block(size, channels, outputs, kernel, first_stride if i == 0 else 1, expansion)
                blocks.append(block)
                size, channels = block.size, outputs
        super().__init__(
            OrderedDict(
                stem=stem,
                blocks=nn.Sequential(*blocks),
                head=SameConv(size, channels, _HEAD, 1),
                pooled=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                logits=nn.Linear(_HEAD, _CLASSES),
            )
        )
        self.image_size = image_size
        # this way the convolutions take two thirds of the time
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def efficientnet_lite(variant: str, weights: Path, image_size: int | None = None) -> EfficientNetLite:
    """Build an EfficientNet-Lite and read its weights from a safetensors file with the published names."""
    from safetensors.torch import load_file

    module = EfficientNetLite(variant, image_size)
    state = {}
    for published, tensor in load_file(weights).items():
        name = published
        for pattern, place in _PUBLISHED:
            name = re.sub(pattern, place, name)
        state[name] = tensor
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise AssetError(f"{weights} does not hold the weights of EfficientNet-{variant}: {error}") from error
    return module.eval()


def _scaled(channels: int, width: float) -> int:
    """Scale a number of channels and round it to a multiple of eight, by at most a tenth downwards."""
    scaled = max(8, int(channels * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * channels * width else scaled
