"""Receptive fields: against ridge by its normal equations, and made-up sites whose fields are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from hotwire.adapters import plan
from hotwire.decoder import Encoder
from hotwire.decoder.encoder_module import EncoderModule
from hotwire.decoder.pooling import pooled, unpooled
from hotwire.decoder.receptive_fields import FIELDS, RECEPTIVE_FIELD, ReceptiveField
from hotwire.errors import InputError
from hotwire.models.networks.torch_network import TorchNetwork

RNG = np.random.default_rng(0)
SIDE = 14
STIMULI, NEW = (RNG.normal(size=(n, 2, SIDE, SIDE)).astype(np.float32) for n in (90, 8))
TRUE = (ReceptiveField(0.3, 0.65, 0.1), ReceptiveField(0.55, 0.25, 0.2))


@pytest.fixture(scope="module")
def network() -> TorchNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        convolutions = torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 3, 5, stride=2)
        module = torch.nn.Sequential(*convolutions, torch.nn.Flatten())
    return TorchNetwork(module, torch.zeros(1, 2, SIDE, SIDE), name="two convolutions")


def maps(network: TorchNetwork, stimuli: np.ndarray, layer: str = "1") -> np.ndarray:
    return network.activations(stimuli, [layer])[layer].astype(np.float64)


def seen(network: TorchNetwork, stimuli: np.ndarray, field: ReceptiveField, layer: str = "1") -> np.ndarray:
    """The mean of each channel, weighted by a Gaussian that is written out."""
    of = maps(network, stimuli, layer)
    y, x = ((np.arange(n) + 0.5) / n for n in of.shape[2:])
    distance = (y[:, None] - field.y) ** 2 + (x[None] - field.x) ** 2
    mask = np.exp(-distance / (2 * field.width**2))
    return (of * mask).sum(axis=(2, 3)) / mask.sum()


@pytest.fixture(scope="module")
def responses(network: TorchNetwork) -> np.ndarray:
    """Two sites that see the second layer through a field, with some noise."""
    signal = np.stack([seen(network, STIMULI, of) @ [1.0, -2.0, 1.0, 0.5] for of in TRUE], axis=1)
    return 5 + signal / signal.std(axis=0) + 0.3 * RNG.normal(size=signal.shape)


@pytest.fixture(scope="module")
def encoder(network: TorchNetwork, responses: np.ndarray) -> Encoder:
    return Encoder(network, "1", pool=RECEPTIVE_FIELD).fit(STIMULI, responses)


def test_fields_of_made_up_sites_are_found(encoder: Encoder) -> None:
    """Their centres lie between those of the family, which are 1/5 apart."""
    for found, true in zip(encoder.fields_, TRUE, strict=True):
        assert max(abs(found.y - true.y), abs(found.x - true.x)) < 0.08
        assert found.width == true.width


def test_is_ridge_on_the_channels_of_the_field(network: TorchNetwork, encoder: Encoder, responses: np.ndarray) -> None:
    for i, field in enumerate(encoder.fields_):
        X = seen(network, STIMULI, field)
        size = np.linalg.norm(X - X.mean(axis=0))
        reference = Ridge(alpha=encoder.alpha_[i], solver="cholesky").fit(X / size, responses[:, i])
        expected = reference.predict(seen(network, NEW, field) / size)
        np.testing.assert_allclose(encoder.predict(NEW)[:, i], expected, rtol=1e-4)
    assert encoder.weights()["1"].shape == (2, len(FIELDS) * 4)


def test_the_field_has_the_least_generalised_error(
    network: TorchNetwork, encoder: Encoder, responses: np.ndarray
) -> None:
    """By the hat matrix of each field and strength, written out."""
    y, n = responses[:, 0] - responses[:, 0].mean(), len(STIMULI)

    def least(field: ReceptiveField) -> float:
        X = seen(network, STIMULI, field)
        X = (X - X.mean(axis=0)) / np.linalg.norm(X - X.mean(axis=0))
        errors = []
        for alpha in 10.0 ** (np.arange(-13, 3) / 2):
            hat = X @ np.linalg.solve(X.T @ X + alpha * np.eye(4), X.T)
            errors.append(np.mean((y - hat @ y) ** 2) / ((n - 1 - np.trace(hat)) / n) ** 2)
        return min(errors)

    every = [least(field) for field in FIELDS]
    assert FIELDS[int(np.argmin(every))] == encoder.fields_[0]
    np.testing.assert_allclose(np.asarray(encoder.adapter_.cv_errors_)[:, 0], every, rtol=1e-2)


def test_layers_share_the_field_and_a_single_site_has_one(network: TorchNetwork, responses: np.ndarray) -> None:
    both = Encoder(network, ["1", "2"], pool=RECEPTIVE_FIELD).fit(STIMULI, responses[:, 0])
    assert both.predict(NEW).shape == (8,)
    weights = {layer: of.reshape(len(FIELDS), -1) for layer, of in both.weights().items()}
    used = {layer: np.flatnonzero(of.any(axis=1)).tolist() for layer, of in weights.items()}
    assert used["1"] == used["2"] == [FIELDS.index(both.fields_[0])]
    assert both.fields_[0][:2] == pytest.approx(TRUE[0][:2], abs=0.08)


def test_as_a_module_it_predicts_the_same_and_its_gradients_lie_in_the_field(
    network: TorchNetwork, encoder: Encoder
) -> None:
    activations = torch.from_numpy(network.activations(NEW, ["1"])["1"]).requires_grad_()
    predicted = EncoderModule.of(encoder)([activations])
    np.testing.assert_allclose(predicted.detach().numpy(), encoder.predict(NEW), rtol=1e-4)
    predicted[0, 1].backward()
    assert activations.grad is not None
    strength = activations.grad[0].abs().sum(dim=0).numpy()
    expected = encoder.fields_[1].mask(SIDE, SIDE)
    np.testing.assert_allclose(strength / strength.sum(), expected, atol=1e-6)


def test_weights_of_fields_do_the_same_spread_over_all_positions() -> None:
    of, weights = RNG.normal(size=(4, 2 * 7 * 5)), RNG.normal(size=(3, len(FIELDS) * 2))
    channels = pooled(of, (2, 7, 5), RECEPTIVE_FIELD)
    assert channels.shape == (4, len(FIELDS), 2)
    expected = channels.reshape(4, -1) @ weights.T
    np.testing.assert_allclose(of @ unpooled(weights, (2, 7, 5), RECEPTIVE_FIELD).T, expected, rtol=1e-4, atol=1e-4)


def test_wrong_inputs(network: TorchNetwork, responses: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"needs layers of maps .* but 3 of two convolutions is \(75,\); leave"):
        Encoder(network, ["1", "3"], pool=RECEPTIVE_FIELD).fit(STIMULI, responses)
    monkeypatch.setattr(plan, "machine_bytes", lambda: 1e5)
    with pytest.raises(InputError, match=r"receptive fields in 4 channels will take .* 0.1 MB: take fewer layers"):
        Encoder(network, "1", pool=RECEPTIVE_FIELD).fit(STIMULI, responses)
