"""Causal language models: replace the state of a word in the prompt and let the model continue from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import InputError
from ..free_text import check_candidates, first_line
from ..network import Network

PLACEHOLDER = "{}"
# Two examples set the form of the reply. The reply follows the placeholder by one token, so a decision costs two
# tokens. With a longer question in between, the reply is also biased more to words that the model prefers anyway.
PROMPT = "A picture of a dog: dog\nA picture of a tree: tree\nA picture of a {}:"
# The placeholder in the prompt, whose state is replaced: any short word of one token.
FILLER = "x"


class LanguageModel(Network):
    """A causal language model with a prompt in which one word is a placeholder.

    The layers are named "0" to "n": the state that *enters* that transformer layer ("0": the embedding, "n": what
    leaves the last one). The activation of a text is the state at its last token. Resuming replaces the placeholder's
    state by an activation and gives the logits of the token that follows the prompt.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal language model.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    prompt : str
        A text with one ``{}``, and something after it for the model to continue.
    name : str
        The network's name.

    Raises
    ------
    InputError
        The prompt does not have exactly one placeholder, or its placeholder is not a token of its own.
    """

    def __init__(self, model: Any, tokenizer: Any, *, prompt: str = PROMPT, name: str = "language model") -> None:
        import torch

        from .layer_shells import decoder_layers

        self.name = name
        self.prompt = prompt
        self.model = model.eval().to(torch.float32)
        self.tokenizer = tokenizer
        width = model.config.get_text_config().hidden_size
        self.layers = {str(layer): (width,) for layer in range(len(decoder_layers(model)[2]) + 1)}
        self._prefix, self._tail = _split(prompt, tokenizer)
        self._pass = lru_cache(maxsize=8)(self._make_pass)

    @classmethod
    def open(cls, folder: str | Path, *, prompt: str = PROMPT, name: str | None = None) -> LanguageModel:
        """Open a folder with ``config.json``, safetensors weights and a tokenizer, or a name on the hub.

        By default the model has the folder's name.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        return cls(model, AutoTokenizer.from_pretrained(folder), prompt=prompt, name=name or Path(folder).name)

    def with_prompt(self, prompt: str) -> LanguageModel:
        """Return the same model with another prompt; the weights are shared."""
        return LanguageModel(self.model, self.tokenizer, prompt=prompt, name=self.name)

    @property
    def prompt_tokens(self) -> tuple[list[int], list[int]]:
        """Tokens of the prompt before its placeholder, and from it on."""
        return self._prefix, self._tail

    def own_activation(self, layer: str) -> np.ndarray:
        """Activation (n_units,) of the prompt's own placeholder token: what injecting replaces."""
        self.shape_of(layer)
        return self._pass(()).own_state(int(layer)).numpy().copy()

    def log_probabilities(
        self, layer: str, activations: np.ndarray, candidates: Sequence[str], *, batch_size: int = 128
    ) -> np.ndarray:
        """Log probability that the model continues with each candidate, after a state is injected.

        A candidate of several tokens is scored as a whole: its log probability is the sum over its tokens, each given
        those before it. All candidates share one pass.

        Parameters
        ----------
        layer : str
            Where to inject.
        activations : ndarray (n_samples, n_units)
            What to inject.
        candidates : sequence of str
            Words or phrases, different from each other.
        batch_size : int
            Samples to compute at once.

        Returns
        -------
        ndarray (n_samples, n_candidates)
            Natural logarithms, float32.

        Raises
        ------
        InputError
            A candidate is empty or occurs twice.
        """
        import torch

        tokens = self.candidate_tokens(candidates)
        branches = branches_of(tokens)
        self.shape_of(layer)
        causal_pass = self._pass(branches)
        scores = []
        for start in range(0, len(activations), batch_size):
            batch = torch.as_tensor(np.asarray(activations[start : start + batch_size], np.float32))
            logits, _ = causal_pass.run(int(layer), batch)
            log_p = torch.log_softmax(logits, dim=-1)
            columns, read_at = [], 1
            for candidate, branch in zip(tokens, branches, strict=True):
                total = log_p[:, 0, candidate[0]]
                for offset, token in enumerate(candidate[1:]):
                    total = total + log_p[:, read_at + offset, token]
                read_at += len(branch)
                columns.append(total)
            scores.append(torch.stack(columns, dim=1).numpy())
        return np.concatenate(scores)

    def generate(self, layer: str, activations: np.ndarray, *, max_tokens: int = 8, batch_size: int = 128) -> list[str]:
        """Let the model write freely, always taking the most probable token, up to the end of the line.

        Parameters
        ----------
        layer : str
            Where to inject.
        activations : ndarray (n_samples, n_units)
            What to inject.
        max_tokens : int
            The longest text.
        batch_size : int
            Samples to compute at once.

        Returns
        -------
        list of str
            One text per sample, without space around it.
        """
        self.shape_of(layer)
        parts = (activations[start : start + batch_size] for start in range(0, len(activations), batch_size))
        return [answer for part in parts for answer in self._generate(int(layer), part, max_tokens)]

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        return {"config": self.model.config.to_json_string()}

    def untrained(self, seed: int = 0) -> LanguageModel:
        """Return the same architecture with random weights; the same seed gives the same weights."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = type(self.model)(self.model.config)
        return LanguageModel(model, self.tokenizer, prompt=self.prompt, name=f"{self.name} (untrained)")

    def _make_pass(self, branches: tuple[tuple[int, ...], ...]) -> Any:
        from .causal_pass import CausalPass

        return CausalPass(self.model, self._prefix, self._tail, branches)

    def candidate_tokens(self, candidates: Sequence[str]) -> list[list[int]]:
        """Tokens of each candidate, as they follow the prompt."""
        check_candidates(candidates)
        return [self._encode(f" {candidate.strip()}") for candidate in candidates]

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _generate(self, layer: int, activations: np.ndarray, max_tokens: int) -> list[str]:
        import torch

        with torch.inference_mode():
            logits, cache = self._pass(()).run(layer, torch.as_tensor(np.asarray(activations, np.float32)))
            written = logits[:, -1].argmax(-1, keepdim=True)
            position = len(self._prefix) + len(self._tail)
            for step in range(max_tokens - 1):
                if all(self._text_of(tokens)[1] for tokens in written.tolist()):
                    break
                positions = torch.full((len(written), 1), position + step)
                output = self.model(written[:, -1:], past_key_values=cache, position_ids=positions, use_cache=True)
                written = torch.cat([written, output.logits[:, -1].argmax(-1, keepdim=True)], dim=1)
        return [self._text_of(tokens)[0] for tokens in written.tolist()]

    def _text_of(self, tokens: list[int]) -> tuple[str, bool]:
        """Text up to the end of the line or of the text, and whether that end was reached."""
        end = self.tokenizer.eos_token_id
        ended = end in tokens
        text = self.tokenizer.decode(tokens[: tokens.index(end)] if ended else tokens)
        line, newline = first_line(text)
        return line, ended or newline

    def _record(self, stimuli: Sequence[str], layers: tuple[str, ...]) -> list[np.ndarray]:
        import torch

        encoded = [self._encode(text) for text in stimuli]
        for text, tokens in zip(stimuli, encoded, strict=True):
            if not tokens:
                raise InputError(f"stimuli: expected texts, got {text!r}")
        recorded = {name: np.empty((len(encoded), *self.layers[name]), np.float32) for name in layers}
        # Texts of equal length share a pass, so that none has to be padded.
        for length in sorted({len(tokens) for tokens in encoded}):
            rows = [row for row, tokens in enumerate(encoded) if len(tokens) == length]
            states = self._states_at_last_token(torch.tensor([encoded[row] for row in rows]), layers)
            for name in layers:
                recorded[name][rows] = states[name]
        return [recorded[name] for name in layers]

    def _states_at_last_token(self, tokens: Any, layers: Iterable[str]) -> dict[str, np.ndarray]:
        import torch

        from .layer_shells import recording_shell

        states: dict[int, torch.Tensor] = {}
        with torch.inference_mode():
            recording_shell(self.model, states).base_model(tokens, use_cache=False)
        return {name: states[int(name)][:, -1].numpy() for name in layers}

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        import torch

        logits, _ = self._pass(()).run(int(layer), torch.as_tensor(activations))
        return logits[:, -1].numpy()

    def _forward(self, stimuli: Sequence[str]) -> np.ndarray:
        import torch

        with torch.inference_mode():
            rows = [self.model(torch.tensor([self._encode(text)])).logits[0, -1] for text in stimuli]
        return torch.stack(rows).numpy()

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        return ((name, tensor.detach().numpy()) for name, tensor in self.model.state_dict().items())


def branches_of(tokens: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The computed part of each candidate: all but its last token. Equal beginnings, being short, are repeated."""
    return tuple(tuple(candidate[:-1]) for candidate in tokens)


def _split(prompt: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    if prompt.count(PLACEHOLDER) != 1:
        raise InputError(f"prompt: expected one {PLACEHOLDER}, got {prompt.count(PLACEHOLDER)} in {prompt!r}")
    before, _, after = prompt.partition(PLACEHOLDER)
    if not after.strip():
        raise InputError(f"prompt: nothing follows the {PLACEHOLDER} in {prompt!r}; end it with a question or a colon")
    # A word carries the space before it in its token.
    space = " " if before.endswith(" ") else ""
    parts = (before.removesuffix(space), space + FILLER, after)
    prefix, filler, rest = (tokenizer(part, add_special_tokens=False)["input_ids"] if part else [] for part in parts)
    whole = tokenizer("".join(parts), add_special_tokens=False)["input_ids"]
    if len(filler) != 1 or whole != [*prefix, *filler, *rest]:
        raise InputError(
            f"prompt: the {PLACEHOLDER} in {prompt!r} does not stand apart for this tokenizer; put a space before it "
            "and a space, a full stop or a colon after it"
        )
    if tokenizer.bos_token_id is not None and tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]:
        prefix = [tokenizer.bos_token_id, *prefix]
    return prefix, [*filler, *rest]
