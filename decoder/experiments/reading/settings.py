"""How reading times are predicted."""

from __future__ import annotations

from dataclasses import dataclass

from ....errors.checks import check_least


@dataclass(frozen=True)
class ReadingSettings:
    """How reading times are predicted.

    Parameters
    ----------
    n_previous : int
        The features of so many words before count, too: what is hard spills over to the next words.
    n_tokens : int
        How many tokens before a word the language model sees, the first of the story always among them.
    n_untrained : int
        How many networks with random weights are the control.
    n_shuffles : int
        How often words of a story exchange their surprisal.
    seed : int
    """

    n_previous: int = 2
    n_tokens: int = 512
    n_untrained: int = 1
    n_shuffles: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        check_least(self, n_previous=0, n_tokens=3, n_untrained=1, n_shuffles=1, seed=0)
