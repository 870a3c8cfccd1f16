"""Which true words a decoder could say at all, and which of them it would be offered after the true text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ..recordings.timed_words import TimedWords
from .fitting import FittedGist
from .network_words import SlidingWords
from .proposals import contexts


class Coverage(NamedTuple):
    """Shares of true words: those that the decoder may say, and those among the proposals of the true history.

    The beam cannot say a word that is not proposed, so `proposed` bounds it, wherever its own history is the true one.
    """

    sayable: float
    proposed: float


def coverage_of(fitted: FittedGist, words: TimedWords) -> Coverage:
    """Read a true text, and see which of its words are proposed; nothing is decoded.

    Words that the vocabulary lacks are read, but count as no context that must not be repeated.
    """
    network, vocabulary, settings = fitted.words.network, fitted.vocabulary, fitted.settings.beam
    if not isinstance(network, SlidingWords):
        raise InputError("fitted: expected a decoder that was fitted, got one that was loaded")
    place = {word: i for i, word in enumerate(vocabulary.words)}
    known = [place.get(word.lower(), -1) for word in words.word.tolist()]
    middle_s = words.middle_s.tolist()
    n_sayable = n_proposed = 0
    for i, log_p in enumerate(network.before_each(words)):
        n_context = contexts(middle_s[:i], middle_s[i], settings.context_s, settings.context_words)
        context = np.array([one for one in known[i - n_context : i] if one >= 0], np.intp)
        proposed = vocabulary.proposals(np.exp(log_p), context, settings.nucleus) if i else vocabulary.first
        n_sayable += known[i] >= 0 and bool(vocabulary.allowed[known[i]])
        n_proposed += known[i] in proposed
    return Coverage(n_sayable / len(words), n_proposed / len(words))
