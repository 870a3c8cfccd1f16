"""A sliding pass as graphs: what it computes is what the network does, however texts branch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from hotwire.errors import InputError
from hotwire.models.export.sliding_graphs import SlidingGraphs, among, sliding_graphs
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.sliding_pass import SlidingPass

TOKENS = [5, 9, 2, 30, 17, 21, 8]


class NoTokenizer:
    bos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1 + ord(letter) % 30 for letter in text.replace(" x", "x")]}


@pytest.fixture(scope="module")
def network() -> LanguageModel:
    config = transformers.LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=7,
        eos_token_id=0,
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return LanguageModel(transformers.LlamaForCausalLM(config), NoTokenizer(), prompt="a {}:")


@pytest.fixture(scope="module")
def sliding(network: LanguageModel) -> SlidingPass:
    return SlidingPass(network, "1", n_tokens=6)


@pytest.fixture(scope="module")
def made(sliding: SlidingPass) -> SlidingGraphs:
    return sliding_graphs(sliding, TOKENS, n_rows=18)


def compared(sliding: SlidingPass, made: SlidingGraphs, n_words: int = 14) -> list[Any]:
    """Texts branch at random, at most 18 of them; each step is compared."""
    graphs, rng, tokens = made.open(), np.random.default_rng(0), torch.tensor(TOKENS)
    memory, log_p, log_mass = graphs.begin()
    own, own_log_p = sliding.begin(1)
    outputs = []
    for _ in range(n_words):
        of_words, mass = among(own_log_p, len(TOKENS), tokens)
        np.testing.assert_allclose(log_p, of_words, atol=2e-4)
        np.testing.assert_allclose(log_mass, mass, atol=2e-4)
        rows = np.sort(rng.integers(0, len(log_p), size=rng.integers(1, 90)))
        words = rng.integers(0, len(TOKENS), size=len(rows))
        states, entered = graphs.enter(memory, words, rows)
        expected = sliding.enter(own, tokens[words], torch.from_numpy(rows))
        np.testing.assert_allclose(states, expected.states, rtol=1e-4, atol=2e-4)
        kept = rng.permutation(len(rows))[: rng.integers(1, 19)]
        memory, log_p, log_mass = graphs.go_on(memory.take(rows[kept]), entered.take(kept))
        own, own_log_p = sliding.go_on(own.take(torch.from_numpy(rows[kept])), expected.take(torch.from_numpy(kept)))
        outputs += [states, log_p, log_mass]
    return outputs


def test_graphs_are_the_network(sliding: SlidingPass, made: SlidingGraphs) -> None:
    assert made.shapes.n_rows == 32
    once, again = compared(sliding, made), compared(sliding, made)
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("layer", ["0", "2"])
def test_all_layers_in_one_half(network: LanguageModel, layer: str) -> None:
    sliding = SlidingPass(network, layer, n_tokens=4)
    compared(sliding, sliding_graphs(sliding, TOKENS, n_rows=18), n_words=6)


def test_faults(made: SlidingGraphs) -> None:
    with pytest.raises(InputError, match=r"expected whole numbers above 0, .*'n_words': 0"):
        replace(made.shapes, n_words=0)
    with pytest.raises(InputError, match="expected a layer of 2, and rows in whole parts"):
        replace(made.shapes, layer=3)
