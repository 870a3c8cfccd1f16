"""Which words may come next: the nucleus of what a language model expects, without repeats (Tang et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Nucleus:
    """The smallest set of the most probable words that together reach `mass`, of those that are likely enough.

    Parameters
    ----------
    ratio : float
        A word is likely enough with at least this part of the largest probability.
    mass : float
        The word with which the sum of probabilities reaches it is the last one.
    """

    ratio: float = 0.003
    mass: float = 0.99

    def __post_init__(self) -> None:
        if not (0 <= self.ratio <= 1 and 0 < self.mass <= 1):
            raise InputError(
                f"nucleus: expected a ratio from 0 to 1 and a mass above 0, up to 1, got {self.ratio} and {self.mass}"
            )

    def of(self, probability: Floats) -> Indices:
        """Return the words of the nucleus, the most probable first, equals in the order of the vocabulary.

        Examples
        --------
        >>> Nucleus(0.1, 0.9).of(np.array([0.02, 0.2, 0.45, 0.3, 0.03]))
        array([2, 3, 1])
        """
        likely = np.flatnonzero(probability >= probability.max() * self.ratio)
        order = likely[np.argsort(-probability[likely], kind="stable")]
        reached = np.flatnonzero(np.cumsum(probability[order]) >= self.mass)
        return order[: reached[0] + 1] if reached.size else order


@dataclass(frozen=True)
class Vocabulary:
    """The words that a decoder may say.

    Attributes
    ----------
    words : tuple of str
    stem : array (n_words,) of int
        Equal for words of one stem.
    stop : array (n_words,) of bool
        Whether it is a stop word, which may be repeated.
    allowed : array (n_words,) of bool
        Whether the decoder may say it; the others are only counted in the nucleus.
    first : array of int
        The words with which a text may begin.
    """

    words: tuple[str, ...]
    stem: NDArray[np.intp]
    stop: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    first: Indices

    def __post_init__(self) -> None:
        shape = (len(self.words),)
        if not (self.stem.shape == self.stop.shape == self.allowed.shape == shape):
            raise InputError(f"vocabulary: expected a stem, stop and allowed for each of {len(self.words)} words")
        if not self.allowed.any() or not len(self.first) or not self.allowed[self.first].all():
            raise InputError("vocabulary: expected words that may be said, and among them some to begin with")

    def proposals(self, probability: Floats, context: Indices, nucleus: Nucleus) -> Indices:
        """Return the words that may follow a context; at least one, the most probable allowed, where none is left.

        Left out are words that followed an earlier copy of the context's last word, and words other than stop words
        that share a stem with a word of the context.
        """
        found = nucleus.of(probability)
        found = found[self.allowed[found]]
        if len(context):
            followed = context[1:][context[:-1] == context[-1]]
            said = np.isin(self.stem[found], self.stem[context]) & ~self.stop[found]
            found = found[~np.isin(found, followed) & ~said]
        if not len(found):
            found = np.array([np.where(self.allowed, probability, -1.0).argmax()])
        return found


def contexts(word_samples: Sequence[float], at: float, reach_samples: float, at_least: int) -> int:
    """How many of the words before a word, said at `at`, are its context: the recent ones, but `at_least` so many.

    Examples
    --------
    >>> contexts([0.0, 1.0, 2.0, 3.0], at=4.0, reach_samples=2.0, at_least=1)
    2
    """
    recent = sum(one >= at - reach_samples for one in word_samples)
    return min(max(recent, at_least), len(word_samples))
