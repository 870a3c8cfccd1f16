"""The encoder: ridge from a layer's activations to responses, against scikit-learn on the wide arrays themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

from hotwire.decoder import Encoder
from hotwire.decoder.encoder_module import EncoderModule
from hotwire.decoder.pooling import pooled, unpooled
from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from hotwire.models.networks.torch_network import TorchNetwork

RNG = np.random.default_rng(0)
STIMULI = RNG.normal(size=(50, 3, 8, 8)).astype(np.float32)
NEW = RNG.normal(size=(7, 3, 8, 8)).astype(np.float32)
RESPONSES = np.stack(
    [STIMULI[:, 0].mean(axis=(1, 2)), STIMULI[:, 1, :4].std(axis=(1, 2)), RNG.normal(size=50)], axis=1
) * [10.0, 5.0, 1.0] + [0.0, 3.0, 100.0]


@pytest.fixture(scope="module")
def network() -> TorchNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = torch.nn.Sequential(
            torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(6, 4, 3), torch.nn.Flatten()
        )
    return TorchNetwork(module, torch.zeros(1, 3, 8, 8), name="two convolutions")


def activations(network: TorchNetwork, stimuli: np.ndarray, layer: str, side: int | None = None) -> np.ndarray:
    recorded = network.activations(stimuli, [layer])[layer].astype(np.float64)
    if side is not None:
        recorded = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(recorded), side).numpy()
    return recorded.reshape(len(stimuli), -1)


@pytest.mark.parametrize("side", [None, 4])
def test_is_ridge_on_the_activations(network: TorchNetwork, side: int | None) -> None:
    """Scikit-learn's, with the strengths that were chosen, site by site."""
    encoder = Encoder(network, "1", pool=side).fit(STIMULI, RESPONSES)
    X, X_new = (activations(network, of, "1", side) for of in (STIMULI, NEW))
    size = np.linalg.norm(X - X.mean(axis=0))
    reference = Ridge(alpha=encoder.alpha_, solver="cholesky").fit(X / size, RESPONSES)
    np.testing.assert_allclose(encoder.predict(NEW), reference.predict(X_new / size), rtol=1e-4, atol=1e-5)
    weights = encoder.weights()["1"]
    np.testing.assert_allclose(weights, reference.coef_ / size, rtol=1e-3, atol=1e-5 * np.abs(weights).max())
    assert len(set(encoder.alpha_)) > 1  # noise wants another strength than signal


def test_several_layers_weigh_the_same(network: TorchNetwork) -> None:
    encoder = Encoder(network, ["1", "2"]).fit(STIMULI, RESPONSES)
    wide, wide_new = (
        [activations(network, of, layer) / size for layer, size in encoder.scales_.items()] for of in (STIMULI, NEW)
    )
    assert [np.linalg.norm(of - of.mean(axis=0)) for of in wide] == pytest.approx([1.0, 1.0])
    reference = Ridge(alpha=encoder.alpha_, solver="cholesky").fit(np.hstack(wide), RESPONSES)
    np.testing.assert_allclose(encoder.predict(NEW), reference.predict(np.hstack(wide_new)), rtol=1e-4, atol=1e-5)
    assert {layer: of.shape for layer, of in encoder.weights().items()} == {"1": (3, 384), "2": (3, 144)}


def test_follows_scikit_learn(network: TorchNetwork) -> None:
    encoder = Encoder(network, "1")
    copy: Any = clone(encoder)
    assert copy.get_params()["layer"] == "1"
    predicted: Any = cross_val_predict(encoder, STIMULI, RESPONSES, cv=KFold(5))
    r = [np.corrcoef(*pair)[0, 1] for pair in zip(RESPONSES.T, predicted.T, strict=True)]
    assert r[0] > 0.5
    assert abs(r[2]) < 0.5
    one = copy.fit(STIMULI, RESPONSES[:, 0])
    assert one.predict(NEW).shape == (7,)
    assert one.score(STIMULI, RESPONSES[:, 0]) > 0.9
    assert one.weights()["1"].shape == (1, 384)


def test_groups_are_not_divided_where_strengths_are_chosen(network: TorchNetwork) -> None:
    """Five times the same stimulus and response, by noise alone: undivided, nothing is to be learnt from it."""
    stimuli, noise = np.repeat(STIMULI[:10], 5, axis=0), np.repeat(RNG.normal(size=(10, 1)), 5, axis=0)
    alone = Encoder(network, "1").fit(stimuli, noise)
    grouped = Encoder(network, "1").fit(stimuli, noise, groups=np.repeat(np.arange(10), 5))
    assert grouped.alpha_ > 100 * alone.alpha_


def test_pooling_is_torchs_where_maps_divide_and_covers_all_where_not() -> None:
    maps = RNG.normal(size=(3, 2, 12, 8))
    expected = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(maps), 4).numpy()
    np.testing.assert_allclose(pooled(maps.reshape(3, -1), (2, 12, 8), 4), expected.reshape(3, -1), rtol=1e-6)
    assert pooled(np.ones((2, 7 * 5), np.float32), (1, 7, 5), 3).tolist() == [[1.0] * 9] * 2
    assert pooled(maps.reshape(3, -1), (2, 12, 8), 12).shape == (3, 192)


@pytest.mark.parametrize(
    ("layer", "responses", "kind", "said"),
    [
        ("1", RESPONSES[:-1], ShapeError, r"a row for each of the 50 stimuli, got \(49, 3\)"),
        ("1", RESPONSES * [1, 0, 1], InputError, r"site 1 never varies, .* \(1 of 3 sites\); leave such sites out"),
        ("1", np.full_like(RESPONSES, np.nan), NonFiniteError, "holds NaN at stimulus 0, site 0"),
        ("7", RESPONSES, UnknownNameError, "layer"),
        ([], RESPONSES, InputError, "layer: expected a layer's name, or several, got none"),
    ],
)
def test_wrong_inputs(
    network: TorchNetwork, layer: str | list[str], responses: np.ndarray, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        Encoder(network, layer).fit(STIMULI, responses)


@pytest.mark.parametrize("side", [None, 3])
def test_as_a_module_it_predicts_the_same_and_has_gradients(network: TorchNetwork, side: int | None) -> None:
    """8 and 6 positions in 3 parts: neither all of a size, nor of one size for both layers."""
    encoder = Encoder(network, ["1", "2"], pool=side).fit(STIMULI, RESPONSES)
    module = EncoderModule.of(encoder)
    recorded = network.activations(NEW, module.layers)
    activations = [torch.from_numpy(recorded[layer]).requires_grad_() for layer in module.layers]
    responses = module(activations)
    spread = RESPONSES.std(axis=0)
    np.testing.assert_allclose(responses.detach().numpy() / spread, encoder.predict(NEW) / spread, atol=1e-5)
    responses[:, 0].sum().backward()
    assert all(of.grad is not None and of.grad.any() for of in activations)
    assert not list(module.parameters())  # nothing to train


def test_weights_of_pooled_units_do_the_same_spread_over_all() -> None:
    maps, weights = RNG.normal(size=(4, 2 * 7 * 5)), RNG.normal(size=(3, 2 * 3 * 3))
    expected = pooled(maps, (2, 7, 5), 3) @ weights.T
    np.testing.assert_allclose(maps @ unpooled(weights, (2, 7, 5), 3).T, expected, rtol=1e-5, atol=1e-6)
