"""What comes up to a layer of Whisper from a waveform: the network's own states, with gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotwire.errors import DownloadError, InputError, ShapeError, UnknownNameError
from hotwire.models import open_network
from hotwire.models.networks.whisper.recogniser import SpeechRecogniser

from ...small_recogniser import noises, small_recogniser

SOUNDS = torch.from_numpy(np.stack(noises(3)))


@pytest.fixture(scope="module")
def network() -> SpeechRecogniser:
    return small_recogniser()


def test_states_are_the_networks_own_to_the_last_bit(network: SpeechRecogniser) -> None:
    """Also of sounds that are shorter than the network hears."""
    recorded = network.activations(list(SOUNDS.numpy()), list(network.layers))
    several = network.heads(["2", "0"])(SOUNDS)
    for layer, states in zip(("2", "0"), several, strict=True):
        np.testing.assert_array_equal(states.numpy(), recorded[layer])
        np.testing.assert_array_equal(network.head(layer)(SOUNDS).numpy(), recorded[layer])


def test_gradients_are_finite_differences(network: SpeechRecogniser) -> None:
    rng = torch.Generator().manual_seed(1)
    head = network.head("2")
    weights = torch.randn(20, 16, generator=rng)
    sounds = SOUNDS.clone().requires_grad_()
    (head(sounds) * weights).sum().backward()
    assert sounds.grad is not None
    gradient = sounds.grad
    direction = gradient / gradient.norm(dim=1, keepdim=True)
    step = 3e-3
    ahead, behind = (((head(SOUNDS + sign * step * direction) * weights).sum(dim=(1, 2))) for sign in (1, -1))
    numerical = (ahead - behind) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(dim=1), numerical, rtol=0.02, atol=0)


def test_weights_get_no_gradients_and_stay_the_networks_own(network: SpeechRecogniser) -> None:
    head = network.head("1")
    assert list(head.parameters()) == []
    head(SOUNDS.clone().requires_grad_()).sum().backward()
    for module in network.whisper_pass.modules:
        assert all(weight.grad is None for weight in module.parameters())


def test_what_is_no_sound(network: SpeechRecogniser) -> None:
    head = network.head("1")
    with pytest.raises(InputError, match=r"each sound lasts 1.00 s, but the network is opened for 0.4 s"):
        head(torch.zeros(1, 16_000))
    with pytest.raises(InputError, match="expected samples between -1 and 1, got -2 to 0"):
        head(torch.tensor([[0.0, -2.0]]))
    with pytest.raises(InputError, match="expected samples between -1 and 1, got nan"):
        head(torch.full((1, 8), torch.nan))
    with pytest.raises(ShapeError, match=r"expected floats \(n_sounds, n_samples\), got torch.int16"):
        head(torch.zeros(1, 8, dtype=torch.int16))
    with pytest.raises(UnknownNameError, match="unknown layer '3'"):
        network.head("3")


def test_of_whisper_itself() -> None:
    try:
        whisper = open_network("whisper-tiny.en")
    except DownloadError:
        pytest.skip("needs the weights of whisper-tiny.en")
    rng = np.random.default_rng(0)
    sounds = np.clip(rng.normal(0, 0.1, (2, 24_000)), -1, 1).astype(np.float32)
    recorded = whisper.activations(list(sounds), ["0", "3", "4"])
    assert isinstance(whisper, SpeechRecogniser)
    for layer, states in zip(("0", "3", "4"), whisper.heads(["0", "3", "4"])(torch.from_numpy(sounds)), strict=True):
        np.testing.assert_array_equal(states.numpy(), recorded[layer])
