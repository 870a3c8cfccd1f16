"""What stands beside a network's layers and is computed from the stimuli themselves, without a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....models.sounds.modulation import spectrum_and_modulation
from ...evaluation.nuisance import SIDE, cochleagrams_of, nuisance, small_pictures
from ...targets import StimulusTargets, Targets
from .predictors import COCHLEAGRAM, LABELS, NUISANCE, PIXELS, SPECTRUM

OF_STIMULI = (NUISANCE, PIXELS, SPECTRUM, COCHLEAGRAM, LABELS)


def values_of(kind: str, targets: Targets) -> NDArray[np.float64] | None:
    """The values (n_keys, n) of a control of `OF_STIMULI`; None where these stimuli have none."""
    if kind == NUISANCE:
        known = nuisance(targets)
        return None if known is None else known[1]
    if not isinstance(targets, StimulusTargets):
        return None
    if kind == LABELS:
        several = targets.labels is not None and 1 < len(targets.answers) < len(targets.keys)
        return np.eye(len(targets.answers))[targets.truth()] if several else None
    if not targets.are_sounds:
        return small_pictures(list(targets.stimuli.values())) if kind == PIXELS else None
    if kind == SPECTRUM:
        return spectrum_and_modulation(cochleagrams_of(targets))
    return small_cochleagrams(cochleagrams_of(targets)) if kind == COCHLEAGRAM else None


def small_cochleagrams(cochleagrams: Sequence[NDArray]) -> NDArray[np.float64]:
    """Cochleagrams averaged over stretches of each sound, (n_sounds, n_bands * SIDE), however long each is."""
    small = []
    for one in cochleagrams:
        first = np.arange(SIDE) * one.shape[1] // SIDE
        stop = np.maximum(first + 1, (np.arange(SIDE) + 1) * one.shape[1] // SIDE)
        small.append(np.stack([one[:, a:b].mean(axis=1) for a, b in zip(first, stop, strict=True)], axis=1).ravel())
    return np.array(small, np.float64)
