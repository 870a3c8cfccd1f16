"""Language models behind a layer, as graphs that onnxruntime runs alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import transformers
from onnxruntime import InferenceSession
from scipy.special import log_softmax
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from hotwire.errors import InputError
from hotwire.models.export.language_graphs import TextGraphs, text_graphs, token_bytes
from hotwire.models.export.scoring_graph import scoring_graph
from hotwire.models.networks.free_text import text_of
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.one_thread import open_session

WORDS = ["bottle", "cat", "chair", "face", "house", "scissors", "noise", "shoe"]
LONG = ["cat", "ice wine", "ice house of wine", "picture of a dog", "shoe"]
SMALL = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "bos_token_id": None,
    "eos_token_id": 0,
    # The usual scale leaves a network so small with much the same answer to everything.
    "initializer_range": 0.3,
}
ARCHITECTURES = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=1)),
    "gemma2": lambda: transformers.Gemma2ForCausalLM(
        transformers.Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8, sliding_window=64)
    ),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=64, n_embd=16, n_layer=3, n_head=2, bos_token_id=None, eos_token_id=0, initializer_range=0.3
        )
    ),
    "gpt-neox": lambda: transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**SMALL)),
}


def byte_level() -> transformers.PreTrainedTokenizerFast:
    """Words, and the bytes of an accented letter apart."""
    words = ["<end>", "A", "Ċ", ":", "x", "wine", "Ã", "©", "Ċcat"]
    words += [f"Ġ{word}" for word in ["picture", "of", "a", "dog", "tree", "x", "wine", "ice", *WORDS]]
    made = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<end>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>")


# Seeds at which what is put in changes what is said, for several tokens.
SEEDS = {"gemma2": 11, "gpt-neox": 1, "gpt2": 31, "llama": 4}


def random_network(architecture: str) -> LanguageModel:
    with torch.random.fork_rng():
        torch.manual_seed(SEEDS[architecture])
        return LanguageModel(ARCHITECTURES[architecture](), byte_level())


@pytest.fixture(params=sorted(ARCHITECTURES), scope="module")
def network(request: pytest.FixtureRequest) -> LanguageModel:
    return random_network(request.param)


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    return random_network("llama")


def states(network: LanguageModel, layer: str, count: int) -> np.ndarray:
    """The placeholder's own state, with more and more noise."""
    own = network.own_activation(layer)
    noise = np.random.default_rng(0).normal(size=(count, len(own))) * np.linspace(0, 3, count)[:, None]
    return (own + own.std() * noise).astype(np.float32)


def scored(graph: onnx.ModelProto, states: np.ndarray) -> np.ndarray:
    ready = open_session(graph.SerializeToString())
    rows = [ready.run(["log_probabilities"], {"activation": state[None]})[0] for state in states]
    return np.concatenate([np.asarray(row) for row in rows])


def assert_scores_equal(network: LanguageModel, graph: onnx.ModelProto, layer: str, answers: list[str]) -> None:
    entered = states(network, layer, 12)
    found = log_softmax(scored(graph, entered), axis=1)
    expected = log_softmax(network.log_probabilities(layer, entered, answers), axis=1)
    np.testing.assert_allclose(np.exp(found), np.exp(expected), atol=1e-5)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # What is put in behind the last layer only reaches the placeholder, which no answer looks at any more.
    assert layer == "3" or np.ptp(expected, axis=0).max() > 0.05


def texts(graphs: TextGraphs, states: np.ndarray) -> list[str]:
    answer, step = open_session(graphs.scoring.SerializeToString()), open_session(graphs.step.SerializeToString())
    return [text(graphs, answer, step, state) for state in states]


def text(graphs: TextGraphs, answer: InferenceSession, step: InferenceSession, state: np.ndarray) -> str:
    token, kept = answer.run(["token", "kept"], {"activation": state[None]})
    said = [int(np.asarray(token)[0])]
    for number in range(graphs.max_tokens - 1):
        if text_of(said, graphs.vocabulary, graphs.end)[1]:
            break
        entered = {"token": token, "step": np.array([number]), "kept": kept}
        token, kept = step.run(["next_token", "next_kept"], entered)
        said.append(int(np.asarray(token)[0]))
    return text_of(said, graphs.vocabulary, graphs.end)[0]


def assert_fixed(graph: onnx.ModelProto) -> None:
    onnx.checker.check_model(graph)
    inferred = onnx.shape_inference.infer_shapes(graph, strict_mode=True, data_prop=True).graph
    for value in (*inferred.input, *inferred.output, *inferred.value_info):
        assert value.type.tensor_type.HasField("shape"), value.name
        assert all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim), value.name


@pytest.mark.parametrize(("layer", "answers"), [("0", LONG), ("1", WORDS), ("3", LONG)])
def test_graph_scores_answers_as_the_network_does(llama: LanguageModel, layer: str, answers: list[str]) -> None:
    graph = scoring_graph(llama, layer, answers)
    assert_scores_equal(llama, graph, layer, answers)
    assert_fixed(graph)


def test_free_answers_are_those_of_the_network(network: LanguageModel) -> None:
    graphs = text_graphs(network, "2", LONG, max_tokens=6)
    assert_scores_equal(network, graphs.scoring, "2", LONG)
    assert_fixed(graphs.scoring)
    assert_fixed(graphs.step)
    entered = states(network, "2", 12)
    expected = network.generate("2", entered, max_tokens=6)
    assert texts(graphs, entered) == expected
    assert len(set(expected)) > 1


def test_free_answers_need_a_language_model_and_room(llama: LanguageModel) -> None:
    with pytest.raises(InputError, match="max_tokens: expected at least 1, got 0"):
        text_graphs(llama, "1", WORDS, max_tokens=0)
    with pytest.raises(InputError, match="look back only 64"):
        text_graphs(random_network("gemma2"), "1", WORDS, max_tokens=60)


def test_other_tokenizers_cannot_speak_outside_of_transformers() -> None:
    made = byte_level().backend_tokenizer
    made.decoder = decoders.WordPiece()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>")
    with pytest.raises(InputError, match=r"byte-level tokenizer.* is WordPiece"):
        text_graphs(LanguageModel(ARCHITECTURES["llama"](), tokenizer), "1", WORDS)


@pytest.mark.slow
def test_smollm2(fetched: Callable[[str], Path]) -> None:
    """What it says freely, by graphs that take long to export, is tested where a bundle holds them."""
    network = LanguageModel.open(fetched("smollm2-135m-instruct"))
    graph = scoring_graph(network, "26", [*WORDS, "fire engine"])
    assert_scores_equal(network, graph, "26", [*WORDS, "fire engine"])


@pytest.mark.slow
def test_bytes_of_tokens_are_those_of_the_tokenizer(fetched: Callable[[str], Path]) -> None:
    network = LanguageModel.open(fetched("smollm2-135m-instruct"))
    vocabulary = token_bytes(network)
    rng = np.random.default_rng(0)
    for tokens in rng.integers(len(vocabulary), size=(500, 7)).tolist():
        assert b"".join(vocabulary[token] for token in tokens).decode(errors="replace") == network.tokenizer.decode(
            tokens
        )
