"""Gradient ascent where the optimum, or every step, is known in closed form; and its state on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from hotwire.errors import AssetError, InputError, NonFiniteError, ShapeError
from hotwire.models.networks.onnx_network import OnnxNetwork
from hotwire.models.networks.torch_network import TorchNetwork
from hotwire.models.networks.vision import VisionNetwork
from hotwire.models.synthesis.generators import Pixels, noise_pictures
from hotwire.models.synthesis.objectives import combined, picture_head, same_activation, total_variation
from hotwire.models.synthesis.optimise import optimise
from hotwire.models.synthesis.settings import SynthesisSettings

SIDE = 8
WEIGHTS = torch.from_numpy(np.random.default_rng(7).normal(size=(2, 3, SIDE, SIDE)).astype(np.float32))


def linear(pictures: torch.Tensor) -> torch.Tensor:
    """For each picture its own weighted sum of pixels."""
    return (pictures * WEIGHTS).sum(dim=(1, 2, 3))


def small_vision(seed: int = 0, side: int = SIDE, device: str = "cpu") -> VisionNetwork:
    torch.manual_seed(seed)
    size = side - 4
    parts = [nn.Conv2d(3, 6, 3), nn.Tanh(), nn.Conv2d(6, 5, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(5 * size**2, 4)]
    return VisionNetwork(nn.Sequential(*parts).to(device), side, mean=127, scale=64)


@pytest.mark.parametrize("optimiser", ["adam", "normalised"])
def test_pixels_of_a_linear_objective_go_to_black_and_white(optimiser: Literal["adam", "normalised"]) -> None:
    step = 0.1 if optimiser == "adam" else 1.0
    settings = SynthesisSettings(n_steps=150, step=step, optimiser=optimiser, n_halvings=0)
    found = optimise(Pixels(noise_pictures([0, 1], SIDE)), linear, settings)
    strong = WEIGHTS.abs() > 0.05
    np.testing.assert_allclose(found.made[strong], (WEIGHTS > 0)[strong], atol=1e-6)
    optimum = WEIGHTS.clamp(min=0).sum(dim=(1, 2, 3))
    np.testing.assert_allclose(found.values, optimum, rtol=0.01)
    assert found.history.shape == (150, 2)
    assert (found.history[5] > found.history[0]).all()


def test_normalised_steps_have_the_length_that_is_said() -> None:
    settings = SynthesisSettings(n_steps=4, step=0.2, optimiser="normalised", n_halvings=1)
    start = torch.full((2, 3, SIDE, SIDE), 0.5)
    found = optimise(Pixels(start), linear, settings)
    unit = WEIGHTS / WEIGHTS.flatten(1).norm(dim=1).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(found.made, start + (0.2 + 0.2 + 0.1 + 0.1) * unit, atol=1e-6)


def test_with_little_contrast_the_optimum_is_the_weights_themselves() -> None:
    generator = Pixels(noise_pictures([0, 1], SIDE), max_contrast=0.05)
    mean = WEIGHTS.mean(dim=(1, 2, 3))  # without it, brightness would not matter

    def balanced(pictures: torch.Tensor) -> torch.Tensor:
        return linear(pictures) - mean * pictures.sum(dim=(1, 2, 3))

    found = optimise(generator, balanced, SynthesisSettings(n_steps=200, step=0.2, optimiser="normalised"))
    for made, weights in zip(found.made, WEIGHTS.numpy(), strict=True):
        np.testing.assert_allclose(made.std(), 0.05, rtol=0.01)
        assert np.corrcoef(made.ravel(), weights.ravel())[0, 1] > 0.99


def test_only_low_frequencies_are_used() -> None:
    found = optimise(
        Pixels(noise_pictures([0, 1], SIDE), max_cycles=1), linear, SynthesisSettings(n_steps=5, step=0.01)
    )
    spectrum = np.abs(np.fft.fft2(found.made))
    assert spectrum[..., 1, 0].max() > 0.1
    assert spectrum[..., 2:-1, 2:-1].max() < 1e-4


def test_the_activation_of_a_linear_layer_gives_the_picture_back() -> None:
    """More units than pixels: the only metamer is the picture itself."""
    torch.manual_seed(0)
    network = VisionNetwork(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 96), nn.Linear(96, 2)), 4)
    pictures = 0.2 + 0.6 * torch.rand(2, 3, 4, 4)
    objective = same_activation(picture_head(network, "1"), pictures)
    found = optimise(
        Pixels(noise_pictures([0, 1], 4)), objective, SynthesisSettings(n_steps=600, step=0.05, n_halvings=9)
    )
    np.testing.assert_allclose(found.made, pictures, atol=0.01)
    assert found.history[0].max() < -0.1 < found.values.min() <= 0


def test_metamers_come_nearer_where_gradients_pass_a_silent_unit() -> None:
    pictures = noise_pictures([8, 9], SIDE, noise=0.3)
    found = []
    for surrogate in (False, True):
        objective = same_activation(picture_head(small_vision(), "3", surrogate=surrogate), pictures)
        found.append(optimise(Pixels(noise_pictures([0, 1], SIDE)), objective, SynthesisSettings(step=0.05)))
    assert found[1].values.min() > -0.2 > found[0].values.min() > -0.6 > found[0].history[0].max()


def test_one_batch_is_given_to_several_networks_of_other_sizes() -> None:
    heads = [picture_head(small_vision(seed, side), "4") for seed, side in ((0, SIDE), (1, 12))]
    pictures = noise_pictures([8, 9], 10, noise=0.3)
    each = [same_activation(head, pictures) for head in heads]
    start = noise_pictures([0, 1], 10)
    settings = SynthesisSettings(n_steps=60, step=0.03)
    worst = optimise(Pixels(start), combined(each, "min"), settings)
    one = optimise(Pixels(start), each[0], settings)
    made = [torch.from_numpy(of.made) for of in (worst, one)]
    of_both, of_one = (torch.stack([objective(of) for objective in each]).detach().min(dim=0).values for of in made)
    assert (of_both > of_one).all()
    torch.testing.assert_close(of_both, torch.from_numpy(worst.values))
    mean = combined(each, "mean")(start)
    torch.testing.assert_close(mean, (each[0](start) + each[1](start)) / 2)


def test_total_variation_makes_pictures_smooth() -> None:
    settings = [SynthesisSettings(n_steps=40, step=0.02, total_variation=weight) for weight in (0.0, 300.0)]
    rough, smooth = (optimise(Pixels(noise_pictures([0, 1], SIDE)), linear, one) for one in settings)
    variation = [total_variation(torch.from_numpy(one.made)) for one in (rough, smooth)]
    assert (variation[1] < variation[0] / 2).all()
    assert (smooth.values > smooth.history[0]).all()


def test_what_is_made_does_not_depend_on_the_others() -> None:
    network, pictures = small_vision(), noise_pictures([7, 8, 9], SIDE, noise=0.3)
    settings = SynthesisSettings(n_steps=30, jitter=2, noise=0.1, total_variation=0.1, n_halvings=2)

    def made(which: list[int]) -> np.ndarray:
        objective = same_activation(picture_head(network, "4"), pictures[which])
        return optimise(Pixels(noise_pictures(which, SIDE), blur=0.5), objective, settings).made

    np.testing.assert_allclose(made([0, 1, 2])[[2]], made([2]), atol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_cuda_makes_the_same(tmp_path: Path) -> None:
    pictures, made = noise_pictures([8, 9], SIDE, noise=0.3), []
    for device in ("cpu", "cuda"):
        objective = same_activation(picture_head(small_vision(device=device), "4", surrogate=True), pictures)
        generator = Pixels(noise_pictures([0, 1], SIDE), max_cycles=3).to(device)
        settings = SynthesisSettings(n_steps=30, jitter=2, total_variation=0.1)
        made.append(optimise(generator, objective, settings, state=tmp_path / f"{device}.npz").made)
    np.testing.assert_allclose(*made, atol=1e-2)


@pytest.mark.parametrize("optimiser", ["adam", "normalised"])
def test_what_was_stopped_goes_on_as_if_it_never_had(tmp_path: Path, optimiser: Literal["adam", "normalised"]) -> None:
    settings = SynthesisSettings(n_steps=60, optimiser=optimiser, jitter=2, noise=0.1, n_halvings=2)
    start = noise_pictures([0, 1], SIDE)
    whole = optimise(Pixels(start), linear, settings)
    calls = iter(range(40))

    def stops(pictures: torch.Tensor) -> torch.Tensor:
        next(calls)
        return linear(pictures)

    with pytest.raises(StopIteration):
        optimise(Pixels(start), stops, settings, state=tmp_path / "folder" / "state.npz")
    again = optimise(Pixels(start), linear, settings, state=tmp_path / "folder" / "state.npz")
    for name in ("made", "values", "history"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name), err_msg=name)

    def unused(pictures: torch.Tensor) -> torch.Tensor:
        assert not pictures.requires_grad, "nothing is left to do but the last look"
        return linear(pictures)

    done = optimise(Pixels(start), unused, settings, state=tmp_path / "folder" / "state.npz")
    np.testing.assert_array_equal(done.made, whole.made)


def test_a_state_of_something_else_is_refused(tmp_path: Path) -> None:
    path, start = tmp_path / "state.npz", noise_pictures([0, 1], SIDE)
    optimise(Pixels(start), linear, SynthesisSettings(n_steps=2), state=path)
    with pytest.raises(InputError, match=r"state: .* is of other settings or another start"):
        optimise(Pixels(start), linear, SynthesisSettings(n_steps=3), state=path)
    with pytest.raises(InputError, match=r"state: .* is of other settings or another start"):
        optimise(Pixels(start + 1e-3), linear, SynthesisSettings(n_steps=2), state=path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AssetError, match="is damaged"):
        optimise(Pixels(start), linear, SynthesisSettings(n_steps=2), state=path)


@pytest.mark.parametrize(
    ("objective", "error", "what"),
    [
        (lambda x: linear(x).sum(), ShapeError, r"objective: expected a value for each of the 2, \(2,\), got \(\)"),
        (lambda x: linear(x.detach()), InputError, "objective: its values have no gradients"),
        (lambda x: linear(x) * torch.tensor([1, torch.nan]), NonFiniteError, "objective: nan for number 1 in step 0"),
        (
            lambda x: linear((x - x.detach()).sqrt()),
            NonFiniteError,
            "its gradient for number 0 is not finite in step 0",
        ),
    ],
)
def test_what_is_no_objective(objective: Callable, error: type[InputError], what: str) -> None:
    with pytest.raises(error, match=what):
        optimise(Pixels(noise_pictures([0, 1], SIDE)), objective, SynthesisSettings(n_steps=2))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"n_steps": 0}, "n_steps: expected 1 or more, got 0"),
        ({"step": 0.0}, r"step: expected a number above 0, got 0\.0"),
        ({"jitter": -1}, "jitter: expected 0 or more, got -1"),
        ({"total_variation": float("nan")}, "total_variation: expected 0 or more, got nan"),
        ({"optimiser": "sgd"}, "optimiser: expected one of adam, normalised, got 'sgd'"),
    ],
)
def test_what_are_no_settings(change: dict, what: str) -> None:
    with pytest.raises(InputError, match=what):
        SynthesisSettings(**change)


def test_networks_without_gradients_or_pictures_are_refused(tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 12)) for name in ("x", "y")]
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Neg", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "made by hand", ends[:1], ends[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "net.onnx"
    )
    with pytest.raises(InputError, match=r"network: net \(OnnxNetwork\) gives no gradients; expected a VisionNetwork"):
        picture_head(OnnxNetwork(tmp_path / "net.onnx"), "h")
    with pytest.raises(InputError, match=r"\(TorchNetwork\) takes no pictures; expected a VisionNetwork"):
        picture_head(TorchNetwork(nn.Sequential(nn.Linear(12, 2)), torch.zeros(1, 12)), "0")


def test_targets_that_are_none() -> None:
    head = picture_head(small_vision(), "3")
    with pytest.raises(InputError, match="not all 0, got others for picture 1"):
        same_activation(lambda x: head(x) * torch.tensor([1.0, 0.0]).reshape(2, 1, 1, 1), noise_pictures([0, 1], SIDE))
    objective = same_activation(head, noise_pictures([0, 1], SIDE))
    with pytest.raises(ShapeError, match=r"target: expected activations \(1, 5, 4, 4\), got \(2, 5, 4, 4\)"):
        objective(noise_pictures([0], SIDE))
    with pytest.raises(InputError, match="objectives: expected one or more"):
        combined([])
