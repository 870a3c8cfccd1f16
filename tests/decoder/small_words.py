"""A language model of 12 units with random weights, its words, and timed words: what studies of stories need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import transformers

from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.models.networks.language.language_model import LanguageModel

LAYERS = ["1", "2"]


class Tokens:
    """Every word is a token, by its letters."""

    bos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1 + sum(map(ord, word)) % 38 for word in text.split()]}


def small_language_model() -> LanguageModel:
    config = transformers.LlamaConfig(
        vocab_size=40,
        hidden_size=12,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        max_position_embeddings=1024,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = transformers.LlamaForCausalLM(config)
        for weight in model.parameters():
            weight.data.mul_(3.0)
    return LanguageModel(model, Tokens(), prompt="a {} b", name="small")


def made_words(n_samples: int, tr_s: float = 2.0, n_words: int = 400, seed: int = 2) -> TimedWords:
    """Words from the first to the last sample, some of them more often than others."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(1.0, tr_s * n_samples - 2, n_words))
    word = np.array([f"w{'o' * (i % 7)}rd{i}" for i in np.minimum(rng.geometric(0.05, n_words), 60)])
    offset = np.minimum(onset + 0.4, np.append(onset[1:], np.inf))
    return TimedWords(word, onset, offset, source="made.tsv")


def write_corpus(path: Path, words: TimedWords) -> Path:
    path.write_text("\n".join(["word", *words.word.tolist()]))
    return path
