"""Sentences as vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...errors import AssetError, InputError
from .network import Network


class SentenceEncoder(Network):
    """A sentence encoder such as MiniLM (Reimers & Gurevych 2019): the mean over tokens, with length one.

    Its stimuli are texts. Its layers are ``pooled``, the mean of the last states of a text's tokens, and ``embedding``,
    the same with length one, which is its output. Earlier layers have a state for each token and need to know which are
    padding, so their states alone are not a cut.

    Parameters
    ----------
    folder : path
        A transformers folder (config.json, model.safetensors, tokenizer.json).
    name : str, optional
        By default the folder's name.
    max_tokens : int
        Longer texts are cut off there.

    Raises
    ------
    AssetError
        The weights do not fit the configuration.
    """

    def __init__(self, folder: str | Path, *, name: str | None = None, max_tokens: int = 256) -> None:
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoTokenizer

        folder = Path(folder)
        self.name = name or folder.name
        self._max_tokens = max_tokens
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = _random(AutoConfig.from_pretrained(folder, local_files_only=True), seed=0)
        state = load_file(folder / "model.safetensors")
        # files of older versions also contain the token positions 0, 1, 2, ..., which are not weights
        state = {name: weight for name, weight in state.items() if weight.is_floating_point()}
        try:
            self._model.load_state_dict(state, strict=True)
        except RuntimeError as error:
            raise AssetError(f"{folder} does not hold the weights of its config.json: {error}") from error
        width = self._model.config.hidden_size
        self.layers = {"pooled": (width,), "embedding": (width,)}

    def untrained(self, seed: int = 0) -> SentenceEncoder:
        """Return the same encoder with random weights, drawn as the model's class does before training."""
        network = self._copy_as(f"{self.name}-untrained-{seed}")
        network._model = _random(self._model.config, seed)
        return network

    def settings(self) -> dict[str, Any]:
        """Return the configuration, and where texts are cut off."""
        return {"config": self._model.config.to_json_string(), "max_tokens": self._max_tokens}

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        pooled = self._pooled(stimuli)
        return [pooled if layer == "pooled" else _normalised(pooled) for layer in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return _normalised(activations) if layer == "pooled" else activations

    def _forward(self, stimuli: Any) -> np.ndarray:
        return _normalised(self._pooled(stimuli))

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        for name, weight in self._model.state_dict().items():
            yield name, weight.numpy()

    @torch.inference_mode()
    def _pooled(self, texts: Sequence[str]) -> np.ndarray:
        texts = list(texts)
        if not all(isinstance(text, str) for text in texts):
            raise InputError(f"stimuli: expected texts, got {sorted({type(text).__name__ for text in texts})}")
        tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt")
        states = self._model(**tokens).last_hidden_state
        is_token = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
        return ((states * is_token).sum(1) / is_token.sum(1)).numpy()


def _random(config: Any, seed: int) -> Any:
    from transformers import AutoModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoModel.from_config(config, dtype=torch.float32).eval()


def _normalised(vectors: np.ndarray) -> np.ndarray:
    return functional.normalize(torch.from_numpy(vectors), dim=1).numpy()
