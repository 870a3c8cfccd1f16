"""What a beam asks of a language model."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .proposals import Indices

Floats = NDArray[np.float64]


class Rows(Protocol):
    """What a language model holds for several texts, a row for each."""

    def take(self, rows: Any) -> Any:
        """Return these rows; one may be taken several times."""
        ...


class WordNetwork(Protocol):
    """A language model in two halves, over the words of a vocabulary.

    Log probabilities (n, n_words) are those among the words, since nothing else follows; the `log_mass` (n,) is the log
    probability, among all tokens, that one of the words follows.
    """

    def begin(self) -> tuple[Any, NDArray, NDArray]:
        """Begin one text: its memory, log probabilities and log mass."""
        ...

    def enter(self, memory: Any, words: Indices, rows: Indices) -> tuple[NDArray, Any]:
        """The states (n, n_units) of words after the texts of these rows, and what `go_on` needs of each."""
        ...

    def go_on(self, memory: Any, entered: Any) -> tuple[Any, NDArray, NDArray]:
        """Words after the texts of the memory: the memory with them, log probabilities and log mass."""
        ...


class WordModel(Protocol):
    """A language model that goes on word by word, with features of words."""

    def begin(self) -> tuple[Rows, Floats]:
        """Begin one text: its memory, and the log probability (1, n_words) of each word of the vocabulary."""
        ...

    def features(
        self, memory: Any, rows: Indices, words: Indices, log_p: Floats, duration_s: float
    ) -> tuple[Floats, Rows]:
        """The features (n, n_features) of words after the texts of these rows, and what `go_on` needs of each."""
        ...

    def usual(self, memory: Any, rows: Indices, words: Indices, log_p: Floats, duration_s: float) -> Floats:
        """The same features with the states that these words usually have, whatever the texts; at no cost."""
        ...

    def go_on(self, memory: Any, entered: Any) -> tuple[Rows, Floats]:
        """Words after the texts of the memory: the memory with them, and the log probabilities (n, n_words) of the
        next.
        """
        ...
