"""Torch modules of many makes, each entered at every layer it says it has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from hotwire.errors import InputError, ShapeError, UnknownNameError
from hotwire.models.networks.torch_network import TorchNetwork


class Residual(nn.Module):
    """Two branches that meet; works in place on what its parts give."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.out(self.act(self.norm(self.conv(x))))
        y += x
        return functional.relu_(y)


class Small(nn.Module):
    """A convolutional network; its batch size is asked of the input, far from where it is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.blocks = nn.ModuleList([Residual(8), Residual(8)])
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(32, 5)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = x.size(0)
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.fc(self.drop(self.pool(x).reshape(n, -1)))


class Asking(nn.Module):
    """Looks at its sizes, which symbolic tracing cannot follow, and works in place on a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.second = nn.Linear(8, 8)
        self.third = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        if x.shape[1] > 3:
            x = self.second(x)
        x = x + 0
        x[:, 0].mul_(2)  # the result is not used, its effect is
        return self.third(x * torch.arange(x.shape[0] * 8).view(-1, 8).div(8, rounding_mode="floor").mul(0).add(1))


class Unlike(nn.Module):
    """Parts that are no layers: called twice, giving two tensors, integers, or another number of rows."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.recurrent = nn.GRU(4, 4, batch_first=True)
        self.rows = nn.Flatten(0, 1)
        self.fine = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.recurrent(self.twice(torch.tanh(self.twice(x))))
        return self.fine(self.rows(states).view(-1, 8))


def transformers_vit() -> nn.Module:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(image_size=16, patch_size=8, hidden_size=16, intermediate_size=24)
    config.num_hidden_layers, config.num_attention_heads = 2, 2
    return ViTForImageClassification(config)


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Flatten(), nn.Linear(40, 3))


def channels_last() -> nn.Module:
    return Small().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


IMAGES = (3, 16, 16)
MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], list[str]]] = {
    "small": (Small, IMAGES, ["stem.0", "stem", "blocks.0", "blocks.1", "pool", "drop", "fc"]),
    "channels last": (
        channels_last,
        IMAGES,
        ["stem.0", "stem", "blocks.0", "blocks.1", "pool", "drop", "fc"],
    ),
    "asking": (Asking, (6,), ["first", "second", "third"]),
    "transformer": (transformer, (5, 8), ["0.layers.0", "0.layers.1", "1", "2"]),
    "vit": (
        transformers_vit,
        IMAGES,
        ["vit.embeddings", "vit.layers.0", "vit.layers.1", "vit.layernorm", "classifier"],
    ),
}


def stimuli(shape: tuple[int, ...], count: int = 5) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, *shape)).astype(np.float32)


def lively(module: nn.Module) -> nn.Module:
    """Give running statistics that do something, and hence differ from no normalisation at all."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.uniform_(-1, 1)
            part.running_var.uniform_(0.5, 2)
    return module.eval()


@pytest.fixture(params=list(MODULES), scope="module")
def opened(request: pytest.FixtureRequest) -> tuple[TorchNetwork, nn.Module, np.ndarray, list[str]]:
    make, shape, expected = MODULES[request.param]
    torch.manual_seed(1)
    module = lively(make())
    return TorchNetwork(module, torch.zeros(1, *shape)), module, stimuli(shape), expected


Opened = tuple[TorchNetwork, nn.Module, np.ndarray, list[str]]


def test_layers_in_order_of_computation(opened: Opened) -> None:
    network, _, _, expected = opened
    assert [layer for layer in network.layers if layer in expected] == expected


def test_outputs_are_the_module_s_own(opened: Opened) -> None:
    network, module, batch, _ = opened
    with torch.inference_mode():
        expected = module(torch.from_numpy(batch))
    expected = expected if isinstance(expected, torch.Tensor) else expected.logits
    np.testing.assert_allclose(network.outputs(batch), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_activations_are_what_the_parts_give(opened: Opened) -> None:
    network, module, batch, _ = opened
    seen: dict[str, np.ndarray] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda part, args, result: seen.update({name: result.clone().numpy()})

    hooks = [module.get_submodule(layer).register_forward_hook(keep(layer)) for layer in network.layers]
    with torch.inference_mode():
        module(torch.from_numpy(batch))
    for hook in hooks:
        hook.remove()
    recorded = network.activations(batch, list(network.layers))
    for layer, shape in network.layers.items():
        assert recorded[layer].shape == (len(batch), *shape)
        assert recorded[layer].dtype == np.float32
        np.testing.assert_allclose(recorded[layer], seen[layer], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_re_entering_at_every_layer_gives_the_output_bit_for_bit(opened: Opened, batch_size: int) -> None:
    network, _, batch, _ = opened
    recorded = network.activations(batch, list(network.layers), batch_size=batch_size)
    outputs = network.outputs(batch, batch_size=batch_size)
    for layer in network.layers:
        np.testing.assert_array_equal(
            network.resume(layer, recorded[layer], batch_size=batch_size), outputs, err_msg=layer
        )


def test_what_is_put_in_decides_the_output(opened: Opened) -> None:
    network, _, batch, _ = opened
    recorded = network.activations(batch, list(network.layers))
    outputs = network.outputs(batch)
    for layer in network.layers:
        permuted = network.resume(layer, recorded[layer][::-1])
        np.testing.assert_allclose(permuted, outputs[::-1], rtol=1e-4, atol=1e-5, err_msg=layer)


def test_resume_computes_only_what_is_behind(opened: Opened) -> None:
    network = opened[0]
    sizes = [len(network.tail(layer).graph.nodes) for layer in network.layers]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] <= 3


def test_untrained_is_another_network_of_the_same_shape(opened: Opened) -> None:
    network, _, batch, _ = opened
    before = network.fingerprint
    one, same, other = network.untrained(1), network.untrained(1), network.untrained(2)
    assert one.layers == network.layers
    assert one.fingerprint == same.fingerprint
    assert len({network.fingerprint, one.fingerprint, other.fingerprint}) == 3
    assert network.fingerprint == before == TorchNetwork(opened[1], batch).fingerprint
    np.testing.assert_array_equal(one.outputs(batch), same.outputs(batch))
    assert not np.allclose(one.outputs(batch), network.outputs(batch), atol=1e-3)
    layer = next(iter(one.layers))
    recorded = one.activations(batch, [layer])[layer]
    np.testing.assert_array_equal(one.resume(layer, recorded), one.outputs(batch))


def test_untrained_draws_as_each_part_does() -> None:
    torch.manual_seed(0)
    module = lively(Small())
    state = torch.random.get_rng_state()
    untrained = TorchNetwork(module, stimuli(IMAGES)).untrained()
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = untrained._module.state_dict()
    assert (weights["stem.1.running_mean"] == 0).all()
    assert weights["fc.weight"].abs().max() <= 1 / np.sqrt(32)


def test_a_branch_is_no_cut() -> None:
    network = TorchNetwork(Small(), stimuli(IMAGES))
    for layer in ("blocks.0.conv", "blocks.1.out"):
        with pytest.raises(InputError, match=rf"cannot be cut at '{layer}'.*bypasses it.*can at: stem\.0, .*, fc$"):
            network.resume(layer, np.ones((1, 8, 8, 8)))
        with pytest.raises(InputError, match="bypasses it"):
            TorchNetwork(Small(), stimuli(IMAGES), layers=[layer])


@pytest.mark.parametrize(
    ("part", "reason"),
    [("twice", "called 2 times"), ("recurrent", "not give one tensor"), ("rows", "not give one tensor")],
)
def test_parts_without_a_single_activation_say_why(part: str, reason: str) -> None:
    network = TorchNetwork(Unlike(), stimuli((2, 4)))
    assert list(network.layers) == ["fine"]
    with pytest.raises(InputError, match=f"'{part}': it .*{reason}"):
        network.resume(part, np.ones((1, 4)))


def test_chosen_layers() -> None:
    network = TorchNetwork(Small(), stimuli(IMAGES), layers=["pool", "stem"], name="mine", labels="abcde")
    assert network.layers == {"stem": (8, 8, 8), "pool": (8, 2, 2)}
    assert network.name == "mine"
    assert network.labels == ("a", "b", "c", "d", "e")
    assert list(network.untrained().layers) == ["stem", "pool"]
    with pytest.raises(UnknownNameError, match=r"unknown layer 'blocks\.7'"):
        TorchNetwork(Small(), stimuli(IMAGES), layers=["blocks.7"])


def test_prepared_stimuli() -> None:
    module = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(8, 2))
    network = TorchNetwork(
        module,
        torch.zeros(1, 2, dtype=torch.int64),
        prepare=lambda words: np.array([[len(w), 1] for w in words]),
    )
    assert network.layers == {"0": (2, 4), "1": (8,), "2": (2,)}
    expected = module(torch.tensor([[3, 1], [5, 1]])).detach().numpy()
    np.testing.assert_allclose(network.outputs(["one", "three"]), expected, rtol=1e-6)


def test_stimuli_of_another_shape() -> None:
    with pytest.raises(ShapeError, match=r"Small takes \(n_stimuli, 3, 16, 16\), got \(2, 3, 8, 8\)"):
        TorchNetwork(Small(), stimuli(IMAGES)).outputs(np.ones((2, 3, 8, 8)))


def test_words_are_no_fractions() -> None:
    network = TorchNetwork(nn.Sequential(nn.Embedding(10, 4)), torch.zeros(1, 2, dtype=torch.int64))
    with pytest.raises(InputError, match=r"Sequential takes torch\.int64, got torch\.float32"):
        network.outputs(np.full((3, 2), 0.5))


class TwoOutputs(nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, x + 1


class DataDependent(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if float(x.sum()) > 0 else x


class OneForAll(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(0)


class HalfPrecision(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Linear(2, 2).half()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.narrow(x.half())


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (TwoOutputs(), "expected one tensor as the output, got 2"),
        (DataDependent(), "can be traced neither by torch.fx .* nor by torch.export"),
        (OneForAll(), "not one row per stimulus"),
        (nn.ReLU(), "can be cut at none of its parts"),
        (HalfPrecision(), "its activation is torch.float16"),
    ],
)
def test_modules_that_cannot_be_opened(module: nn.Module, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TorchNetwork(module, torch.ones(1, 2))
