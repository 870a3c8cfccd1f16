"""What is known of each word: a network's state in few numbers, and what any speech has without its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Floats = NDArray[np.float64]

NUISANCE = ("rate", "length", "duration", "surprisal", "stop word")
"""One for each word, so that it adds up to the rate of words; letters; seconds; nats; whether it is a stop word."""


@dataclass(frozen=True, eq=False)
class WordFeatures:
    """From words to features: principal components of a network's states, and nuisance.

    Attributes
    ----------
    mean : array (n_units,)
    components : array (n_units, n_components)
    """

    mean: Floats
    components: Floats

    @classmethod
    def fit(cls, states: NDArray, n_components: int) -> WordFeatures:
        """Find the directions in which states (n_words, n_units) vary most."""
        if not 1 <= n_components <= min(states.shape[1], len(states) - 1):
            raise InputError(
                f"n_components: expected 1 to {min(states.shape[1], len(states) - 1)} for {len(states)} words of "
                f"{states.shape[1]} units, got {n_components}"
            )
        states = states.astype(np.float64)
        mean = states.mean(axis=0)
        _, directions = np.linalg.eigh((states - mean).T @ (states - mean))
        return cls(mean, np.ascontiguousarray(directions[:, ::-1][:, :n_components]))

    @property
    def bands(self) -> list[str]:
        """The kind of each feature."""
        return ["state"] * self.components.shape[1] + ["nuisance"] * len(NUISANCE)

    def of(
        self, states: NDArray, letters: NDArray, duration_s: NDArray | float, surprisal: NDArray, stop: NDArray
    ) -> Floats:
        """Return the features (n_words, n_features) of words.

        Parameters
        ----------
        states : array (n_words, n_units)
        letters : array (n_words,)
            How many letters each word has.
        duration_s : array (n_words,) or float
        surprisal : array (n_words,)
            In nats.
        stop : array (n_words,) of bool
        """
        return with_nuisance(self.reduced(states), letters, duration_s, surprisal, stop)

    def reduced(self, states: NDArray) -> Floats:
        """Return the principal components (n_words, n_components) of states."""
        return (states.astype(np.float64) - self.mean) @ self.components


def with_nuisance(
    reduced: Floats, letters: NDArray, duration_s: NDArray | float, surprisal: NDArray, stop: NDArray
) -> Floats:
    """Return features (n_words, n_features) of words whose states are reduced already, see `WordFeatures.of`."""
    columns = (np.ones(len(reduced)), letters, np.broadcast_to(duration_s, len(reduced)), surprisal, stop)
    return np.column_stack([reduced, *columns])


def usual_states(vocabulary: Sequence[str], said: Sequence[str], reduced: Floats) -> Floats:
    """Return the mean (n_words, n_components) of the reduced states of each word of a vocabulary, wherever it was said.

    Rare words are drawn to the mean of all, which is 0; so are words that were never said.

    Examples
    --------
    >>> usual_states(["a", "cat"], ["a", "a", "dog"], np.array([[1.0], [2.0], [9.0]]))
    array([[1.],
           [0.]])
    """
    place = {word: i for i, word in enumerate(vocabulary)}
    rows = np.array([place.get(word, -1) for word in said], np.intp)
    known, sums = rows >= 0, np.zeros((len(vocabulary), reduced.shape[1]))
    np.add.at(sums, rows[known], reduced[known])
    return sums / (np.bincount(rows[known], minlength=len(vocabulary)) + 1.0)[:, None]


def letters_of(words: Sequence[str]) -> NDArray[np.intp]:
    """Return how many letters each word has.

    Examples
    --------
    >>> letters_of(["a", "don't"])
    array([1, 4])
    """
    return np.array([sum(letter.isalpha() for letter in word) for word in words], np.intp)
