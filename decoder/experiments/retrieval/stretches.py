"""Stretches of a story: what is held out, and what a model is fitted on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


class StoryPart(NamedTuple):
    """A part of a story: samples that are held out, and those that a model of them is fitted on."""

    held_out: Indices
    training: Indices


def stretches(samples: Indices, n_folds: int, gap: int) -> list[StoryPart]:
    """Hold out one part of the samples after the other; `gap` samples on both sides of it are not used.

    Examples
    --------
    >>> [of.training.tolist() for of in stretches(np.arange(6), 3, 1)]
    [[3, 4, 5], [0, 5], [0, 1, 2]]
    """
    parts = np.array_split(samples, n_folds)
    return [StoryPart(part, samples[(samples < part[0] - gap) | (samples > part[-1] + gap)]) for part in parts]
