"""Fitting a meter: what texts explain of surrogates, recordings that heard nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...errors import InputError
from ..recordings.timed_words import TimedWords
from ..statistics.surrogates import phase_randomised
from .decode_run import decode_run
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
    rng, gains, strengths = np.random.default_rng(seed), [], []
    with tqdm(total=N_WINDOWS, desc="evidence without a brain's words", delay=1, disable=None) as progress:
        while len(gains) < N_WINDOWS:
            for samples, words in long:
                decoded = decode_run(decoder(), phase_randomised(samples, rng), words)
                gains += decoded.gains
                strengths.append(decoded.strength)
                progress.update(min(len(gains), N_WINDOWS) - progress.n)
                if len(gains) >= N_WINDOWS:
                    break
    return Meter.of(gains, METER_WORDS, max(strengths))
