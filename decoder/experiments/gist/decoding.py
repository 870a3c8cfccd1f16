"""Decode a run's words from several recordings, or from none, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...gist.fitting import FittedGist
from ...gist.side_by_side import side_by_side
from ...gist.word_model import WordNetwork
from ...recordings.timed_words import TimedWords

AT_ONCE = 16
"""Beams side by side: with more, a word takes hardly less time, and memory grows."""

Floats = NDArray[np.float64]


class Task(NamedTuple):
    """Samples (n_samples, n_voxels) to decode; with a seed, a null that does not see them."""

    samples: Floats
    null_seed: int | None = None


class Decoded(NamedTuple):
    """The words, and how many nats they explain the samples better than words that are not known."""

    said: list[str]
    evidence: float


def decode_all(fitted: FittedGist, words: TimedWords, tasks: Sequence[Task], what: str) -> list[Decoded]:
    """Decode words at these times for each task; `what` they are is said beside the progress."""
    progress = tqdm(total=len(tasks) * len(words), desc=what, delay=1, unit="word", disable=None)
    found: list[Decoded] = []
    for start in range(0, len(tasks), AT_ONCE):
        now = [partial(_decode, fitted, words, task, progress) for task in tasks[start : start + AT_ONCE]]
        found += side_by_side(fitted.words.network, now)
    progress.close()
    return found


def _decode(fitted: FittedGist, words: TimedWords, task: Task, progress: tqdm, network: WordNetwork) -> Decoded:
    decoder = fitted.decoder(task.null_seed, network)
    said = decoder.push(task.samples).final
    for at_s, duration_s in zip(words.middle_s.tolist(), words.duration_s.tolist(), strict=True):
        said += decoder.push(middle_s=[at_s], duration_s=[duration_s]).final
        progress.update()
    return Decoded(said + decoder.finish().final, decoder.evidence)
