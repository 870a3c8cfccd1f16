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


class WordModel(Protocol):
    """A language model that goes on word by word."""

    def begin(self) -> tuple[Rows, Floats]:
        """Begin one text: its memory, and the log probability (1, n_words) of each word of the vocabulary."""
        ...

    def features(
        self, memory: Any, rows: Indices, words: Indices, log_p: Floats, duration_s: float
    ) -> tuple[Floats, Rows]:
        """The features (n, n_features) of words after the texts of these rows, and what `go_on` needs of each."""
        ...

    def go_on(self, memory: Any, entered: Any) -> tuple[Rows, Floats]:
        """Words after the texts of the memory: the memory with them, and the log probabilities (n, n_words) of the
        next.
        """
        ...
