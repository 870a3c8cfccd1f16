"""EfficientNet-Lite against its published implementation, and pictures in all the forms they come in."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from hotwire.errors import AssetError, InputError, ShapeError, UnknownNameError
from hotwire.models.cache_folder import cache_folder
from hotwire.models.networks.efficientnet import EfficientNetLite, SameConv, efficientnet_lite
from hotwire.models.networks.opening import open_network
from hotwire.models.networks.vision import VisionNetwork, open_efficientnet_lite, prepare_pictures, prepare_pixels

# Logits 0, 250, 500, 750 and 999, the largest one, and its class, that the package efficientnet-lite-pytorch
# 0.1.0 gives for `pattern`, normalised as (x - 127) / 128.
PUBLISHED = {
    "lite0": ([-0.7226, 0.962, -1.656, 0.678, 1.4548], 6.9329, 782),
    "lite1": ([-0.1673, 0.8315, 0.5586, 1.4629, 2.575], 8.0919, 854),
    "lite2": ([-0.405, -0.4628, -0.8935, 0.4156, 0.4081], 6.9493, 782),
}
DATA = os.environ.get("HOTWIRE_DATA")


def pattern(size: int) -> np.ndarray:
    row, column = np.mgrid[:size, :size]
    colours = [row * 255 // (size - 1), column * 255 // (size - 1), (row * column) % 256]
    return np.stack(colours, axis=-1).astype(np.uint8)


@pytest.fixture(scope="module", params=list(PUBLISHED))
def pretrained(request: pytest.FixtureRequest, fetched: Callable[[str], Path]) -> VisionNetwork:
    weights = fetched(f"efficientnet-{request.param}") / "model.safetensors"
    classes = fetched("imagenet-classes") / "classes.json"
    return open_efficientnet_lite(request.param, weights, classes)


@pytest.fixture(scope="module")
def random_network() -> VisionNetwork:
    torch.manual_seed(0)
    module = EfficientNetLite("lite0")
    return VisionNetwork(module, 224, layers=["stem", *(f"blocks.{i}" for i in range(16)), "head", "pooled", "logits"])


def pictures(count: int, size: int = 60) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.slow
def test_logits_are_those_of_the_published_implementation(pretrained: VisionNetwork) -> None:
    variant = pretrained.name.removeprefix("efficientnet-")
    some, largest, best = PUBLISHED[variant]
    (logits,) = pretrained.outputs(pattern({"lite0": 224, "lite1": 240, "lite2": 260}[variant])[None])
    np.testing.assert_allclose(logits[[0, 250, 500, 750, 999]], some, atol=2e-3)
    np.testing.assert_allclose(logits.max(), largest, atol=2e-3)
    assert logits.argmax() == best


@pytest.mark.slow
def test_opened_for_another_size_it_has_another_name(pretrained: VisionNetwork) -> None:
    small = open_network(pretrained.name, image_size=64)
    assert small.name == f"{pretrained.name}-64px"  # a bundle would open the usual one by its name
    assert small.fingerprint == pretrained.fingerprint


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="HOTWIRE_DATA names no folder of recordings")
def test_photographs_are_named_for_what_they_show(pretrained: VisionNetwork) -> None:
    from scipy.io import loadmat

    file = Path(DATA or "") / "images92" / "Kriegeskorte_Neuron2008_supplementalData.mat"
    photographs = loadmat(file, squeeze_me=True)["stimuli_92objs"]["image"]
    logits = pretrained.outputs(list(photographs[[31, 46, 67, 44, 86, 42]]))
    assert pretrained.labels is not None
    named = [pretrained.labels[i] for i in logits.argmax(axis=1)]
    assert named == ["zebra", "lion", "pineapple", "American alligator", "dome", "baboon"]


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 2])
def test_re_entering_the_pretrained_network_at_every_layer(pretrained: VisionNetwork, batch_size: int) -> None:
    photographs = pictures(3)
    recorded = pretrained.activations(photographs, list(pretrained.layers), batch_size=batch_size)
    outputs = pretrained.outputs(photographs, batch_size=batch_size)
    assert len(pretrained.layers) >= 17
    for layer in pretrained.layers:
        np.testing.assert_array_equal(
            pretrained.resume(layer, recorded[layer], batch_size=batch_size), outputs, err_msg=layer
        )


def test_re_entering_at_every_layer(random_network: VisionNetwork) -> None:
    recorded = random_network.activations(pictures(2), list(random_network.layers))
    outputs = random_network.outputs(pictures(2))
    assert len(np.unique(outputs, axis=0)) == 2
    for layer in random_network.layers:
        np.testing.assert_array_equal(random_network.resume(layer, recorded[layer]), outputs, err_msg=layer)


def test_shapes(random_network: VisionNetwork) -> None:
    shapes = random_network.layers
    assert list(shapes) == ["stem", *(f"blocks.{i}" for i in range(16)), "head", "pooled", "logits"]
    expected = {
        "stem": (32, 112, 112),
        "blocks.0": (16, 112, 112),
        "blocks.10": (112, 14, 14),
        "blocks.15": (320, 7, 7),
        "head": (1280, 7, 7),
        "pooled": (1280,),
        "logits": (1000,),
    }
    assert {layer: shapes[layer] for layer in expected} == expected


def test_another_size_halves_the_maps() -> None:
    network = VisionNetwork(EfficientNetLite("lite0", 112), 112, layers=["stem", "blocks.10", "pooled"])
    assert network.layers == {"stem": (32, 56, 56), "blocks.10": (112, 7, 7), "pooled": (1280,)}
    with pytest.raises(InputError, match="image_size: expected 32 pixels or more, got 8"):
        open_network("efficientnet-lite0", image_size=8)
    with pytest.raises(InputError, match=r"image_size: only efficientnet-lite0, .*leave it out for all-minilm-l6-v2"):
        open_network("all-minilm-l6-v2", image_size=112)


def test_untrained_still_tells_pictures_apart(random_network: VisionNetwork) -> None:
    untrained = random_network.untrained(3)
    outputs = untrained.outputs(pictures(3))
    assert outputs.std(axis=0).mean() > 1e-3  # and is not, as with torch's own initialisation, lost in rounding
    assert untrained.fingerprint != random_network.fingerprint


@settings(max_examples=20)
@given(size=st.integers(5, 20), kernel=st.sampled_from([1, 3, 5]), stride=st.sampled_from([1, 2]))
def test_same_convolution_pads_as_tensorflow_does(size: int, kernel: int, stride: int) -> None:
    module = SameConv(size, 2, 3, kernel, stride=stride).eval()
    image = torch.randn(1, 2, size, size)
    out = math.ceil(size / stride)
    total = max((out - 1) * stride + kernel - size, 0)
    padded = torch.zeros(1, 2, size + total, size + total)
    padded[:, :, total // 2 : total // 2 + size, total // 2 : total // 2 + size] = image
    convolved = functional.conv2d(padded, dict(module.named_parameters())["conv.weight"], stride=stride)
    expected = (convolved / math.sqrt(1 + 1e-3)).clamp(0, 6)
    torch.testing.assert_close(module(image), expected, rtol=1e-4, atol=1e-5)


def test_pictures_mean_the_same_in_every_form(tmp_path: Path) -> None:
    array = pictures(1, size=30)[0]
    image = Image.fromarray(array)
    image.save(tmp_path / "picture.png")
    forms = [tmp_path / "picture.png", str(tmp_path / "picture.png"), image, array, image.convert("RGBA")]
    prepared = prepare_pictures(forms, image_size=16, mean=127, scale=128)
    assert prepared.shape == (5, 3, 16, 16)
    assert prepared.dtype == torch.float32
    assert all(torch.equal(one, prepared[0]) for one in prepared)


def test_pictures_are_normalised_colour_by_colour() -> None:
    red = np.zeros((1, 8, 8, 3), np.uint8)
    red[..., 0] = 255
    prepared = prepare_pictures(red, image_size=8, mean=(5, 10, 20), scale=(250, 10, 40))
    for channel, value in enumerate([1.0, -1.0, -0.5]):
        assert (prepared[0, channel] == value).all()


@pytest.mark.parametrize("shape", [(10, 30), (30, 10)])
def test_the_centre_square_is_seen(shape: tuple[int, int]) -> None:
    wide = np.zeros((*shape, 3), np.uint8)
    wide[tuple(slice(10, 20) if side == 30 else slice(None) for side in shape)] = 255
    prepared = prepare_pictures([wide], image_size=10, mean=0, scale=255)
    torch.testing.assert_close(prepared, torch.ones(1, 3, 10, 10))


def test_grey_pictures_become_colour() -> None:
    prepared = prepare_pictures([Image.new("L", (9, 9), 128)], image_size=9, mean=0, scale=1)
    assert (prepared == 128).all()


@pytest.mark.parametrize("shape", [(20, 20), (20, 26), (52, 47)])
def test_pixels_with_gradients_are_prepared_as_pictures_are(shape: tuple[int, int]) -> None:
    height, width = shape
    rough = np.random.default_rng(0).integers(0, 256, (2, 7, 7, 3), dtype=np.uint8)
    smooth = np.stack([np.asarray(Image.fromarray(one).resize((width, height))) for one in rough])
    pixels = torch.from_numpy(smooth / np.float32(255)).permute(0, 3, 1, 2).requires_grad_()
    form = {"image_size": 20, "mean": (100, 120, 140), "scale": (50, 60, 70)}
    prepared = prepare_pixels(pixels, **form)
    # Pillow rounds to whole steps of 255 twice where it scales, in between and at the end.
    atol = 1e-6 if min(shape) == 20 else 2 / 50
    torch.testing.assert_close(prepared.detach(), prepare_pictures(smooth, **form), rtol=0, atol=atol)
    prepared.sum().backward()
    assert pixels.grad is not None
    assert pixels.grad[:, :, shape[0] // 2, shape[1] // 2].all()


@pytest.mark.parametrize(
    ("pixels", "error", "what"),
    [
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), ShapeError, "torch.uint8"),
        (torch.zeros(1, 8, 8, 3), ShapeError, r"\[1, 8, 8, 3\]"),
        (torch.full((1, 3, 8, 8), 255.0), InputError, "got 255 to 255"),
        (torch.full((1, 3, 8, 8), torch.nan), InputError, "got nan"),
    ],
)
def test_what_are_no_pixels(pixels: torch.Tensor, error: type[InputError], what: str) -> None:
    with pytest.raises(error, match=f"pixels: expected .*{what}"):
        prepare_pixels(pixels, image_size=8, mean=0, scale=1)


@pytest.mark.parametrize(
    ("picture", "what"),
    [
        (np.zeros((8, 8, 3)), "float64 array"),
        (np.zeros((8, 8), np.uint8), r"uint8 array \(8, 8\)"),
        (3.5, "float"),
    ],
)
def test_what_is_no_picture(random_network: VisionNetwork, picture: object, what: str) -> None:
    with pytest.raises(InputError, match=f"expected paths, PIL images or uint8 arrays .*got {what}"):
        random_network.outputs([picture])


def test_other_weights_are_refused(tmp_path: Path) -> None:
    save_file({"_fc.weight": torch.zeros(1000, 1280)}, tmp_path / "model.safetensors")
    with pytest.raises(AssetError, match="does not hold the weights of EfficientNet-lite0"):
        efficientnet_lite("lite0", tmp_path / "model.safetensors")


@pytest.mark.slow
def test_other_labels_are_refused(pretrained: VisionNetwork, tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text(json.dumps(["cat", "dog"]))
    weights = cache_folder() / pretrained.name / "model.safetensors"
    with pytest.raises(AssetError, match="expected 1000 names, got 2"):
        open_efficientnet_lite(pretrained.name.removeprefix("efficientnet-"), weights, tmp_path / "classes.json")


def test_unknown_variant() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown EfficientNet variant 'lite7'.*lite0, lite1, lite2"):
        EfficientNetLite("lite7")
