"""A language model as a source of words: its vocabulary, the features of texts, and how a text may go on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from ...errors import InputError
from ...models.cache.read_words import read_words
from ...models.networks.language.language_model import LanguageModel
from ...models.networks.language.reading import WordsRead, read_tokens
from ...models.networks.language.sliding_pass import Entered, Memory, SlidingPass
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
    tokens = [_tokens(network, words) for words in stories.values()]
    return dict(zip(stories, read_words(network, layers, tokens, n_tokens=n_tokens), strict=True))


def _tokens(network: LanguageModel, words: TimedWords) -> list[list[int]]:
    """The tokens of each word, in lower case."""
    lower = [word.lower() for word in words.word.tolist()]
    return [network.tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in lower]


def features_of_story(features: WordFeatures, states: NDArray, surprisal: NDArray, words: TimedWords) -> Floats:
    """Return the features (n_words, n_features) of a story's words, of which states and surprisals were read."""
    lower = [word.lower() for word in words.word.tolist()]
    stop = np.array([word in ENGLISH_STOP_WORDS for word in lower])
    return features.of(states, letters_of(lower), words.duration_s, surprisal, stop)


class SlidingWords:
    """A sliding pass over the words of a vocabulary, see `hotwire.decoder.gist.word_model.WordNetwork`.

    Parameters
    ----------
    sliding : SlidingPass
    tokens : array (n_words,)
        The token of each word.
    """

    def __init__(self, sliding: SlidingPass, tokens: NDArray[np.intp]) -> None:
        self.sliding, self.tokens = sliding, torch.as_tensor(tokens)

    def begin(self) -> tuple[Memory, Floats, Floats]:
        return self._among_words(*self.sliding.begin(1))

    def enter(self, memory: Memory, words: Indices, rows: Indices) -> tuple[NDArray[np.float32], Entered]:
        entered = self.sliding.enter(memory, self.tokens[words], torch.as_tensor(rows))
        return entered.states.numpy(), entered

    def go_on(self, memory: Memory, entered: Entered) -> tuple[Memory, Floats, Floats]:
        return self._among_words(*self.sliding.go_on(memory, entered))

    def before_each(self, words: TimedWords) -> Iterator[Floats]:
        """Read a true text; yield the log probabilities (n_words,) of the vocabulary before each of its words."""
        text = _tokens(self.sliding.network, words)
        begins = torch.tensor([first for word in text for first in (True, *[False] * (len(word) - 1))])
        tokens = torch.tensor([token for word in text for token in word])
        for here, _, log_p in read_tokens(self.sliding, [], tokens):
            yield from self._of_words(log_p[begins[here]])[0]

    def _among_words(self, memory: Memory, log_p: torch.Tensor) -> tuple[Memory, Floats, Floats]:
        return memory, *self._of_words(log_p)

    def _of_words(self, log_p: torch.Tensor) -> tuple[Floats, Floats]:
        of_words = log_p[:, self.tokens].double()
        log_mass = torch.logsumexp(of_words, dim=1)
        return (of_words - log_mass[:, None]).numpy(), log_mass.numpy()
