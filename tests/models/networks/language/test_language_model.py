from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from hotwire.models.networks.language.language_model import PROMPT, LanguageModel

WORDS = ["bottle", "cat", "chair", "face", "house", "scissors", "noise", "shoe"]
SMALL = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "bos_token_id": None,
    "eos_token_id": 0,
}
ARCHITECTURES = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=1)),
    "gemma2": lambda: transformers.Gemma2ForCausalLM(
        transformers.Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8, sliding_window=64)
    ),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=64, n_embd=16, n_layer=3, n_head=2, bos_token_id=None, eos_token_id=0)
    ),
    "gpt-neox": lambda: transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**SMALL)),
}


def tokenizer() -> transformers.PreTrainedTokenizerFast:
    words = [
        "<end>",
        "A",
        "Ċ",
        ":",
        "x",
        "wine",
        *(f"Ġ{word}" for word in ["picture", "of", "a", "dog", "tree", "x", "wine", "ice"]),
    ]
    vocabulary = {word: index for index, word in enumerate([*words, *(f"Ġ{word}" for word in WORDS)])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<end>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>")


@pytest.fixture(params=sorted(ARCHITECTURES), scope="module")
def network(request: pytest.FixtureRequest) -> LanguageModel:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return LanguageModel(ARCHITECTURES[request.param](), tokenizer())


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return LanguageModel(ARCHITECTURES["llama"](), tokenizer())


@pytest.fixture(scope="module")
def smollm2(fetched: Callable[[str], Path]) -> LanguageModel:
    return LanguageModel.open(fetched("smollm2-135m-instruct"))


def assert_reentry_is_exact(network: LanguageModel) -> None:
    """Every layer's own activation gives the same bits, and those of the plain forward pass to rounding."""
    outputs = {layer: network.resume(layer, network.own_activation(layer)[None]) for layer in network.layers}
    plain = network.outputs([network.prompt.replace("{}", "x")])
    for output in outputs.values():
        np.testing.assert_array_equal(output, outputs["0"])
    np.testing.assert_allclose(outputs["0"], plain, atol=2e-4)


def whole_forward_log_probability(network: LanguageModel, candidate: str) -> float:
    prompt = network._encode(network.prompt.replace("{}", "x"))
    tokens = network._encode(f" {candidate}")
    with torch.inference_mode():
        log_p = torch.log_softmax(network.model(torch.tensor([prompt + tokens])).logits[0], -1)
    return sum(log_p[len(prompt) - 1 + index, token].item() for index, token in enumerate(tokens))


def test_reentering_any_layer_gives_the_output_back(network: LanguageModel) -> None:
    assert list(network.layers) == ["0", "1", "2", "3"]
    assert_reentry_is_exact(network)


def test_candidates_of_several_tokens_are_scored_as_a_whole(network: LanguageModel) -> None:
    candidates = ["cat", "ice wine", "ice house of wine", "picture of a dog"]
    scored = network.log_probabilities("1", network.own_activation("1")[None], candidates)[0]
    expected = [whole_forward_log_probability(network, candidate) for candidate in candidates]
    np.testing.assert_allclose(scored, expected, atol=1e-4)


def test_free_answer_is_the_greedy_one_of_transformers(network: LanguageModel) -> None:
    prompt = torch.tensor([network._encode(network.prompt.replace("{}", "x"))])
    told = network.model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=6, do_sample=False, pad_token_id=0
    )
    expected, _ = network._text_of(told[0, prompt.shape[1] :].tolist())
    assert network.generate("2", network.own_activation("2")[None], max_tokens=6) == [expected]


def test_activation_is_the_state_at_the_last_token(network: LanguageModel) -> None:
    texts = ["A picture of a cat", "A dog", "A picture of a shoe"]
    recorded = network.activations(texts, list(network.layers))
    for row, text in enumerate(texts):
        states = network.model(torch.tensor([network._encode(text)]), output_hidden_states=True).hidden_states
        for layer in ("0", "1", "2"):
            np.testing.assert_allclose(recorded[layer][row], states[int(layer)][0, -1].detach(), atol=1e-5)


def test_injected_state_changes_the_answer_and_only_its_own(llama: LanguageModel) -> None:
    rng = np.random.default_rng(0)
    states = rng.normal(size=(5, 16)).astype(np.float32)
    together = llama.resume("1", states)
    alone = np.concatenate([llama.resume("1", state[None]) for state in states])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(together, axis=0).max() > 1e-3


@settings(max_examples=20)
@given(order=st.permutations(["cat", "ice wine", "house", "ice house", "dog of wine"]))
def test_candidates_do_not_see_each_other(order: list[str]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = LanguageModel(ARCHITECTURES["llama"](), tokenizer())
    state = network.own_activation("1")[None] * 2
    alone = [network.log_probabilities("1", state, [candidate])[0, 0] for candidate in order]
    np.testing.assert_allclose(network.log_probabilities("1", state, order)[0], alone, atol=1e-4)


def test_untrained_has_the_same_shape_other_weights_and_a_seed(llama: LanguageModel) -> None:
    one, same, other = llama.untrained(0), llama.untrained(0), llama.untrained(1)
    assert one.layers == llama.layers
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, llama.fingerprint}) == 3


@pytest.mark.parametrize(
    ("candidates", "message"),
    [(["cat", " "], "position 1"), (["cat", "dog", "cat"], "'cat' is there twice"), ([], "got none")],
)
def test_wrong_candidates(llama: LanguageModel, candidates: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        llama.log_probabilities("1", np.zeros((1, 16)), candidates)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("A picture", "expected one {}"),
        ("A {} of a {}:", "got 2"),
        ("A picture of a {}", "nothing follows"),
        ("A picture of a dog{}x", "does not stand apart"),
    ],
)
def test_wrong_prompts(llama: LanguageModel, prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        llama.with_prompt(prompt)


def test_wrong_layers_and_states(llama: LanguageModel) -> None:
    with pytest.raises(UnknownNameError, match="There are: 0, 1, 2, 3"):
        llama.resume("7", np.zeros((1, 16)))
    with pytest.raises(UnknownNameError):
        llama.log_probabilities("7", np.zeros((1, 16)), ["cat"])
    with pytest.raises(ShapeError, match="16"):
        llama.resume("1", np.zeros((1, 15)))
    with pytest.raises(NonFiniteError):
        llama.resume("1", np.full((1, 16), np.nan))
    with pytest.raises(InputError, match="expected texts"):
        llama.activations([""], ["1"])


def test_prompt_longer_than_a_sliding_window_is_refused() -> None:
    config = transformers.Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8, sliding_window=4)
    network = LanguageModel(transformers.Gemma2ForCausalLM(config), tokenizer())
    with pytest.raises(InputError, match="look back only 4"):
        network.resume("1", np.zeros((1, 16)))


@pytest.mark.slow
def test_smollm2_reenters_exactly_at_all_its_layers(smollm2: LanguageModel) -> None:
    assert len(smollm2.layers) == 31
    assert_reentry_is_exact(smollm2)


@pytest.mark.slow
def test_smollm2_says_the_word_whose_true_state_is_injected(smollm2: LanguageModel) -> None:
    template = PROMPT.splitlines()[0].partition(":")[0].replace("dog", "{}")
    states = smollm2.activations([template.format(word) for word in WORDS], ["4", "8", "12"])
    for layer, activations in states.items():
        assert smollm2.generate(layer, activations) == WORDS
        assert smollm2.log_probabilities(layer, activations, WORDS).argmax(1).tolist() == list(range(8))
