"""The story as features of its samples: what is known of words without their meaning, and a language model's states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.networks.language.reading import WordsRead
from ...models.networks.language.word_states import WordStates
from ..recordings.timed_words import TimedWords
from .lanczos import LOBES, sample_of, words_to_samples

Floats = NDArray[np.float64]

NUISANCE = ("rate", "letters", "duration", "stop word", "surprisal")
"""What is known of a word without its meaning."""
_STOP_WORDS = (
    "a about after again all also am an and any are as at be because been before being but by can could did do does "
    "doing down each few for from further had has have having he her here hers herself him himself his how i if in "
    "into is it its itself just me more most my myself no nor not now of off on once only or other our ours out over "
    "own same she should so some such than that the their theirs them then there these they this those through to too "
    "under until up very was we were what when where which while who whom why will with would you your yours"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, eq=False)
class Story:
    """A story in time.

    Attributes
    ----------
    words : TimedWords
    known : WordStates or WordsRead
        What a language model makes of them.
    n_samples : int
    rate_hz : float
    order : array (n_words,) of int, optional
        Whose states each word gets; by default its own.
    frequency : array (n_words,), optional
        How usual each word is, see `hotwire.decoder.gist.word_frequency`; one more feature.
    """

    words: TimedWords
    known: WordStates | WordsRead
    n_samples: int
    rate_hz: float
    order: NDArray[np.intp] | None = None
    frequency: Floats | None = None

    def nuisance(self) -> Floats:
        """Features that know no meaning, (n_samples, 5), see `NUISANCE`; with the frequency of words 6."""
        word = [str(one).lower() for one in self.words.word]
        told = np.array([list(map(len, word)), self.words.duration_s, [w in STOP_WORDS for w in word]], np.float64).T
        told = np.column_stack([told, self.known.surprisal, *([] if self.frequency is None else [self.frequency])])
        return self.to_samples(np.column_stack([np.ones(len(word)), told - told.mean(axis=0)]))

    def language(self, layer: str, held_out: NDArray[np.intp], gap: int, n_components: int) -> Floats:
        """Principal components of a layer's states, (n_samples, n_components), of words outside of what is held out."""
        at = sample_of(self.words.middle_s, self.rate_hz)
        outside = (at < held_out[0] - gap) | (at > held_out[-1] + gap)
        components = principal_components(self.known.states[layer], outside, n_components)
        return self.to_samples(components if self.order is None else components[self.order])

    def to_samples(self, features: Floats) -> Floats:
        """Features of words (n_words, n_features), interpolated to samples."""
        return words_to_samples(features, self.words.middle_s, self.n_samples, self.rate_hz, LOBES)


def principal_components(states: NDArray, of: NDArray[np.bool_], n_components: int) -> Floats:
    """The directions in which the states (n_words, n_units) of some words vary most; for all words, (n_words, n).

    Units are brought to unit variance first. Scales and directions are from the words `of` alone.
    """
    states = states.astype(np.float64)
    size = states[of].std(axis=0)
    states = (states - states[of].mean(axis=0)) / np.where(size > 0, size, 1.0)
    axes = np.linalg.eigh(states[of].T @ states[of])[1][:, ::-1][:, :n_components]
    return states @ axes
