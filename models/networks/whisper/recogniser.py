"""Speech recognition: replace the states of a sound in the encoder, and let the network transcribe them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import WhisperConfig, WhisperForConditionalGeneration

from ....errors import AssetError, InputError
from ...sounds.samples import RATE_HZ, samples_of
from ...weights.ctranslate2 import read_whisper
from ..free_text import check_candidates, first_line
from ..network import Network
from .sound_head import SoundHead, SoundHeads
from .sounds import log_mel
from .token_tree import TokenTree
from .whisper_pass import STATES_PER_S, WhisperPass

SECONDS = 2.0
PROMPT = ("<|startoftranscript|>", "<|notimestamps|>")
END = "<|endoftext|>"


class SpeechRecogniser(Network):
    """Whisper (Radford et al. 2022), opened at its encoder, for sounds of a fixed length.

    Its stimuli are sounds: paths of files (WAV, FLAC, OGG, MP3), or float arrays (n_samples,) at 16 kHz between -1 and
    1. Shorter ones are followed by silence.

    The layers are named "0" to "n": the states (50 * seconds, n_units) that *enter* that block of the encoder. "0" is
    the output of the convolutions, "n" the normalised output of the encoder. All that the transcript takes from the
    sound passes through them. Resuming gives the logits of the transcript's first token.

    Parameters
    ----------
    model : transformers.WhisperForConditionalGeneration
        An English-only model. It is put into evaluation mode, and its weights need no gradients any more.
    tokenizer : tokenizers.Tokenizer
        Its tokenizer.
    seconds : float
        The longest sound, a multiple of 0.02.
    suppressed, suppressed_first : sequence of int
        Tokens that a free transcript does not contain, and those that it does not begin with.
    name : str
        The network's name.

    Raises
    ------
    InputError
        The network takes no sound so long, or the tokenizer lacks a token that transcripts need.
    """

    hears = True

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        tokenizer: Tokenizer,
        *,
        seconds: float = SECONDS,
        suppressed: Sequence[int] = (),
        suppressed_first: Sequence[int] = (),
        name: str = "speech recogniser",
    ) -> None:
        config = model.config
        n_states = _count_states(seconds, config.max_source_positions)
        self.name = name
        self.seconds = float(seconds)
        self.layers = {str(layer): (n_states, config.d_model) for layer in range(config.encoder_layers + 1)}
        self._model: Any = model
        self.whisper_pass = WhisperPass(model, n_states)
        self._tokenizer = tokenizer
        self._prompt = [_token(tokenizer, token) for token in PROMPT]
        self._end = _token(tokenizer, END)
        self._suppressed, self._suppressed_first = list(suppressed), list(suppressed_first)
        self._form: Any = {"seconds": self.seconds, "n_bins": config.num_mel_bins}
        self._prepare = partial(log_mel, **self._form)
        self._trees = lru_cache(maxsize=8)(self._make_tree)

    @classmethod
    def open(cls, folder: Path, *, seconds: float = SECONDS, name: str | None = None) -> SpeechRecogniser:
        """Open a network from a folder with CTranslate2's ``model.bin`` and ``config.json``, and ``tokenizer.json``.

        By default it has the folder's name. Weights of an unknown kind are an `AssetError`; sounds that are too long
        for the network are an `InputError`.
        """
        settings, weights = read_whisper(folder / "model.bin")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        end = _token(tokenizer, END)
        model = _random(WhisperConfig(**settings, pad_token_id=end, bos_token_id=end, eos_token_id=end), seed=0)
        try:
            model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, strict=True)
        except RuntimeError as error:
            raise AssetError(f"{folder} does not hold the weights of a Whisper network: {error}") from error
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        # Tokens after the end token are not text: they control the network, or mark times.
        steering = range(end + 1, settings["vocab_size"])
        return cls(
            model,
            tokenizer,
            seconds=seconds,
            suppressed=sorted({*config["suppress_ids"], *steering}),
            suppressed_first=config["suppress_ids_begin"],
            name=name or folder.name,
        )

    def log_probabilities(
        self, layer: str, activations: np.ndarray, candidates: Sequence[str], *, batch_size: int = 16
    ) -> np.ndarray:
        """Log probability that the transcript is exactly a candidate, after states are injected.

        The probability is the sum over all `spellings` of the candidate, each from its first token to the end of the
        transcript. All candidates share one pass. Activations are (n_samples, n_states, n_units), also flattened; all
        else is as for `LanguageModel.log_probabilities`.
        """
        tree = self.tree(candidates)
        scores = [self._scored(layer, batch, tree) for batch in self._batches(layer, activations, batch_size)]
        return np.concatenate(scores)

    def generate(self, layer: str, activations: np.ndarray, *, max_tokens: int = 8, batch_size: int = 16) -> list[str]:
        """Let the network transcribe freely, always taking the most probable token; see `LanguageModel.generate`."""
        batches = self._batches(layer, activations, batch_size)
        return [text for batch in batches for text in self._written(layer, batch, max_tokens)]

    def tree(self, candidates: Sequence[str]) -> TokenTree:
        """All spellings of the candidates, as tokens to score in one pass; errors as for `log_probabilities`."""
        return self._trees(tuple(candidates))

    def n_positions(self, stimuli: Sequence[Any] | np.ndarray) -> np.ndarray:
        n_samples = np.array([len(samples_of(stimuli[position])) for position in range(len(stimuli))])
        return np.minimum(-(-n_samples * STATES_PER_S // RATE_HZ), self.layers["0"][0])

    def head(self, layer: str) -> SoundHead:
        """Return what comes up to a layer as a module, from sounds (n_sounds, n_samples) at 16 kHz to states.

        It has gradients to the sounds, and the states are those of `activations`.
        """
        return SoundHead(self.whisper_pass, self._numbers([layer]), **self._form)

    def heads(self, layers: Sequence[str]) -> SoundHeads:
        """Return what comes up to several layers as one module, whose states are a tuple; see `head`."""
        return SoundHeads(self.whisper_pass, self._numbers(layers), **self._form)

    def settings(self) -> dict[str, Any]:
        """Return the configuration, and how sounds are prepared."""
        return {"config": self._model.config.to_json_string(), "prepare": self._prepare}

    def untrained(self, seed: int = 0) -> SpeechRecogniser:
        """Return the same network with random weights, drawn as the model's class does before training."""
        network = self._copy_as(f"{self.name}-untrained-{seed}")
        network._model = _random(self._model.config, seed)
        network.whisper_pass = WhisperPass(network._model, self.layers["0"][0])
        return network

    def _numbers(self, layers: Sequence[str]) -> list[int]:
        for layer in layers:
            self.shape_of(layer)
        return [int(layer) for layer in layers]

    def _make_tree(self, candidates: tuple[str, ...]) -> TokenTree:
        check_candidates(candidates)
        texts = [[[*self._encode(text), self._end] for text in spellings(candidate)] for candidate in candidates]
        return TokenTree(self._prompt, texts)

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(f" {text}", add_special_tokens=False).ids

    def _batches(self, layer: str, activations: np.ndarray, batch_size: int) -> Iterator[torch.Tensor]:
        shape = self.shape_of(layer)
        for start in range(0, len(activations), batch_size):
            batch = np.array(activations[start : start + batch_size], np.float32, order="C")
            yield torch.from_numpy(batch.reshape(-1, *shape))

    @torch.inference_mode()
    def _scored(self, layer: str, states: torch.Tensor, tree: TokenTree) -> np.ndarray:
        heard = self.whisper_pass.heard(states, int(layer))
        decoded = self.whisper_pass.decoded(heard, tree.tokens, tree.mask, tree.depths)
        # One sample at a time: the logits of all would take more memory than the whole network.
        return np.stack([tree.scores(self.whisper_pass.logits(own)).numpy() for own in decoded])

    @torch.inference_mode()
    def _written(self, layer: str, states: torch.Tensor, max_tokens: int) -> list[str]:
        heard = self.whisper_pass.heard(states, int(layer))
        written = torch.empty(len(states), 0, dtype=torch.int64)
        tokens = torch.tensor([self._prompt])
        for _ in range(max_tokens):
            logits = self.whisper_pass.logits(self.whisper_pass.decoded(heard, tokens)[:, -1])
            logits[:, self._suppressed if written.shape[1] else self._suppressed + self._suppressed_first] = -torch.inf
            tokens = logits.argmax(-1, keepdim=True)
            written = torch.cat([written, tokens], dim=1)
            if (written == self._end).any(dim=1).all():
                break
        return [self._text(own) for own in written.tolist()]

    def _text(self, tokens: list[int]) -> str:
        return first_line(self._tokenizer.decode(tokens[: [*tokens, self._end].index(self._end)]))[0]

    @torch.inference_mode()
    def _record(self, stimuli: Sequence[Any], layers: tuple[str, ...]) -> list[np.ndarray]:
        states = self.whisper_pass.states(self._prepare(stimuli), [int(layer) for layer in layers])
        return [of.numpy() for of in states]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return self._first(torch.from_numpy(activations), int(layer))

    @torch.inference_mode()
    def _forward(self, stimuli: Sequence[Any]) -> np.ndarray:
        return self._first(self.whisper_pass.entering(self._prepare(stimuli)), 0)

    @torch.inference_mode()
    def _first(self, states: torch.Tensor, layer: int) -> np.ndarray:
        """Logits of the transcript's first token, (n_samples, n_vocabulary)."""
        decoded = self.whisper_pass.decoded(self.whisper_pass.heard(states, layer), torch.tensor([self._prompt]))
        return self.whisper_pass.logits(decoded[:, -1]).numpy()

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        # The length of sound distinguishes two networks of the same weights.
        yield "seconds", np.array(self.seconds)
        for name, weight in self._model.state_dict().items():
            yield name, weight.numpy()


def spellings(candidate: str) -> list[str]:
    """The spellings of a word in a transcript: also with a capital, and with a full stop.

    Examples
    --------
    >>> spellings("house")
    ['house', 'house.', 'House', 'House.']
    """
    plain = candidate.strip()
    return list(dict.fromkeys(start + end for start in (plain, plain[:1].upper() + plain[1:]) for end in ("", ".")))


def _count_states(seconds: float, most: int) -> int:
    n_states = round(seconds * STATES_PER_S)
    if not 1 <= n_states <= most or not np.isclose(n_states, seconds * STATES_PER_S):
        raise InputError(
            f"seconds: expected a multiple of {1 / STATES_PER_S} up to {most / STATES_PER_S:g}, got {seconds}"
        )
    return n_states


def _random(config: WhisperConfig, seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return WhisperForConditionalGeneration(config).eval()


def _token(tokenizer: Tokenizer, text: str) -> int:
    token = tokenizer.token_to_id(text)
    if token is None:
        raise InputError(f"tokenizer: it has no token {text!r}, which transcripts need")
    return token
