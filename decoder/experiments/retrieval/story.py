"""The story as features of its samples: what is known of words without their meaning, and a language model's states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....models.networks.language.word_states import WordStates
from ...gist.lanczos import LOBES, sample_of, words_to_samples
from ...recordings.timed_words import TimedWords

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
    known : WordStates
        What a language model makes of them.
    n_samples : int
    rate_hz : float
    order : array (n_words,) of int, optional
        Whose states each word gets; by default its own.
    """

    words: TimedWords
    known: WordStates
    n_samples: int
    rate_hz: float
    order: NDArray[np.intp] | None = None

    def nuisance(self) -> Floats:
        """Features that know no meaning, (n_samples, 5), see `NUISANCE`."""
        word = [str(one).lower() for one in self.words.word]
        told = np.array([list(map(len, word)), self.words.duration_s, [w in STOP_WORDS for w in word]], np.float64).T
        told = np.column_stack([told, self.known.surprisal])
        return self._to_samples(np.column_stack([np.ones(len(word)), told - told.mean(axis=0)]))

    def language(self, layer: str, held_out: NDArray[np.intp], gap: int, n_components: int) -> Floats:
        """Principal components of a layer's states, (n_samples, n_components), of words outside of what is held out."""
        at = sample_of(self.words.middle_s, self.rate_hz)
        outside = (at < held_out[0] - gap) | (at > held_out[-1] + gap)
        states = self.known.states[layer].astype(np.float64)
        size = states[outside].std(axis=0)
        states = (states - states[outside].mean(axis=0)) / np.where(size > 0, size, 1.0)
        axes = np.linalg.eigh(states[outside].T @ states[outside])[1][:, ::-1][:, :n_components]
        components = states @ axes
        return self._to_samples(components if self.order is None else components[self.order])

    def _to_samples(self, features: Floats) -> Floats:
        return words_to_samples(features, self.words.middle_s, self.n_samples, self.rate_hz, LOBES)
