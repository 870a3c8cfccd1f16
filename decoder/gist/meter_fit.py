"""Fitting a meter: what texts explain of surrogates, recordings that heard nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...errors import InputError
from ..recordings.timed_words import TimedWords
from ..statistics.surrogates import phase_randomised
from .gist_decoder import METER_WORDS, GistDecoder
from .meter import Meter

N_WINDOWS = 20


def fit_meter(
    decoder: Callable[[], GistDecoder], runs: Sequence[tuple[NDArray, TimedWords]], *, seed: int = 0
) -> Meter:
    """Fit a meter on surrogates of the samples (n_samples, n_voxels) of runs, and the times of their words.

    `decoder` makes a new decoder, best fitted without these runs: what it was fitted on, it explains better.

    Raises
    ------
    InputError
        No run has enough words.
    """
    long = [(samples, words) for samples, words in runs if len(words) > 2 * METER_WORDS]
    if not long:
        raise InputError(
            f"words: expected a run of more than {2 * METER_WORDS} words, to compare evidence with that on surrogates; "
            f"got at most {max(len(words) for _, words in runs)}"
        )
    rng, gains = np.random.default_rng(seed), []
    with tqdm(total=N_WINDOWS, desc="evidence without a brain's words", delay=1, disable=None) as progress:
        while len(gains) < N_WINDOWS:
            for samples, words in long:
                gains += _gains(decoder(), phase_randomised(samples, rng), words)
                progress.update(min(len(gains), N_WINDOWS) - progress.n)
                if len(gains) >= N_WINDOWS:
                    break
    return Meter(float(np.mean(gains)), float(np.std(gains, ddof=1)))


def _gains(decoder: GistDecoder, samples: NDArray, words: TimedWords) -> list[float]:
    """What is gained over each stretch of words, one after the other."""
    decoder.push(samples)
    gains = []
    for start in range(0, len(words), METER_WORDS):
        part = slice(start, start + METER_WORDS)
        n_before = decoder.n_decided
        decoder.push(middle_s=words.middle_s[part], duration_s=words.duration_s[part])
        if decoder.gained is not None and decoder.n_decided - n_before == METER_WORDS:
            gains.append(decoder.gained)
    return gains
