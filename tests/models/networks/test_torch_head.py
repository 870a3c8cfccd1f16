"""What comes up to a layer, with gradients, against autograd through the module itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from hotwire.errors import UnknownNameError
from hotwire.models.networks.torch_network import TorchNetwork


class Clamping(nn.Module):
    """Clamps by functions and methods; `looks` makes symbolic tracing fail."""

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.looks = looks
        self.first, self.second, self.third, self.last = (Rectified(kind) for kind in ("relu", "six", "clamp", "none"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.looks and x.shape[1] > 3:
            x = x + 0
        return self.last(self.third(self.second(self.first(x))))


class Rectified(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = 4 * self.linear(x)
        if self.kind == "relu":
            return functional.relu(x)
        if self.kind == "six":
            return functional.relu6(x)
        return x.clamp(max=0.5, min=-0.5) if self.kind == "clamp" else x


def small() -> nn.Module:
    conv = nn.Conv2d(3, 4, 3)
    return nn.Sequential(
        nn.ReLU(inplace=True), conv, nn.BatchNorm2d(4), nn.ReLU6(inplace=True), nn.Flatten(), nn.Tanh()
    )


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


MODULES = {
    "convolutions": (small, (3, 6, 6)),
    "functions": (lambda: Clamping(False), (6,)),
    "exported": (lambda: Clamping(True), (6,)),
}


@pytest.mark.parametrize("name", MODULES)
def test_activations_and_gradients_are_those_of_the_module(name: str) -> None:
    make, shape = MODULES[name]
    module = make().eval()
    network = TorchNetwork(module, torch.randn(2, *shape))
    stimuli = torch.randn(3, *shape)
    assert len(network.layers) > 2
    for layer, own in network.layers.items():
        caught: list[torch.Tensor] = []
        hook = module.get_submodule(layer).register_forward_hook(
            lambda *of, caught=caught: caught.append(of[-1].clone())
        )
        weigh = torch.randn(3, *own)
        leaf = stimuli.clone().requires_grad_()
        module(leaf * 1)
        (caught[0] * weigh).sum().backward()
        hook.remove()
        got = stimuli.clone().requires_grad_()
        activations = network.head(layer)(got)
        (activations * weigh).sum().backward()
        assert got.grad is not None
        assert leaf.grad is not None
        np.testing.assert_array_equal(
            activations.detach().numpy(), network.activations(stimuli.numpy(), [layer])[layer], err_msg=layer
        )
        torch.testing.assert_close(got.grad, leaf.grad, msg=layer)
        assert got.grad.any()


@pytest.mark.parametrize(
    ("name", "layer", "bounds"),
    [
        ("convolutions", "3", (0, 6)),
        ("functions", "first", (0, np.inf)),
        ("functions", "second", (0, 6)),
        ("functions", "third", (-0.5, 0.5)),
        ("exported", "first", (0, np.inf)),
        ("exported", "second", (0, 6)),
        ("exported", "third", (-0.5, 0.5)),
    ],
)
def test_a_surrogate_lets_gradients_through_what_ends_the_layer(
    name: str, layer: str, bounds: tuple[float, float]
) -> None:
    make, shape = MODULES[name]
    network = TorchNetwork(make(), torch.randn(2, *shape))
    stimuli = torch.randn(5, *shape)
    values, gradients = [], []
    for surrogate in (False, True):
        leaf = stimuli.clone().requires_grad_()
        activations = network.head(layer, surrogate=surrogate)(leaf)
        activations.sum().backward()
        values.append(activations.detach())
        gradients.append(leaf.grad)
    torch.testing.assert_close(*values, rtol=0, atol=0)
    assert {float(values[0].min()), float(values[0].max())} & set(bounds)  # something is clamped
    assert not torch.allclose(*gradients)
    if layer == "first":  # the gradient of the sum of what comes before is the sum of the rows, times 4
        linear = network.head("first.linear")
        leaf = stimuli.clone().requires_grad_()
        (4 * linear(leaf)).sum().backward()
        torch.testing.assert_close(gradients[1], leaf.grad)


def test_a_surrogate_changes_nothing_where_no_rectifier_ends_the_layer() -> None:
    network = TorchNetwork(Clamping(False), torch.randn(2, 6))
    gradients = []
    for surrogate in (False, True):
        leaf = torch.ones(2, 6, requires_grad=True)
        network.head("last", surrogate=surrogate)(leaf).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


@pytest.mark.parametrize("surrogate", [False, True])
def test_several_heads_give_what_each_gives(surrogate: bool) -> None:
    """Also where the surrogate's layer and the one before it are both asked for, and in any order."""
    make, shape = MODULES["exported"]
    network = TorchNetwork(make(), torch.randn(2, *shape))
    stimuli, layers = torch.randn(5, *shape), ["third", "first.linear", "first"]
    several = network.heads(layers, surrogate=surrogate)
    for i, layer in enumerate(layers):
        leaf, other = (stimuli.clone().requires_grad_() for _ in range(2))
        expected, got = network.head(layer, surrogate=surrogate)(leaf), several(other)[i]
        torch.testing.assert_close(got, expected)
        expected.sum().backward()
        got.sum().backward()
        torch.testing.assert_close(other.grad, leaf.grad)


def test_the_network_stays_as_it_is() -> None:
    module = small()
    network = TorchNetwork(module, torch.randn(2, 3, 6, 6))
    before = network.fingerprint
    head = network.head("4")
    assert not list(head.parameters())
    stimuli = torch.randn(2, 3, 6, 6)
    kept = stimuli.clone()
    head.train()(stimuli.requires_grad_()).sum().backward()
    torch.testing.assert_close(stimuli.detach(), kept, rtol=0, atol=0)  # the first part works in place
    assert all(weight.requires_grad and weight.grad is None for weight in module.parameters())
    assert not any(part.training for part in module.modules())
    del vars(network)["fingerprint"]
    assert network.fingerprint == before


def test_no_head_of_what_is_no_layer() -> None:
    network = TorchNetwork(small(), torch.randn(2, 3, 6, 6))
    with pytest.raises(UnknownNameError, match=r"unknown layer '9'.*0, 1, 2, 3"):
        network.head("9")
