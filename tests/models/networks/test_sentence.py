"""The sentence encoder: on a tiny random model always, on MiniLM where its weights are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hotwire.errors import AssetError, InputError
from hotwire.models.networks.sentence import SentenceEncoder

TEXTS = ["a dog", "a small dog in the house", "house", "the the the the dog"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog", "small", "in", "the", "house"]
    BertTokenizer(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    config = BertConfig(vocab_size=len(words), max_position_embeddings=16, hidden_size=12, intermediate_size=16)
    config.num_hidden_layers, config.num_attention_heads = 2, 2
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder, max_tokens=6)


def test_layers(encoder: SentenceEncoder) -> None:
    assert encoder.layers == {"pooled": (12,), "embedding": (12,)}
    assert encoder.name.startswith("tiny")


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_re_entering_at_every_layer_gives_the_output_bit_for_bit(encoder: SentenceEncoder, batch_size: int) -> None:
    recorded = encoder.activations(TEXTS, ["pooled", "embedding"], batch_size=batch_size)
    outputs = encoder.outputs(TEXTS, batch_size=batch_size)
    np.testing.assert_array_equal(recorded["embedding"], outputs)
    for layer in encoder.layers:
        np.testing.assert_array_equal(encoder.resume(layer, recorded[layer], batch_size=batch_size), outputs)


def test_pooled_is_the_mean_over_a_text_s_own_tokens(encoder: SentenceEncoder, folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    pooled = encoder.activations(TEXTS, ["pooled"])["pooled"]
    for text, vector in zip(TEXTS, pooled, strict=True):  # one by one there is no padding to leave out
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=6)
        with torch.inference_mode():
            expected = model(**tokens).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(vector, expected, rtol=1e-4, atol=1e-5)


def test_untrained(encoder: SentenceEncoder) -> None:
    state = torch.random.get_rng_state()
    one, same, other = encoder.untrained(1), encoder.untrained(1), encoder.untrained(2)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, encoder.fingerprint}) == 3
    np.testing.assert_array_equal(one.outputs(TEXTS), same.outputs(TEXTS))


def test_wrong_arguments(encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match=r"expected texts, got \['int', 'str'\]"):
        encoder.outputs(["a", 3])


def test_other_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    state = load_file(folder / "model.safetensors")
    state.pop("embeddings.LayerNorm.weight")
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(AssetError, match=r"embeddings\.LayerNorm\.weight"):
        SentenceEncoder(tmp_path)


@pytest.mark.slow
def test_minilm_knows_what_is_alike(fetched: Callable[[str], Path]) -> None:
    encoder = SentenceEncoder(fetched("all-minilm-l6-v2"))
    texts = ["A dog runs in the park.", "A puppy plays outside.", "The stock market fell."]
    similarities = encoder.outputs(texts) @ encoder.outputs(texts).T
    assert similarities[0, 1] > 0.4
    assert abs(similarities[0, 2]) < 0.1
    recorded = encoder.activations(texts, list(encoder.layers))
    for layer in encoder.layers:
        np.testing.assert_array_equal(encoder.resume(layer, recorded[layer]), encoder.outputs(texts))
