"""What decoders could reach: synthetic brains of a given noise, decoded as a recording would be.

A trial is one sample of a `SyntheticBrain` without blood flow. A random map of activations depends on their inner
products alone, so the brain gets coordinates of the stimuli. A ridge prediction is a weighted mean of activations, so
the network gets what the decoder would inject, and nothing else is computed on the wide axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import by_key
from ....adapters.ridge.dual import DualRidge
from ....adapters.unit_blocks import scores_of
from ...evaluation.threads import in_parallel
from ...recordings.synthetic import SyntheticBrain, block_design
from .held_out import number_tested
from .result import Accuracy, MeanOverDraws, ReachPoint
from .scene import Scene

MOST_TESTED = 40
"""Trials that the network reads of each simulated session."""


class _Trials(NamedTuple):
    """Trials of a synthetic brain, with the rows to train on for each size, and the rows to test on."""

    X: NDArray
    key: NDArray[np.intp]
    group: NDArray
    train: list[NDArray[np.intp]]
    test: NDArray[np.intp]


def reached(
    scene: Scene, n_features: int, levels: Sequence[float], sizes: Sequence[int], n_draws: int, seed: int
) -> list[ReachPoint]:
    """Simulate decoders for every level of noise and every number of training trials, both in ascending order.

    Each word is shown `sizes` times, once a run, and new trials of the same words are decoded. Of pictures, `sizes` are
    shown once each, and other pictures are decoded. There are `n_draws` synthetic brains with `n_features` each.
    """
    brains = [(level, seed + draw) for level in levels for draw in range(n_draws)]
    jobs = [partial(_simulated, scene, n_features, level, sizes, brain) for level, brain in brains]
    found = in_parallel(jobs, "simulated decoders")
    points = []
    for i, level in enumerate(levels):
        draws = found[i * n_draws : (i + 1) * n_draws]
        for number, size in enumerate(sizes):
            accuracy = [MeanOverDraws.of(of_draws) for of_draws in zip(*(draw[number] for draw in draws), strict=True)]
            points.append(ReachPoint(level, size, *accuracy))
    return points


def _simulated(scene: Scene, n_features: int, level: float, sizes: Sequence[int], seed: int) -> list[Accuracy]:
    brain = SyntheticBrain(n_features, 1.0, level, "none", seed=seed)
    simulated = _pictures(scene, brain, sizes) if scene.shows_pictures else _words(scene, brain, sizes)
    K = scene.K[: scene.n_keys, : scene.n_keys]
    weights, means = [], []
    for train in simulated.train:
        key = simulated.key[train]
        dual = DualRidge(scene.settings.adapter, simulated.X[train], groups=simulated.group[train])
        blend = dual.blend(dual.fit(K[np.ix_(key, key)]), simulated.X[simulated.test])
        weights.append(by_key(blend, key, len(scene.table)))
        means.append(np.bincount(key, minlength=len(scene.table)) / len(key))
    scores = scene.scores(weights, np.array(means))
    return [scene.accuracy(of_size, simulated.key[simulated.test]) for of_size in scores]


def _words(scene: Scene, brain: SyntheticBrain, sizes: Sequence[int]) -> _Trials:
    n_tested = max(1, MOST_TESTED // scene.n_keys)
    X, key = _recorded(scene, brain, sizes[-1] + n_tested)
    run = np.arange(len(key)) // scene.n_keys
    test = np.flatnonzero(run >= sizes[-1])[:MOST_TESTED]
    return _Trials(X, key, run, [np.flatnonzero(run < size) for size in sizes], test)


def _pictures(scene: Scene, brain: SyntheticBrain, sizes: Sequence[int]) -> _Trials:
    # Each picture is shown once, in random order.
    X, key = _recorded(scene, brain, 1)
    test = np.arange(len(key) - number_tested(len(key)), len(key))[:MOST_TESTED]
    return _Trials(X, key, key, [np.arange(size) for size in sizes], test)


def _recorded(scene: Scene, brain: SyntheticBrain, n_runs: int) -> tuple[NDArray, NDArray[np.intp]]:
    """Trials (n_trials, n_features) of a simulated recording that shows each key once a run, and their keys."""
    names = [str(i) for i in range(scene.n_keys)]
    coordinates = scores_of(_centred(scene.K[: scene.n_keys, : scene.n_keys]))
    design = block_design(names, n_runs, rate_hz=1.0, duration_s=1.0, seed=brain.seed)
    recording = brain.record(design, dict(zip(names, coordinates, strict=True)))
    return recording.data, design.keys.astype(np.intp)


def _centred(K: NDArray) -> NDArray:
    centred = K - K.mean(axis=0)
    return centred - centred.mean(axis=1, keepdims=True)
