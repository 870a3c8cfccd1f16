"""Whether graphs of fewer bits say the same words as the network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..gist.gist_decoder import GistDecoder
from ..recordings.timed_words import TimedWords

MOST_WORDS = 200
"""As many are decoded: of one run, in some minutes."""


class WordsThatDiffer(NamedTuple):
    """Of the first words of a run of the training, how many are other words with fewer bits."""

    n_words: int
    n_differ: int


def words_that_differ(
    whole: GistDecoder, smaller: GistDecoder, samples: NDArray, words: TimedWords, most: int = MOST_WORDS
) -> WordsThatDiffer:
    """Decode the first words of a run by new decoders with all bits and with fewer, at the same times.

    Parameters
    ----------
    whole, smaller : GistDecoder
    samples : array (n_samples, n_voxels)
        Of the run.
    words : TimedWords
        Only their times count.
    most : int
        Words, at most.
    """
    said = []
    for decoder in (whole, smaller):
        final = decoder.push(samples, words.middle_s[:most], words.duration_s[:most]).final
        said.append(final + decoder.finish().final)
    return WordsThatDiffer(len(said[0]), int(np.sum([one != other for one, other in zip(*said, strict=True)])))
