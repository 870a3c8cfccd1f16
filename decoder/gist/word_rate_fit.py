"""Fitting how many words are said in each sample, and how well that is known of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...adapters.other.delayed import DelayedAdapter
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords
from ..statistics.correlations import profile_correlation
from .chunks import splitter_for
from .encoding_fit import EncodingFit, EncodingSettings
from .lanczos import words_to_samples
from .word_rate import WordRate

Floats = NDArray[np.float64]

MOST_VOXELS = 200
"""The rate is one number: it is read from the voxels that words predict best, as the reference reads it from a region.
"""
SHORTEST_SHIFT_S = 50.0


class RateScore(NamedTuple):
    """The correlation of predicted and true words in each sample of a run.

    `z` is its distance from the mean over all circular shifts of at least 50 s, in their standard deviations; NaN
    where a run is too short to be shifted. `n_true` words were said, and `n_timed` are said by the predicted rate.
    """

    r: float
    z: float
    n_true: int
    n_timed: int


def fit_word_rate(
    words: Mapping[Any, TimedWords], recording: Recording, encoding: EncodingFit, settings: EncodingSettings
) -> WordRate:
    """Fit the rate of words on all runs of a recording, from voxels of a fitted encoding model.

    The strength of the ridge is chosen on runs, or chunks of a single one, that are left out in turn.
    """
    voxels = encoding.model.voxels
    best = np.argsort(-encoding.scores[voxels], kind="stable")[:MOST_VOXELS]
    places = np.sort(best)
    data = np.asarray(recording.data[:, voxels[places]], np.float64)
    mean, size = data.mean(axis=0), data.std(axis=0)
    size = np.where(size > 0, size, 1.0)
    true = np.concatenate([true_rate(words[run], n, recording.rate_hz) for run, n in recording.run_lengths().items()])
    splitter, groups = splitter_for(recording.run, settings.n_folds, settings.gap)
    adapter = DelayedAdapter([-delay for delay in settings.delays], cv=splitter)
    adapter.fit((data - mean) / size, true, groups)
    return WordRate(
        rate_hz=recording.rate_hz,
        delays=settings.delays,
        places=places,
        mean=mean,
        weights=adapter.coef_.reshape(len(settings.delays), len(places)) / size,
        intercept=float(adapter.intercept_),
        duration_s=float(np.mean(np.concatenate([words[run].duration_s for run in recording.runs]))),
    )


def true_rate(words: TimedWords, n_samples: int, rate_hz: float) -> Floats:
    """Words in each sample of a run, (n_samples,): each word is one, interpolated as its features are."""
    return words_to_samples(np.ones((len(words), 1)), words.middle_s, n_samples, rate_hz)[:, 0]


def score_rate(model: WordRate, samples: NDArray, words: TimedWords) -> RateScore:
    """Compare the rate predicted from a run's samples (n_samples, n_voxels) with that of its words."""
    predicted, true = model.rates(samples), true_rate(words, len(samples), model.rate_hz)
    shortest = round(SHORTEST_SHIFT_S * model.rate_hz)
    shifts = [0, *range(shortest, len(true) - shortest + 1)]
    moved = np.column_stack([np.roll(predicted, by) for by in shifts])
    r, *null = profile_correlation(np.broadcast_to(true[:, None], moved.shape), moved).tolist()
    spread = np.std(null, ddof=1) if len(null) > 1 else 0.0
    z = float((r - np.mean(null)) / spread) if spread > 0 else float("nan")
    return RateScore(r, z, len(words), len(model.words(samples).middle_s))
