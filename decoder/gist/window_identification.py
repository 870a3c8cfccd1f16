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


def apart(windows: Sequence[slice]) -> list[slice]:
    """Return windows that share no words.

    Examples
    --------
    >>> apart([slice(0, 3), slice(1, 4), slice(3, 5)])
    [slice(0, 3, None), slice(3, 5, None)]
    """
    chosen = list(windows[:1])
    for window in windows:
        if window.start >= chosen[-1].stop:
            chosen.append(window)
    return chosen


def identify(
    true: Words,
    said: Words,
    windows: Sequence[slice],
    others: Sequence[tuple[Words, Sequence[slice]]] = (),
    alike: Alike = stem_overlap,
) -> Identified:
    """Identify windows of a decoded text, of one word at each time of the true one.

    Windows that share words in time are not compared.

    Parameters
    ----------
    true, said : sequence of str
    windows : sequence of slice
    others : sequence of (words, windows)
        Of other stories.
    alike : Alike

    Raises
    ------
    InputError
        There are fewer than two windows that are apart.
    """
    own = apart(windows)
    if len(own) < 2:
        raise InputError("windows: expected two or more that are apart, got one; give a longer run or shorter windows")
    texts = [said[window] for window in own]
    found = alike(texts, [true[window] for window in own])
    pairs, means, against = identification(found, np.arange(len(own)), 2).mean(), [np.diag(found).mean()], []
    for words, its_windows in others:
        table = alike(texts, [words[window] for window in apart(its_windows)])
        with_own = np.column_stack([np.diag(found), table])
        against.append(identification(with_own, np.zeros(len(own), np.intp), 2).mean())
        means.append(np.diag(table).mean())
    place = 1 + sum(mean >= means[0] for mean in means[1:])
    return Identified(float(pairs), float(np.mean(against)) if against else float("nan"), place, len(means))
