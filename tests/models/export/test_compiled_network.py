"""Torch networks compiled for onnxruntime: the same answers, the same layers, and re-entry bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import hotwire.models.export.compiled_network as compiling
from hotwire.errors import InputError, UnknownNameError
from hotwire.models.export.compiled_network import CompiledNetwork, compiled, exported
from hotwire.models.networks.network import Network
from hotwire.models.networks.torch_network import TorchNetwork
from hotwire.models.networks.vision import VisionNetwork, open_efficientnet_lite

DATA = os.environ.get("HOTWIRE_DATA")


class Residual(nn.Module):
    """A branch that meets its input again, in place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.act(self.norm(self.conv(x)))
        y += x
        return y


class Small(nn.Sequential):
    """Layers that pass on what enters, the input itself and two names for one tensor among them."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = nn.Identity()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU6())
        self.blocks = nn.Sequential(Residual(8), Residual(8))
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.5))
        self.logits = nn.Linear(32, 5)


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Flatten(), nn.Linear(40, 3))


def vit() -> nn.Module:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(image_size=16, patch_size=8, hidden_size=16, intermediate_size=24)
    config.num_hidden_layers, config.num_attention_heads = 2, 2
    return ViTForImageClassification(config)


class Embedded(nn.Module):
    """Takes integers."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(7, 4)
        self.last = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.tokens(x).mean(1))


IMAGES = (3, 16, 16)
MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "small": (Small, IMAGES),
    "channels last": (lambda: Small().to(memory_format=torch.channels_last), IMAGES),  # pyright: ignore[reportCallIssue]
    "transformer": (transformer, (5, 8)),
    "vit": (vit, IMAGES),
}


def stimuli(shape: tuple[int, ...], count: int = 7) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, *shape)).astype(np.float32)


def opened(make: Callable[[], nn.Module], shape: tuple[int, ...], seed: int = 1) -> TorchNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = make()
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):  # statistics that do something
                for of, (low, high) in {part.running_mean: (-1, 1), part.running_var: (0.5, 2)}.items():
                    assert of is not None
                    of.uniform_(low, high)
    return TorchNetwork(module, torch.zeros(1, *shape), labels=list("abcde"))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    models: dict[str, onnx.ModelProto] = {}

    def exported_once(network: TorchNetwork) -> onnx.ModelProto:
        key = compiling._key(network)
        models[key] = models.get(key) or exported(network)
        return models[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "cache_folder", lambda: folder)
        patch.setattr(compiling, "exported", exported_once)  # it takes seconds
        yield folder / "compiled"


@pytest.fixture(scope="module", params=list(MODULES))
def pair(request: pytest.FixtureRequest) -> tuple[TorchNetwork, Network, np.ndarray]:
    make, shape = MODULES[request.param]
    network = opened(make, shape)
    return network, compiled(network), stimuli(shape)


@pytest.fixture
def small() -> TorchNetwork:
    return opened(Small, IMAGES)


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_it_is_the_same_network(pair: tuple[TorchNetwork, Network, np.ndarray]) -> None:
    original, twin, shown = pair
    assert isinstance(twin, CompiledNetwork)
    assert (twin.name, twin.labels, twin.layers) == (original.name, original.labels, original.layers)
    assert twin.fingerprint == original.fingerprint
    assert_close(twin.outputs(shown), original.outputs(shown))
    expected = original.activations(shown, list(original.layers))
    for layer, found in twin.activations(shown, list(twin.layers)).items():
        assert_close(found, expected[layer])
        assert_close(twin.resume(layer, expected[layer]), original.resume(layer, expected[layer]))


def test_reentry_bit_for_bit_however_the_batches_are_composed(pair: tuple[TorchNetwork, Network, np.ndarray]) -> None:
    _, twin, shown = pair
    outputs = twin.outputs(shown)
    np.testing.assert_array_equal(outputs, twin.outputs(shown, batch_size=3))
    recorded = twin.activations(shown, list(twin.layers))
    for layer, activations in recorded.items():
        np.testing.assert_array_equal(twin.resume(layer, activations, batch_size=2), outputs, err_msg=layer)
        np.testing.assert_array_equal(twin.activations(shown, [layer], batch_size=4)[layer], activations)


def test_injected_activity_is_computed_as_by_the_original(pair: tuple[TorchNetwork, Network, np.ndarray]) -> None:
    original, twin, _ = pair
    for layer, shape in original.layers.items():
        injected = stimuli(shape, 3)
        assert_close(twin.resume(layer, injected), original.resume(layer, injected))


def test_layers_may_be_one_tensor_or_the_input(small: TorchNetwork) -> None:
    twin = compiled(small)
    assert {"entry", "pooled.1", "pooled.2", "pooled"} <= set(twin.layers)
    shown = stimuli(IMAGES, 2)
    recorded = twin.activations(shown, ["pooled", "entry", "pooled.2"])
    np.testing.assert_array_equal(recorded["entry"], shown)
    np.testing.assert_array_equal(recorded["pooled"], recorded["pooled.2"])
    with pytest.raises(UnknownNameError):
        twin.activations(shown, ["attic"])


def test_integers_go_in() -> None:
    network = TorchNetwork(Embedded(), torch.tensor([[1, 2, 3]]))
    twin = compiled(network)
    assert isinstance(twin, CompiledNetwork)
    shown = np.array([[0, 6, 2], [3, 3, 3]])
    assert_close(twin.outputs(shown), network.outputs(shown))


def test_pictures_are_prepared_by_the_very_same_function() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    network = VisionNetwork(module, 8)
    twin = compiled(network)
    assert isinstance(twin, CompiledNetwork)
    assert twin._prepare is network._prepare
    pictures = np.random.default_rng(0).integers(0, 256, (3, 11, 9, 3), np.uint8)
    assert_close(twin.outputs(pictures), network.outputs(pictures))


def test_untrained_is_the_twin_of_the_untrained(small: TorchNetwork) -> None:
    twin, original = compiled(small).untrained(3), small.untrained(3)
    assert isinstance(twin, CompiledNetwork)
    assert (twin.name, twin.fingerprint) == (original.name, original.fingerprint)
    assert twin.fingerprint != small.fingerprint
    shown = stimuli(IMAGES)
    assert_close(twin.outputs(shown), original.outputs(shown))


def test_it_is_compiled_once(small: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = stimuli(IMAGES)
    outputs = compiled(small).outputs(shown)
    monkeypatch.delattr(compiling, "exported")
    np.testing.assert_array_equal(compiled(opened(Small, IMAGES)).outputs(shown), outputs)


def test_other_weights_layers_and_computations_are_other_networks(small: TorchNetwork) -> None:
    weights = Small().state_dict()

    class Square(Small):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(input) ** 2

    def of(make: type[nn.Module], layers: list[str] | None = None) -> TorchNetwork:
        module = make()
        module.load_state_dict(weights)
        return TorchNetwork(module, torch.zeros(1, *IMAGES), layers=layers)

    networks = [of(Small), of(Square), of(Small, ["stem"]), small]
    assert networks[0].fingerprint == networks[1].fingerprint
    assert len({compiling._key(network) for network in networks}) == 4
    for network in networks:
        assert_close(compiled(network).outputs(stimuli(IMAGES)), network.outputs(stimuli(IMAGES)))


@pytest.mark.parametrize("damage", ["cut off", "empty", "another network", "noise"])
def test_what_is_damaged_is_made_anew_and_told(cache: Path, small: TorchNetwork, damage: str) -> None:
    expected = compiled(small).outputs(stimuli(IMAGES))
    path = cache / f"{compiling._key(small)}.onnx"
    whole = path.read_bytes()
    other = compiling.exported(opened(Small, IMAGES, seed=2)).SerializeToString()
    path.write_bytes(
        {"cut off": whole[: len(whole) // 2], "empty": b"", "another network": other, "noise": b"noise"}[damage]
    )
    with pytest.warns(UserWarning, match="is damaged .* is compiled anew"):
        twin = compiled(small)
    np.testing.assert_array_equal(twin.outputs(stimuli(IMAGES)), expected)
    assert path.stat().st_size == len(whole)


def test_what_is_compiled_or_cannot_be_is_returned_as_it_is(small: TorchNetwork, cache: Path) -> None:
    twin = compiled(small)
    assert compiled(twin) is twin

    class Bessel(nn.Sequential):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return torch.special.bessel_j0(super().forward(input))  # ONNX has no such operation

    strange = TorchNetwork(Bessel(nn.Linear(4, 3)), torch.zeros(1, 4))
    assert compiled(strange) is strange
    assert not (cache / f"{compiling._key(strange)}.onnx").exists()


def test_a_model_of_other_outputs_is_refused(small: TorchNetwork) -> None:
    with pytest.raises(InputError, match="gives other outputs"):
        CompiledNetwork(small, compiling.exported(opened(Small, IMAGES, seed=2)))


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="HOTWIRE_DATA names no folder of recordings")
def test_efficientnet_on_photographs(fetched: Callable[[str], Path]) -> None:
    from scipy.io import loadmat

    weights = fetched("efficientnet-lite0") / "model.safetensors"
    network = open_efficientnet_lite("lite0", weights, fetched("imagenet-classes") / "classes.json")
    twin = compiled(network)
    assert isinstance(twin, CompiledNetwork)
    file = Path(DATA or "") / "images92" / "Kriegeskorte_Neuron2008_supplementalData.mat"
    photographs = list(loadmat(file, squeeze_me=True)["stimuli_92objs"]["image"][:12])
    outputs = twin.outputs(photographs)
    assert_close(outputs, network.outputs(photographs))
    recorded = twin.activations(photographs, list(twin.layers))
    expected = network.activations(photographs, list(twin.layers))
    assert len(recorded) == 20
    for layer, activations in recorded.items():
        assert_close(activations, expected[layer])
        np.testing.assert_array_equal(twin.resume(layer, activations), outputs, err_msg=layer)
