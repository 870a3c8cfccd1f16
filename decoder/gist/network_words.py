"""A language model as a source of words: its vocabulary, the features of texts, and how a text may go on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from ...errors import InputError
from ...models.cache.read_words import read_words
from ...models.networks.language.language_model import LanguageModel
from ...models.networks.language.reading import WordsRead
from ...models.networks.language.sliding_pass import Memory, SlidingPass
from ..recordings.timed_words import TimedWords
from ..statistics.texts import stems
from .proposals import Indices, Vocabulary
from .word_features import WordFeatures, letters_of

Floats = NDArray[np.float64]

FIRST_WORDS = ("i", "we", "she", "he", "they", "it")
_WORD = re.compile(r"[a-z][a-z']*")


def vocabulary_of(network: LanguageModel, words: Iterable[str]) -> tuple[Vocabulary, NDArray[np.intp]]:
    """Return all lower-case words that are one token of a network, and their tokens (n_words,).

    The decoder may say those that are among `words` (of the training), in whatever case.

    Raises
    ------
    InputError
        None of the words is one token.
    """
    tokens = np.arange(len(network.tokenizer))
    texts = network.tokenizer.batch_decode(tokens[:, None].tolist())
    found = {text[1:]: token for token, text in zip(tokens, texts, strict=True) if _is_word(text)}
    known = {word.lower() for word in words}
    said = np.array([word in known for word in found], bool)
    if not said.any():
        raise InputError(f"words: expected some that are one token of {network.name}, got none of {len(known)}")
    stem = np.unique(stems(found), return_inverse=True)[1]
    stop = np.array([word in ENGLISH_STOP_WORDS for word in found], bool)
    begin = np.array([word in FIRST_WORDS for word in found], bool) & said
    first = np.flatnonzero(begin if begin.any() else said)
    return Vocabulary(tuple(found), stem, stop, said, first), np.fromiter(found.values(), np.intp)


def _is_word(text: str) -> bool:
    return text.startswith(" ") and _WORD.fullmatch(text, 1) is not None


def read_stories(
    network: LanguageModel, layers: Iterable[str], stories: Mapping[Any, TimedWords], n_tokens: int
) -> dict[int | str, WordsRead]:
    """Read the words of each story, in lower case, as a decoder's candidates are read; each story once, see
    `hotwire.models.cache.read_words`.
    """
    tokens = [
        [network.tokenizer(f" {word.lower()}", add_special_tokens=False)["input_ids"] for word in words.word.tolist()]
        for words in stories.values()
    ]
    return dict(zip(stories, read_words(network, layers, tokens, n_tokens=n_tokens), strict=True))


def features_of_story(features: WordFeatures, states: NDArray, surprisal: NDArray, words: TimedWords) -> Floats:
    """Return the features (n_words, n_features) of a story's words, of which states and surprisals were read."""
    lower = [word.lower() for word in words.word.tolist()]
    stop = np.array([word in ENGLISH_STOP_WORDS for word in lower])
    return features.of(states, letters_of(lower), words.duration_s, surprisal, stop)


@dataclass(frozen=True)
class TextMemory:
    """A network's memory of texts, and the log probability (n_rows,) that a word of the vocabulary follows each."""

    memory: Memory
    log_mass: Floats

    def take(self, rows: Any) -> TextMemory:
        return TextMemory(self.memory.take(torch.as_tensor(rows)), self.log_mass[rows])


class NetworkWords:
    """A language model that goes on word by word, for a beam; see `hotwire.decoder.gist.word_model.WordModel`.

    Probabilities are those among the words of the vocabulary, since nothing else follows; surprisal is, as in texts,
    among all tokens.

    Parameters
    ----------
    sliding : SlidingPass
    vocabulary : Vocabulary
    tokens : array (n_words,)
        The token of each word.
    features : WordFeatures
    """

    def __init__(
        self, sliding: SlidingPass, vocabulary: Vocabulary, tokens: NDArray[np.intp], features: WordFeatures
    ) -> None:
        self._sliding, self._features = sliding, features
        self._tokens = torch.as_tensor(tokens)
        self._stop, self._letters = vocabulary.stop, letters_of(vocabulary.words)

    def begin(self) -> tuple[TextMemory, Floats]:
        return self._among_words(*self._sliding.begin(1))

    def features(
        self, memory: TextMemory, rows: Indices, words: Indices, log_p: Floats, duration_s: float
    ) -> tuple[Floats, Any]:
        entered = self._sliding.enter(memory.memory, self._tokens[words], torch.as_tensor(rows))
        surprisal = -(log_p + memory.log_mass[rows])
        states = entered.states.numpy()
        return self._features.of(states, self._letters[words], duration_s, surprisal, self._stop[words]), entered

    def go_on(self, memory: TextMemory, entered: Any) -> tuple[TextMemory, Floats]:
        return self._among_words(*self._sliding.go_on(memory.memory, entered))

    def _among_words(self, memory: Memory, log_p: torch.Tensor) -> tuple[TextMemory, Floats]:
        of_words = log_p[:, self._tokens].double()
        log_mass = torch.logsumexp(of_words, dim=1, keepdim=True)
        return TextMemory(memory, log_mass[:, 0].numpy()), (of_words - log_mass).numpy()
