"""A text read many tokens at once is the text read token by token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hotwire.errors import InputError
from hotwire.models.networks.language import reading
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.reading import read_text
from hotwire.models.networks.language.sliding_pass import SlidingPass

from ....decoder.small_study import save_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder: Path = tmp_path_factory.mktemp("network")
    save_network(folder)
    return LanguageModel.open(folder)


def step_by_step(network: LanguageModel, layer: str, n_tokens: int, text: list[list[int]]) -> tuple[list, list[float]]:
    sliding = SlidingPass(network, layer, n_tokens=n_tokens)
    memory, log_p = sliding.begin(1)
    states, surprisal = [], []
    for word in text:
        nats, entered = 0.0, None
        for token in word:
            nats -= float(log_p[0, token])
            entered = sliding.enter(memory, torch.tensor([token]))
            memory, log_p = sliding.go_on(memory, entered)
        assert entered is not None
        states.append(entered.states[0].numpy())
        surprisal.append(nats)
    return states, surprisal


@pytest.mark.parametrize("at_once", [1, 3, 8, 256])
@pytest.mark.parametrize("n_tokens", [3, 6])
def test_a_text_is_read_as_token_by_token(
    network: LanguageModel, monkeypatch: pytest.MonkeyPatch, at_once: int, n_tokens: int
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    text = [rng.integers(0, 32, size=rng.integers(1, 4)).tolist() for _ in range(12)]
    read = read_text(SlidingPass(network, "1", n_tokens=n_tokens), [0, 1, 2], text)
    assert list(read.states) == ["0", "1", "2"]
    for layer, found in read.states.items():
        states, surprisal = step_by_step(network, layer, n_tokens, text)
        np.testing.assert_allclose(found, states, atol=1e-5)
        np.testing.assert_allclose(read.surprisal, surprisal, atol=1e-5)


def test_a_word_without_tokens(network: LanguageModel) -> None:
    with pytest.raises(InputError, match="got none for word 2"):
        read_text(SlidingPass(network, "1"), [1], [[1], []])
