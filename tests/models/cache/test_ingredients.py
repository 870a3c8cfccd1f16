"""The key of what is computed: other ingredients, another key; the same ones, the same key in every process."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from torch import nn

from hotwire.errors import InputError
from hotwire.models.cache.ingredients import content_of, ingredients_of, key_of
from hotwire.models.networks.torch_network import TorchNetwork

ANY_ARRAY = arrays.arrays(st.sampled_from([np.uint8, np.int32, np.float32]), arrays.array_shapes(max_side=3))
ANY_STIMULUS = st.recursive(st.text() | st.binary() | ANY_ARRAY, lambda inner: st.lists(inner, max_size=3))


def told(stimulus: Any) -> Any:
    """All that tells a stimulus from another, written down."""
    if isinstance(stimulus, list):
        return [told(item) for item in stimulus]
    if isinstance(stimulus, np.ndarray):
        return "array", stimulus.dtype.str, stimulus.shape, stimulus.tobytes()
    return type(stimulus).__name__, stimulus


@given(ANY_STIMULUS, ANY_STIMULUS)
def test_contents_are_equal_where_the_stimuli_are(one: Any, other: Any) -> None:
    assert (content_of(one) == content_of(other)) == (told(one) == told(other))


def test_pictures_by_their_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    picture, path = Image.fromarray(pixels), tmp_path / "a.png"
    assert content_of(picture) == content_of(Image.fromarray(pixels.copy()))
    assert content_of(picture) != content_of(picture.convert("L"))
    assert content_of(picture) != content_of(Image.fromarray(pixels.reshape(4, 5, 3)))
    assert content_of(pixels) == content_of(np.asfortranarray(pixels)) == content_of(torch.from_numpy(pixels))
    picture.save(path)
    first = content_of(path)
    assert first == content_of(str(path))
    Image.fromarray(pixels + 1).save(path)
    assert content_of(path) != first


def test_colours_of_a_palette_count() -> None:
    one = Image.new("P", (2, 2))
    other = one.copy()
    one.putpalette([255, 0, 0])
    other.putpalette([0, 255, 0])
    assert one.tobytes() == other.tobytes()
    assert content_of(one) != content_of(other)


@pytest.mark.parametrize("stimulus", [object(), None, {1, 2}, np.array(None), [np.array([object()])]])
def test_what_cannot_be_told_is_refused(stimulus: Any) -> None:
    with pytest.raises(InputError, match="stimuli: "):
        content_of(stimulus)


def scaled(stimuli: Any, *, by: float) -> np.ndarray:
    return np.asarray(stimuli, np.float32) * by


def less(offset: np.ndarray) -> Any:
    return lambda stimuli: np.asarray(stimuli, np.float32) - offset


class Squared(nn.Sequential):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input) ** 2


def network(make: type[nn.Sequential] = nn.Sequential, slope: float = 0.1, **kwargs: Any) -> TorchNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = make(nn.Linear(4, 3), nn.LeakyReLU(slope), nn.Linear(3, 2))
    return TorchNetwork(module, torch.zeros(1, 4), name="net", **kwargs)


def key(of: TorchNetwork, stimuli: Any = ((1, 2, 3, 4), (5, 6, 7, 8))) -> str:
    return key_of(ingredients_of(of, stimuli))


def test_the_same_ingredients_have_the_same_key() -> None:
    assert key(network()) == key(network())
    assert key(network(prepare=partial(scaled, by=2))) == key(network(prepare=partial(scaled, by=2)))
    assert key(network(prepare=less(np.ones(4)))) == key(network(prepare=less(np.ones(4))))


def test_whatever_differs_makes_another_key() -> None:
    other_weights = network()
    next(other_weights._module.parameters()).data += 1
    networks = [
        network(),
        other_weights,
        network(Squared),
        network(slope=0.2),
        network(prepare=partial(scaled, by=2)),
        network(prepare=partial(scaled, by=3)),
        network(prepare=less(np.zeros(4))),
        network(prepare=less(np.ones(4))),
        network(prepare=lambda stimuli: np.asarray(stimuli, np.float32) + 1),
        network(prepare=lambda stimuli: np.asarray(stimuli, np.float32) + 2),
        network(layers=["0"]),
    ]
    # Neither weights alone nor names alone would tell all of them apart.
    assert len({one.fingerprint for one in networks}) == 2
    assert len({key(one) for one in networks}) == len(networks)


def test_stimuli_and_their_order_count() -> None:
    shown = [(1, 2, 3, 4), (5, 6, 7, 8)]
    assert len({key(network(), of) for of in (shown, shown[::-1], shown[:1], [*shown, shown[0]])}) == 4


@pytest.mark.slow
def test_the_key_is_the_same_in_every_process() -> None:
    script = """if True:
        import torch
        from hotwire.models.networks.efficientnet import EfficientNetLite
        from hotwire.models.networks.vision import VisionNetwork
        from hotwire.models.cache.ingredients import ingredients_of, key_of
        torch.manual_seed(0)
        print(key_of(ingredients_of(VisionNetwork(EfficientNetLite("lite0"), 224, layers=["stem"]), ["a"])))
    """
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
