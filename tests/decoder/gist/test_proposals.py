from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.gist.proposals import Nucleus, contexts
from hotwire.errors import InputError

from .small_language import WORDS, vocabulary


def said(text: str) -> np.ndarray:
    return np.array([WORDS.index(word) for word in text.split()], np.intp)


def proposed(probability: dict[str, float], context: str) -> list[str]:
    p = np.full(len(WORDS), 1e-6)
    for word, one in probability.items():
        p[WORDS.index(word)] = one
    found = vocabulary().proposals(p, said(context), Nucleus(0.1, 0.9))
    return [WORDS[word] for word in found]


def test_the_word_that_reaches_the_mass_is_the_last() -> None:
    p = np.array([0.5, 0.3, 0.1, 0.06, 0.04])
    assert Nucleus(0.0, 0.85).of(p).tolist() == [0, 1, 2]
    assert Nucleus(0.0, 0.79).of(p).tolist() == [0, 1]
    assert Nucleus(0.15, 0.99).of(p).tolist() == [0, 1, 2]
    assert Nucleus(1.0, 1.0).of(np.array([0.2, 0.4, 0.4])).tolist() == [1, 2]
    with pytest.raises(InputError, match="nucleus: expected a ratio from 0 to 1"):
        Nucleus(ratio=2.0)


def test_repeats_are_left_out() -> None:
    likely = {"dog": 0.3, "cat": 0.3, "a": 0.3}
    assert proposed(likely, "i") == ["a", "dog", "cat"]
    assert proposed(likely, "dogs i") == ["a", "cat"]  # of one stem
    assert proposed(likely, "a i") == ["a", "dog", "cat"]  # a stop word
    assert proposed(likely, "the a the") == ["dog", "cat"]  # followed the last word before
    assert proposed(likely, "the a i") == ["a", "dog", "cat"]
    assert proposed(likely, "dog a cat") == ["a"]


def test_one_is_always_left() -> None:
    assert proposed({"dog": 0.9}, "dogs") == ["dog"]
    assert proposed({"slowly": 0.9, "moon": 0.05}, "a") == ["moon"]  # the decoder may not say "slowly"
    with pytest.raises(InputError, match="some to begin with"):
        replace(vocabulary(), first=said("slowly"))


def test_contexts() -> None:
    assert contexts([], 0.0, 4.0, 5) == 0
    assert contexts([0.0, 1.0, 9.0], 10.0, 4.0, 2) == 2
    assert contexts([0.0, 7.0, 8.0, 9.0], 10.0, 4.0, 2) == 3
