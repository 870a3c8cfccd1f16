"""What a fitted decoder of gist expects of passages, from their words and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.networks.language.language_model import LanguageModel
from ..recordings.timed_words import TimedWords
from ..statistics.surrogates import phase_randomised
from .fitting import GistSettings
from .lanczos import words_to_samples
from .network_words import features_of_story, read_stories
from .passages import Passages, expected_of
from .whitened import WhitenedModel
from .word_features import WordFeatures

N_SURROGATES = 10


def expect_passages(
    network: LanguageModel,
    features: WordFeatures,
    model: WhitenedModel,
    passages: Mapping[Any, TimedWords],
    settings: GistSettings,
    window_s: float,
) -> Passages:
    """What samples of `model` are expected to be while each passage is heard, from its time 0 on.

    A passage lasts until its last word shows no longer. The newest `window_s` seconds are compared with it.
    """
    read = read_stories(network, [settings.layer], passages, settings.n_tokens)
    tables = []
    for name, words in passages.items():
        of = features_of_story(features, read[name].states[settings.layer], read[name].surprisal, words)
        n_samples = ceil(float(words.offset_s.max()) * model.rate_hz) + max(model.timing.delays)
        table = words_to_samples(of, words.middle_s, n_samples, model.rate_hz, model.timing.lobes)
        tables.append(expected_of(table, model.mean, model.size, model.timing.delays, model.responses))
    return Passages(
        names=tuple(map(str, passages)),
        lengths=tuple(map(len, tables)),
        expected=np.concatenate(tables),
        autocorrelation=model.timing.autocorrelation,
        rate_hz=model.rate_hz,
        n_window=max(round(window_s * model.rate_hz), 1),
    )


def surrogates(
    model: WhitenedModel, runs: Sequence[NDArray], n: int = N_SURROGATES, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Whitened surrogates of runs (n_samples, n_voxels), one run after the other: they heard nothing."""
    rng = np.random.default_rng(seed)
    for number in range(n):
        yield model.project(phase_randomised(runs[number % len(runs)], rng))
