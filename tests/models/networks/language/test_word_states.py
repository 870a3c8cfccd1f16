from __future__ import annotations

import pytest
import torch
import transformers

from hotwire.errors import InputError, UnknownNameError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.word_states import word_states

WORDS = ["alice", "was", "beginning", "to", "get", "very", "tired"]


class Letters:
    """A token for each letter of a word; words of no letters have none."""

    bos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1 + ord(letter) % 30 for letter in text.replace(" ", "")]}


@pytest.fixture(scope="module")
def network() -> LanguageModel:
    config = transformers.LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        bos_token_id=7,
    )
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model = transformers.LlamaForCausalLM(config)
        for weight in model.parameters():
            weight.data.mul_(3.0)
    return LanguageModel(model, Letters(), prompt="a {} :")


def whole(network: LanguageModel, words: list[str]) -> tuple[list[torch.Tensor], list[float], list[int]]:
    """The text in one pass of the model: states by layer, and nats of each token."""
    tokens, ends = [7], []
    for word in words:
        tokens += Letters()(word)["input_ids"]
        ends.append(len(tokens) - 1)
    with torch.inference_mode():
        output = network.model(torch.tensor([tokens]), output_hidden_states=True)
        log_p = torch.log_softmax(output.logits[0], dim=1)
    nats = [0.0] + [-float(log_p[i - 1, token]) for i, token in enumerate(tokens) if i]
    return [of[0] for of in output.hidden_states], nats, ends


def test_states_and_surprisal_of_words_are_those_of_one_pass(network: LanguageModel) -> None:
    states, nats, ends = whole(network, WORDS)
    found = word_states(network, WORDS, ["0", "2"], n_context=32)
    for layer in (0, 2):
        torch.testing.assert_close(torch.tensor(found.states[str(layer)]), states[layer][ends], rtol=1e-4, atol=1e-5)
    starts = [1, *(end + 1 for end in ends[:-1])]
    expected = [sum(nats[start : end + 1]) for start, end in zip(starts, ends, strict=True)]
    assert found.surprisal.tolist() == pytest.approx(expected, rel=1e-4)


def test_a_long_text_is_read_in_pieces_that_know_what_came_before(network: LanguageModel) -> None:
    """Within the second piece, states are those of a text that begins one piece earlier."""
    found = word_states(network, WORDS, ["2"], n_context=16)
    _, _, ends = whole(network, WORDS)
    tokens = [7, *(token for word in WORDS for token in Letters()(word)["input_ids"])]
    last = len(tokens) // 16 * 16
    with torch.inference_mode():
        piece = network.model(torch.tensor([tokens[last - 16 :]]), output_hidden_states=True).hidden_states[2][0]
    at = [i for i, end in enumerate(ends) if end >= last]
    expected = piece[[ends[i] - last + 16 for i in at]]
    torch.testing.assert_close(torch.tensor(found.states["2"][at]), expected, rtol=1e-4, atol=1e-5)
    early = word_states(network, WORDS[:3], ["2"], n_context=16)
    torch.testing.assert_close(torch.tensor(found.states["2"][:3]), torch.tensor(early.states["2"]))


def test_what_cannot_be_read(network: LanguageModel) -> None:
    with pytest.raises(InputError, match="words with tokens, got ' '"):
        word_states(network, ["a", " "], ["2"], n_context=16)
    with pytest.raises(InputError, match="n_context: expected 1 to 32 tokens, got 33"):
        word_states(network, WORDS, ["2"], n_context=33)
    with pytest.raises(UnknownNameError, match="layer"):
        word_states(network, WORDS, ["9"])
