from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers

from hotwire.errors import InputError, UnknownNameError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.sliding_pass import Memory, SlidingPass

SMALL: dict[str, Any] = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3}
HEADS: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 2}


class NoTokenizer:
    """The pass takes tokens; the prompt of a language model does not matter here."""

    bos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1 + ord(letter) % 30 for letter in text.replace(" x", "x")]}


@pytest.fixture(scope="module")
def network() -> LanguageModel:
    config = transformers.LlamaConfig(**SMALL, **HEADS, bos_token_id=7, eos_token_id=0)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model = transformers.LlamaForCausalLM(config)
        for weight in model.parameters():
            weight.data.mul_(3.0)  # far from the linear regime of a fresh network
    return LanguageModel(model, NoTokenizer(), prompt="a {}:")


def dense(network: LanguageModel, tokens: list[int], n_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """The equations of Llama, token by token: states that enter each layer, and log probabilities after each token.

    A token attends to itself, to the `n_tokens` - 2 before it and to the first, which counts as the one before those.
    """
    w = {name: tensor.double().numpy() for name, tensor in network.model.state_dict().items()}
    config = network.model.config
    width = config.hidden_size // config.num_attention_heads
    shared = config.num_attention_heads // config.num_key_value_heads
    frequency = config.rope_parameters["rope_theta"] ** (-np.arange(0, width, 2) / width)

    def norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + config.rms_norm_eps) * weight

    def turned(x: np.ndarray, position: int) -> np.ndarray:
        """Every pair of numbers of a head as a complex one, turned by the position's angle."""
        pairs = (x[..., : width // 2] + 1j * x[..., width // 2 :]) * np.exp(1j * frequency * position)
        return np.concatenate([pairs.real, pairs.imag], axis=-1)

    hidden, states = w["model.embed_tokens.weight"][tokens], []
    for layer in range(config.num_hidden_layers):
        states.append(hidden)
        of = {name.split(f"layers.{layer}.")[1]: x for name, x in w.items() if f"layers.{layer}." in name}
        entering = norm(hidden, of["input_layernorm.weight"])
        query, key, value = (
            (entering @ of[f"self_attn.{one}_proj.weight"].T).reshape(len(tokens), -1, width) for one in "qkv"
        )
        heard = np.zeros_like(query)
        for i in range(len(tokens)):
            seen = [0, *range(max(1, i - n_tokens + 2), i + 1)] if i else [0]
            for head in range(config.num_attention_heads):
                scores = [
                    turned(query[i, head], place) @ turned(key[j, head // shared], other) / np.sqrt(width)
                    for place in [len(seen) - 1]
                    for other, j in enumerate(seen)
                ]
                weights = np.exp(scores - np.max(scores))
                heard[i, head] = weights / weights.sum() @ value[seen, head // shared]
        hidden = hidden + heard.reshape(len(tokens), -1) @ of["self_attn.o_proj.weight"].T
        entering = norm(hidden, of["post_attention_layernorm.weight"])
        gate = entering @ of["mlp.gate_proj.weight"].T
        up = entering @ of["mlp.up_proj.weight"].T
        hidden = hidden + (gate / (1 + np.exp(-gate)) * up) @ of["mlp.down_proj.weight"].T
    logits = norm(hidden, w["model.norm.weight"]) @ w["lm_head.weight"].T
    return np.array([*states, hidden]), logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def read(sliding: SlidingPass, tokens: torch.Tensor) -> tuple[np.ndarray, np.ndarray, Memory]:
    """States and log probabilities, token by token, of texts (n_rows, n_tokens)."""
    memory, log_p = sliding.begin(len(tokens))
    states, all_log_p = [], [log_p.numpy()]
    for column in tokens.T:
        entered = sliding.enter(memory, column)
        memory, log_p = sliding.go_on(memory, entered)
        states.append(entered.states.numpy())
        all_log_p.append(log_p.numpy())
    return np.array(states), np.array(all_log_p), memory


@pytest.mark.parametrize(("layer", "n_tokens"), [("0", 5), ("1", 3), ("2", 6), ("3", 40)])
def test_is_the_networks_equations(network: LanguageModel, layer: str, n_tokens: int) -> None:
    tokens = torch.from_numpy(np.random.default_rng(0).integers(0, 40, size=(2, 20)))
    states, log_p, _ = read(SlidingPass(network, layer, n_tokens=n_tokens), tokens)
    for row, text in enumerate(tokens.tolist()):
        expected, expected_log_p = dense(network, [7, *text], n_tokens)
        np.testing.assert_allclose(states[:, row], expected[int(layer), 1:], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(log_p[:, row], expected_log_p, rtol=1e-4, atol=1e-4)


def test_with_room_for_all_it_is_the_network(network: LanguageModel) -> None:
    tokens = torch.from_numpy(np.random.default_rng(1).integers(0, 40, size=(3, 12)))
    _, log_p, _ = read(SlidingPass(network, "1"), tokens)
    with torch.inference_mode():
        logits = network.model(torch.cat([torch.full((3, 1), 7), tokens], dim=1)).logits
    expected = torch.log_softmax(logits, dim=-1).numpy().swapaxes(0, 1)
    np.testing.assert_allclose(log_p, expected, rtol=1e-4, atol=1e-4)


def test_candidates_are_what_reading_them_gives(network: LanguageModel) -> None:
    """Candidates of several texts at once, then those that survive: as if each text had been read alone."""
    sliding = SlidingPass(network, "2", n_tokens=5)
    tokens = torch.from_numpy(np.random.default_rng(2).integers(0, 40, size=(3, 9)))
    _, _, memory = read(sliding, tokens)
    rows, words = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([3, 4, 3, 5, 6])
    entered = sliding.enter(memory, words, rows)
    kept = torch.tensor([1, 2, 4])
    grown, log_p = sliding.go_on(memory.take(rows[kept]), entered.take(kept))
    assert len(grown) == 3
    assert grown.keys.shape[-1] == 3
    texts = torch.cat([tokens[rows], words[:, None]], dim=1)
    for number, text in enumerate(texts):
        states, alone, _ = read(sliding, text[None])
        np.testing.assert_allclose(entered.states[number], states[-1, 0], rtol=1e-5, atol=1e-5)
        if number in kept.tolist():
            np.testing.assert_allclose(log_p[kept.tolist().index(number)], alone[-1, 0], rtol=1e-5, atol=1e-5)


def test_memory_is_bounded_and_the_same_bits_come_again(network: LanguageModel) -> None:
    sliding = SlidingPass(network, "1", n_tokens=4)
    tokens = torch.from_numpy(np.random.default_rng(3).integers(0, 40, size=(1, 60)))
    once, again = read(sliding, tokens), read(sliding, tokens)
    assert once[2].keys.shape == (3, 1, 2, 4, 2)
    for one, other in zip(once[:2], again[:2], strict=True):
        np.testing.assert_array_equal(one, other)


def test_faults(network: LanguageModel) -> None:
    with pytest.raises(InputError, match="n_tokens: expected at least 3"):
        SlidingPass(network, "1", n_tokens=2)
    with pytest.raises(UnknownNameError, match="unknown layer '4'"):
        SlidingPass(network, "4")
    config = transformers.GPT2Config(vocab_size=40, n_embd=16, n_layer=3, n_head=2, bos_token_id=0, eos_token_id=0)
    other = LanguageModel(transformers.GPT2LMHeadModel(config), NoTokenizer(), prompt="a {}:")
    with pytest.raises(InputError, match="of the family llama, got 'gpt2'"):
        SlidingPass(other, "1")
