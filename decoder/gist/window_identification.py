"""Which window of which story a decoded window is, by how alike texts are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..statistics.identification import identification
from ..statistics.texts import stems, word_overlap

Floats = NDArray[np.float64]
Words = Sequence[str]
Alike = Callable[[Sequence[Words], Sequence[Words]], Floats]
"""How alike texts are to others: (n_texts, n_others)."""


class Identified(NamedTuple):
    """How often a decoded window is more like its own true window than like another; chance 0.5.

    The others are of the same story, or of other ones. Of `n_stories`, `story_place` is that of the own one (1 is the
    best), by the mean over windows at the same time since the first word. `other_stories` is NaN where there are none.
    """

    same_story: float
    other_stories: float
    story_place: int
    n_stories: int


def stem_overlap(texts: Sequence[Words], others: Sequence[Words]) -> Floats:
    """Implements `Alike` by the stems that texts share.

    Examples
    --------
    >>> stem_overlap([["a", "dogs"]], [["dog", "a"], ["a", "cat"]]).tolist()
    [[1.0, 0.5]]
    """
    texts, others = [stems(text) for text in texts], [stems(other) for other in others]
    return np.array([[word_overlap(other, text) for other in others] for text in texts])


def apart(windows: Sequence[slice]) -> list[int]:
    """Return the numbers of windows that share no words.

    Examples
    --------
    >>> apart([slice(0, 3), slice(1, 4), slice(3, 5)])
    [0, 2]
    """
    chosen, stop = [], 0
    for number, window in enumerate(windows):
        if window.start >= stop:
            chosen.append(number)
            stop = window.stop
    return chosen


def identify(
    true: Words,
    said: Words,
    windows: Sequence[slice],
    others: Sequence[tuple[Words, Sequence[slice]]] = (),
    alike: Alike = stem_overlap,
    said_windows: Sequence[slice] | None = None,
) -> Identified:
    """Identify windows of a decoded text.

    Windows that share words in time are not compared.

    Parameters
    ----------
    true, said : sequence of str
    windows : sequence of slice
    others : sequence of (words, windows)
        Of other stories.
    alike : Alike
    said_windows : sequence of slice, optional
        Of the decoded text. Default: as the true one's, a word for each of its words.

    Raises
    ------
    InputError
        There are fewer than two windows that are apart.
    """
    own = apart(windows)
    if len(own) < 2:
        raise InputError("windows: expected two or more that are apart, got one; give a longer run or shorter windows")
    texts = [said[(windows if said_windows is None else said_windows)[i]] for i in own]
    found = alike(texts, [true[windows[i]] for i in own])
    pairs, means, against = identification(found, np.arange(len(own)), 2).mean(), [np.diag(found).mean()], []
    for words, its_windows in others:
        table = alike(texts, [words[its_windows[i]] for i in apart(its_windows)])
        with_own = np.column_stack([np.diag(found), table])
        against.append(identification(with_own, np.zeros(len(own), np.intp), 2).mean())
        means.append(np.diag(table).mean())
    place = 1 + sum(mean >= means[0] for mean in means[1:])
    return Identified(float(pairs), float(np.mean(against)) if against else float("nan"), place, len(means))
