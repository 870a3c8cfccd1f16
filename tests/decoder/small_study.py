"""A whole study in a folder: a small recording, a language model of 16 units, and the file that names both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from hotwire.decoder.readers import read_arrays, write_npz
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording

LABELS = ["cat", "face", "shoe"]
STUDY = """
[recording]
kind = "npz"
path = "recording.npz"
[network]
name = "network"
[targets]
words = { cat = "cat", face = "face", shoe = "shoe" }
template = "A picture of a {}"
[decoder]
layer = 1
adapter = { alphas = 0.1 }
readout = { type = "NearestReadout" }
[evaluation]
n_permutations = 100
n_shuffles = 2
"""


def save_network(folder: Path) -> None:
    """A language model of 16 units with random weights, as transformers saves one."""
    words = ["<end>", "A", "Ċ", ":", "x", *(f"Ġ{word}" for word in ["picture", "of", "a", "dog", "tree", "x", *LABELS])]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<end>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        bos_token_id=None,
        eos_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>").save_pretrained(folder)


def made_recording() -> Recording:
    """Four runs, in each of which every label is shown twice with its own pattern over ten features."""
    rng = np.random.default_rng(0)
    patterns = dict(zip(LABELS, rng.normal(size=(3, 10)), strict=True))
    labels = [label for _ in range(4) for label in rng.permutation(LABELS * 2).tolist()]
    data = np.concatenate([np.tile(patterns[label], (2, 1)) for label in labels])
    events = Events(
        run=np.repeat([1, 2, 3, 4], 6),
        onset_s=np.tile(np.arange(0.0, 12.0, 2.0), 4),
        duration_s=np.full(24, 2.0),
        label=np.array(labels),
    )
    noise = 0.05 * rng.normal(size=data.shape)
    return read_arrays(data + noise, 1.0, run=np.repeat([1, 2, 3, 4], 12), events=events)


def save_study(folder: Path) -> Path:
    """Write all of it, and return the study file."""
    save_network(folder / "network")
    write_npz(made_recording(), folder / "recording.npz")
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"
