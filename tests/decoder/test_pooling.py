"""Weights of pooled units, as weights of all units: they predict the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotwire.decoder.encoder import Encoder
from hotwire.decoder.encoder_module import EncoderModule
from hotwire.decoder.pooling import pooled, unpooled
from hotwire.errors import InputError

from ..models.small_recogniser import noises, small_recogniser

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("pool", [1, 3, 7])
@pytest.mark.parametrize("n_positions", [2, 5, 8])
def test_stretches_of_time(pool: int, n_positions: int) -> None:
    """Also where there are fewer positions than stretches."""
    states, weights = RNG.normal(size=(4, 8 * 3)), RNG.normal(size=(2, pool * 3))
    few = pooled(states, (8, 3), pool, np.full(4, n_positions))
    whole = unpooled(weights, (8, 3), pool, n_positions)
    np.testing.assert_allclose(states @ whole.T, few @ weights.T, rtol=1e-4, atol=1e-5)
    assert not whole.reshape(2, 8, 3)[:, n_positions:].any()


def test_squares() -> None:
    maps, weights = RNG.normal(size=(4, 2 * 5 * 7)), RNG.normal(size=(2, 2 * 9))
    expected = pooled(maps, (2, 5, 7), 3) @ weights.T
    np.testing.assert_allclose(maps @ unpooled(weights, (2, 5, 7), 3).T, expected, rtol=1e-4, atol=1e-5)


def test_an_encoder_of_sounds_as_a_module() -> None:
    network, sounds = small_recogniser(), noises(12)
    encoder = Encoder(network, "2", pool=1).fit(sounds, RNG.normal(size=(12, 2)))
    states = [network.head("2")(torch.from_numpy(np.stack(sounds)))]
    found = EncoderModule.of(encoder, sounds[0])(states)
    np.testing.assert_allclose(found, encoder.predict(sounds), rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="stimulus: expected a sound, since the encoder averages"):
        EncoderModule.of(encoder)
