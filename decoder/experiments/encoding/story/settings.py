"""How the encoding of a story is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .....errors import InputError
from .....errors.checks import check_least
from ....gist.lanczos import LOBES
from ....gist.timing import WordTiming


@dataclass(frozen=True)
class StorySettings:
    """How the encoding of a story is made.

    Parameters
    ----------
    layers : sequence of str
        Of the language model; the best is chosen within the training of each fold.
    delays : sequence of int
        In samples after a word, from 0: the response to it (finite impulse response).
    n_folds : int
        Of samples that follow each other, or of whole runs where there are several.
    n_components : int
        How many principal components of the layer are used.
    n_tokens : int
        How many tokens before a word the language model sees, the first of the story always among them.
    n_untrained : int
        How many networks with random weights are the control.
    n_shifts : int
        How often the text is put to another time.
    seed : int
    """

    layers: Sequence[str]
    delays: Sequence[int] = (1, 2, 3, 4, 5)
    n_folds: int = 6
    n_components: int = 20
    n_tokens: int = 512
    n_untrained: int = 1
    n_shifts: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        WordTiming(tuple(self.delays))  # raises where they are wrong
        if not self.layers or len(set(self.layers)) < len(self.layers):
            raise InputError(f"layers: expected one or more, each once, got {list(self.layers)}")
        check_least(self, n_folds=3, n_components=1, n_tokens=3, n_untrained=1, n_shifts=1, seed=0)

    @property
    def gap(self) -> int:
        """Samples left out on both sides of what is held out: no word reaches across."""
        return max(self.delays) + LOBES
