"""Decode a run's words from several recordings, or from none, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...gist.beam_memory import beams_at_once
from ...gist.decode_run import Decoded, decode_run
from ...gist.featured_words import FeaturedWords
from ...gist.fitting import FittedGist
from ...gist.gist_decoder import GistDecoder
from ...gist.network_words import SlidingWords
from ...gist.side_by_side import side_by_side
from ...gist.whitened import WhitenedModel
from ...gist.word_features import WordFeatures
from ...gist.word_model import WordNetwork
from ...gist.word_rate import WordsAt
from ...recordings.timed_words import TimedWords

AT_ONCE = 16
"""Beams side by side: with more, a word takes hardly less time, and memory grows."""

Floats = NDArray[np.float64]


class DecodingTask(NamedTuple):
    """Samples (n_samples, n_voxels) to decode.

    With a seed, a null that does not see them. A control may have another encoding model, and other features of words,
    given the decoder's language model; `nuisance` are those features where none of them is a network's state.
    """

    samples: Floats
    null_seed: int | None = None
    model: WhitenedModel | None = None
    words: Callable[[WordNetwork], FeaturedWords] | None = None
    nuisance: WordFeatures | None = None


def decode_all(
    fitted: FittedGist, words: TimedWords | WordsAt, tasks: Sequence[DecodingTask], what: str
) -> list[Decoded]:
    """Decode words at these times for each task; `what` they are is said beside the progress."""
    progress = tqdm(total=len(tasks) * len(words.middle_s), desc=what, delay=1, unit="word", disable=None)
    network, n_words = fitted.words.network, int(fitted.vocabulary.allowed.sum())
    assert isinstance(network, SlidingWords)
    at_once = beams_at_once(network.sliding, fitted.settings.beam, n_words, AT_ONCE)
    found: list[Decoded] = []
    for start in range(0, len(tasks), at_once):
        now = [partial(_decode, fitted, words, task, progress) for task in tasks[start : start + at_once]]
        found += side_by_side(network, now)
    progress.close()
    return found


def _decode(
    fitted: FittedGist, words: TimedWords | WordsAt, task: DecodingTask, progress: tqdm, network: WordNetwork
) -> Decoded:
    language = (task.words or fitted.words.asking)(network)
    model, beam = task.model or fitted.model, fitted.settings.beam
    decoder = GistDecoder(model, language, fitted.vocabulary, beam, task.null_seed)
    return decode_run(decoder, task.samples, words, progress.update)
