"""A language model that goes on word by word, with the features of each word, for a beam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .proposals import Indices, Vocabulary
from .word_features import WordFeatures, letters_of, with_nuisance
from .word_model import Rows, WordNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TextMemory:
    """A network's memory of texts, and the log probability (n_rows,) that a word of the vocabulary follows each."""

    memory: Rows
    log_mass: NDArray

    def take(self, rows: Any) -> TextMemory:
        return TextMemory(self.memory.take(rows), self.log_mass[rows])


class FeaturedWords:
    """A language model with features; see `hotwire.decoder.gist.word_model.WordModel`.

    Probabilities are those among the words of the vocabulary, since nothing else follows; surprisal is, as in texts,
    among all tokens.

    Parameters
    ----------
    network : WordNetwork
    vocabulary : Vocabulary
    features : WordFeatures
    usual_states : array (n_words, n_components)
        Reduced, see `hotwire.decoder.gist.word_features.usual_states`.
    """

    def __init__(
        self,
        network: WordNetwork,
        vocabulary: Vocabulary,
        features: WordFeatures,
        usual_states: Floats,
    ) -> None:
        self.network, self.of_words, self._vocabulary = network, features, vocabulary
        self.usual_states = usual_states
        self._stop, self._letters = vocabulary.stop, letters_of(vocabulary.words)

    def asking(self, network: WordNetwork) -> FeaturedWords:
        """Return the same, that asks another network."""
        return FeaturedWords(network, self._vocabulary, self.of_words, self.usual_states)

    def begin(self) -> tuple[TextMemory, NDArray]:
        return _with_mass(*self.network.begin())

    def features(
        self, memory: TextMemory, rows: Indices, words: Indices, log_p: NDArray, duration_s: float
    ) -> tuple[Floats, Any]:
        states, entered = self.network.enter(memory.memory, words, rows)
        surprisal = -(log_p + memory.log_mass[rows])
        return self.of_words.of(states, self._letters[words], duration_s, surprisal, self._stop[words]), entered

    def usual(self, memory: TextMemory, rows: Indices, words: Indices, log_p: NDArray, duration_s: float) -> Floats:
        surprisal = -(log_p + memory.log_mass[rows])
        return with_nuisance(self.usual_states[words], self._letters[words], duration_s, surprisal, self._stop[words])

    def go_on(self, memory: TextMemory, entered: Any) -> tuple[TextMemory, NDArray]:
        return _with_mass(*self.network.go_on(memory.memory, entered))


def _with_mass(memory: Rows, log_p: NDArray, log_mass: NDArray) -> tuple[TextMemory, NDArray]:
    return TextMemory(memory, log_mass), log_p
