"""A whole study of encoding in a folder: small pictures, a network of two blocks, and sites that follow one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from hotwire.decoder.experiments.session import study as session_study
from hotwire.decoder.study import networks as study_networks
from hotwire.models.networks.vision import VisionNetwork

N, N_REPEATS = 60, 4
STUDY = """
[recording]
kind = "responses"
responses = "responses.npy"
stimuli = "pictures"
repeats = "repeats.npy"
[network]
name = "efficientnet-lite0"
[targets]
stimuli = "recording"
[decoder]
layer = "blocks.0"
[map]
layers = ["blocks.0", "blocks.1"]
regions = { seeing = { first = 0, stop = 6 }, blind = { first = 6, stop = 12 } }
[encode]
n_folds = 5
n_draws = 100
"""


class TwoBlocks(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = torch.nn.Sequential(
            torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.ReLU()),
            torch.nn.Sequential(torch.nn.Conv2d(5, 6, 5, stride=2), torch.nn.ReLU()),
        )
        self.logits = torch.nn.Linear(6 * 36, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits(self.blocks(x).flatten(1))


def module() -> TwoBlocks:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return TwoBlocks()


def network() -> VisionNetwork:
    layers = ["blocks.0", "blocks.1", "logits"]
    return VisionNetwork(module(), 16, layers=layers, name="two blocks", labels=["cat", "dog", "house"])


def pictures(n: int = N) -> list[Image.Image]:
    """Coloured noise that is smooth, 16 x 16."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((16, 16), Image.Resampling.BICUBIC) for one in small]


def repeats(shown: list[Image.Image], noise: float = 1.0) -> np.ndarray:
    """Responses (n_sites, n_stimuli, n_repeats): six sites that follow the second block, six of noise."""
    rng = np.random.default_rng(1)
    states = network().activations(shown, ["blocks.1"])["blocks.1"].reshape(len(shown), -1)
    seeing = states @ rng.normal(size=(states.shape[1], 6))
    signal = np.hstack([(seeing - seeing.mean(axis=0)) / seeing.std(axis=0), np.zeros((len(shown), 6))]) + 5
    return signal.T[..., None] + noise * rng.normal(size=(12, len(shown), N_REPEATS))


def save_study(folder: Path, text: str = STUDY) -> Path:
    """Write all of it, and return the study file."""
    (folder / "pictures").mkdir()
    shown = pictures()
    for i, picture in enumerate(shown):
        picture.save(folder / "pictures" / f"{i:02}.png")
    single = repeats(shown)
    np.save(folder / "repeats.npy", single)
    np.save(folder / "responses.npy", single.mean(axis=2))
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


@contextmanager
def small_network() -> Iterator[None]:
    """The name of a network of the registry opens the small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_networks, "open_network", lambda *_, **__: network())
        patch.setattr(session_study, "compiled", lambda opened: opened)
        yield


def save_onnx(path: Path) -> Path:
    """The two blocks as a stranger's ONNX file: nothing in it says how it sees."""
    tensors = {name: parameter.detach().numpy() for name, parameter in module().named_parameters()}
    nodes = [
        helper.make_node("Conv", ["pictures", "blocks.0.0.weight", "blocks.0.0.bias"], ["conv0"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv0"], ["blocks.0"]),
        helper.make_node("Conv", ["blocks.0", "blocks.1.0.weight", "blocks.1.0.bias"], ["conv1"], strides=[2, 2]),
        helper.make_node("Relu", ["conv1"], ["blocks.1"]),
        helper.make_node("Flatten", ["blocks.1"], ["flat"]),
        helper.make_node("Gemm", ["flat", "logits.weight", "logits.bias"], ["logits"], transB=1),
    ]
    entry = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ("n", 3, 16, 16))
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("n", 3))
    weights = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "two blocks", [entry], [output], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path
