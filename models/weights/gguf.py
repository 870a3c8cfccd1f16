"""A language model in GGUF form, converted to a folder that transformers opens in a moment.

GGUF is llama.cpp's one-file form: quantised weights, tokenizer and settings. The package index has no other form of a
small model; transformers takes 25 s to open it, and needs a further package for that. Only what has been checked is
accepted: Llama networks with the SmolLM tokenizer. Anything else is an error rather than a guess.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, TokenType, dequantize
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tqdm import tqdm

from ...errors import AssetError

# The conversion depends on these: other values mean a network or tokenizer that was not checked.
_EXPECTED = {
    "general.architecture": "llama",
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.add_bos_token": False,
    "tokenizer.ggml.add_space_prefix": False,
}

_CONFIG_NAMES = {
    "llama.vocab_size": "vocab_size",
    "llama.context_length": "max_position_embeddings",
    "llama.embedding_length": "hidden_size",
    "llama.feed_forward_length": "intermediate_size",
    "llama.block_count": "num_hidden_layers",
    "llama.attention.head_count": "num_attention_heads",
    "llama.attention.head_count_kv": "num_key_value_heads",
    "llama.attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "llama.rope.dimension_count": "head_dim",
    "llama.rope.freq_base": "rope_theta",
}

_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}

_OUTER_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


def convert_gguf(source: Path, folder: Path) -> None:
    """Write a Llama network and its tokenizer from a GGUF file into an existing folder for ``from_pretrained``.

    Quantised weights are converted back to float32, as in transformers; bfloat16 or float16 would round most of them.
    The result is the same on every machine. Another kind of network, tokenizer, setting or weight is an `AssetError`.
    """
    reader = GGUFReader(source)
    settings = {field.name: field.contents() for field in reader.fields.values()}
    for key, expected in _EXPECTED.items():
        if settings.get(key) != expected:
            raise AssetError(f"{source.name}: {key} should be {expected!r}, but is {settings.get(key)!r}")

    tied = all(tensor.name != "output.weight" for tensor in reader.tensors)
    config = llama_config(settings, tied=tied)
    weights: dict[str, np.ndarray] = {}
    for tensor in tqdm(reader.tensors, desc="converting weights", unit="tensor", delay=1, disable=None):
        name = llama_name(tensor.name)
        values = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        if name.endswith("q_proj.weight"):
            values = halves_from_pairs(values, config["num_attention_heads"])
        elif name.endswith("k_proj.weight"):
            values = halves_from_pairs(values, config["num_key_value_heads"])
        weights[name] = np.ascontiguousarray(values)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    tokens: list[str] = settings["tokenizer.ggml.tokens"]
    special = {
        role: settings[f"tokenizer.ggml.{key}_token_id"]
        for role, key in [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")]
    }
    ids = {f"{role}_token_id": special[role] for role in ("bos", "eos", "pad")}
    _write_json(folder / "config.json", config | ids)
    _write_json(folder / "generation_config.json", ids)
    byte_level_tokenizer(settings).save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config["max_position_embeddings"],
            "clean_up_tokenization_spaces": False,
            "chat_template": settings.get("tokenizer.chat_template"),
            **{f"{role}_token": tokens[token_id] for role, token_id in special.items()},
        },
    )


def llama_config(settings: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    """The transformers configuration of a Llama network with these GGUF settings.

    An `AssetError` names one that is missing, or that the configuration would not reflect (e.g. a scaled rope).
    """
    present = {key for key in settings if key.startswith("llama.")}
    if present != set(_CONFIG_NAMES):
        odd = ", ".join(sorted(present ^ set(_CONFIG_NAMES)))
        raise AssetError(f"GGUF settings of a plain Llama network expected; missing or unknown here: {odd}")
    config = {name: settings[key] for key, name in _CONFIG_NAMES.items()}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": tied,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.pop("rope_theta")},
        **config,
    }


def llama_name(name: str) -> str:
    """The name of a Llama network's tensor in transformers.

    Examples
    --------
    >>> llama_name("blk.3.attn_q.weight")
    'model.layers.3.self_attn.q_proj.weight'
    """
    if name in _OUTER_NAMES:
        return _OUTER_NAMES[name]
    match name.split("."):
        case ["blk", layer, part, "weight"] if part in _LAYER_NAMES:
            return f"model.layers.{layer}.{_LAYER_NAMES[part]}.weight"
    raise AssetError(f"unknown tensor {name!r} in the GGUF file of a Llama network")


def halves_from_pairs(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """Reorder the rows of a query or key weight from llama.cpp's rotary layout to that of transformers.

    Rotary position embedding turns pairs of a head's units. llama.cpp has the units of a pair next to each other, (0,
    1), (2, 3) and so on; transformers pairs the head's first half with its second. Weights are (n_heads * head_size,
    n_inputs).

    Examples
    --------
    >>> halves_from_pairs(np.arange(6)[:, None], n_heads=1).ravel()
    array([0, 2, 4, 1, 3, 5])
    """
    n_rows, n_inputs = weight.shape
    pairs = weight.reshape(n_heads, n_rows // n_heads // 2, 2, n_inputs)
    return pairs.swapaxes(1, 2).reshape(n_rows, n_inputs)


def byte_level_tokenizer(settings: dict[str, Any]) -> Tokenizer:
    """The byte-level BPE tokenizer of the SmolLM family from GGUF settings.

    SmolLM splits off every digit first and then splits as GPT-2 does. (transformers' own GGUF reader does not, so it
    splits two spaces before a digit differently from the network's training.)
    """
    tokens: list[str] = settings["tokenizer.ggml.tokens"]
    kinds = [TokenType(kind) for kind in settings["tokenizer.ggml.token_type"]]
    if unknown := set(kinds) - {TokenType.NORMAL, TokenType.CONTROL}:
        raise AssetError(f"normal and control tokens expected in the GGUF tokenizer, but there are {unknown}")
    merges = [tuple(merge.split(" ")) for merge in settings["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = ByteLevelDecoder()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == TokenType.CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return tokenizer


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
