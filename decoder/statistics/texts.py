"""How alike two texts are, word by word; texts are sequences of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp

import numpy as np

from ...errors import InputError


def word_error_rate(true: Sequence[str], said: Sequence[str]) -> float:
    """The fewest words to insert, delete or replace to get the true text, over its length.

    Raises
    ------
    InputError
        The true text has no words.

    References
    ----------
    Levenshtein (1966), Binary codes capable of correcting deletions, insertions and reversals. Soviet Physics Doklady
    10, 707-710.

    Examples
    --------
    >>> word_error_rate("the white rabbit ran".split(), "a rabbit ran away".split())
    0.75
    """
    _check_true(true)
    before = np.arange(len(said) + 1)
    for row, word in enumerate(true, start=1):
        changed = before[:-1] + [word != other for other in said]
        now = np.minimum(before + 1, np.r_[row, changed])
        # insertions: the least of all cells to the left, each one more
        before = np.minimum.accumulate(now - np.arange(len(now))) + np.arange(len(now))
    return float(before[-1] / len(true))


def bleu_1(true: Sequence[str], said: Sequence[str]) -> float:
    """The share of said words that are in the true text, each as often as there at most; short texts count less.

    References
    ----------
    Papineni, Roukos, Ward & Zhu (2002), BLEU: a method for automatic evaluation of machine translation. ACL, 311-318,
    with single words.

    Examples
    --------
    >>> bleu_1("the white rabbit ran".split(), "the the rabbit ran".split())
    0.75
    """
    _check_true(true)
    if not len(said):
        return 0.0
    return min(1.0, exp(1 - len(true) / len(said))) * _in_common(true, said) / len(said)


def word_overlap(true: Sequence[str], said: Sequence[str]) -> float:
    """The harmonic mean of the share of said words that are true and of true words that are said.

    Of stems instead of words it does not mind their endings.

    Examples
    --------
    >>> word_overlap("the white rabbit ran".split(), "rabbit ran".split())
    0.666...
    """
    _check_true(true)
    return 2 * _in_common(true, said) / (len(true) + len(said))


def stems(words: Iterable[str]) -> list[str]:
    """Return the stem of each English word (Snowball).

    Examples
    --------
    >>> stems(["rabbits", "ran", "running"])
    ['rabbit', 'ran', 'run']
    """
    from snowballstemmer import stemmer

    return stemmer("english").stemWords([word.lower() for word in words])


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    return (Counter(one) & Counter(other)).total()


def _check_true(true: Sequence[str]) -> None:
    if not len(true):
        raise InputError("true: expected a text with words, got none")
