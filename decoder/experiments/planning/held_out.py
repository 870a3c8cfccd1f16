"""The ceiling that more brain data does not raise: how far the training stimuli span those that were left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .result import LeftOut, MeanOverDraws, SpanPoint
from .scene import Scene
from .span import explained, span_weights

N_TESTED = 60
N_READ = 32
"""For each number of training words, at least this many left-out words are read."""


class _Split(NamedTuple):
    test: NDArray[np.intp]
    order: NDArray[np.intp]
    """The stimuli that may be trained on, in the order of use."""


def word_spans(scene: Scene, n_draws: int, seed: int) -> list[SpanPoint]:
    """Leave each word out; train on the other words of the study, and then on words of the pool."""
    n_others, n_all = scene.n_keys - 1, len(scene.table)
    sizes = [*_sizes(n_others), *(size for size in _sizes(n_all - 1) if size > 1.25 * n_others)]
    draws = max(n_draws, -(-N_READ // scene.n_keys))
    rng = np.random.default_rng(seed)
    tested = np.sort(rng.permutation(scene.n_keys)[:N_TESTED])

    def splits() -> Iterator[_Split]:
        for left_out in tested:
            others = np.delete(np.arange(scene.n_keys), left_out)
            pool = np.arange(scene.n_keys, n_all)
            yield _Split(np.array([left_out]), np.concatenate([rng.permutation(others), rng.permutation(pool)]))

    return _points(scene, "categories", [list(splits()) for _ in range(draws)], sizes)


def picture_spans(scene: Scene, n_draws: int, seed: int) -> list[SpanPoint]:
    """Leave out pictures, and then whole categories: all pictures in which the network sees the same."""
    rng = np.random.default_rng(seed)
    n_test = number_tested(scene.n_keys)
    points = []
    for held_out in ("pictures", "categories"):
        draws = [[_picture_split(scene, held_out, n_test, rng)] for _ in range(n_draws)]
        most = min(len(split.order) for [split] in draws)
        if most >= 2:
            points += _points(scene, held_out, draws, _sizes(most))
    return points


def number_tested(n_pictures: int) -> int:
    """How many of `n_pictures` are left out."""
    return min(N_TESTED, n_pictures // 4)


def _picture_split(scene: Scene, held_out: LeftOut, n_test: int, rng: np.random.Generator) -> _Split:
    if held_out == "pictures":
        order = rng.permutation(scene.n_keys)
        return _Split(order[:n_test], order[n_test:])
    categories = rng.permutation(np.unique(scene.truth))
    sizes = np.bincount(scene.truth)[categories]
    chosen = categories[: max(2, int(np.searchsorted(np.cumsum(sizes), n_test, side="right")))]
    left_out = np.isin(scene.truth, chosen)
    return _Split(rng.permutation(np.flatnonzero(left_out))[:n_test], rng.permutation(np.flatnonzero(~left_out)))


def _points(scene: Scene, held_out: LeftOut, draws: list[list[_Split]], sizes: list[int]) -> list[SpanPoint]:
    """Score all splits of a draw together: a single left-out word could not be confused with another."""
    points = []
    for size in tqdm(sizes, desc=f"held-out {held_out}", delay=1, disable=None):
        splits = [split for draw in draws for split in draw]
        weights = [span_weights(scene.K, split.order[:size], split.test) for split in splits]
        shares = [
            explained(scene.K, blend, split.order[:size], split.test).mean()
            for blend, split in zip(weights, splits, strict=True)
        ]
        means = [np.bincount(split.order[:size], minlength=len(scene.table)) / size for split in splits]
        scores = iter(scene.scores(weights, np.array(means)))
        found = [
            scene.accuracy(np.concatenate([next(scores) for _ in draw]), np.concatenate([split.test for split in draw]))
            for draw in draws
        ]
        accuracy = [MeanOverDraws.of(of_draws) for of_draws in zip(*found, strict=True)]
        points.append(SpanPoint(held_out, size, float(np.mean(shares)), *accuracy))
    return points


def _sizes(most: int) -> list[int]:
    """Numbers of training stimuli up to the largest, each about twice the one before.

    Examples
    --------
    >>> _sizes(7), _sizes(162)
    ([2, 4, 7], [2, 4, 8, 16, 32, 64, 162])
    """
    doubled = [2**power for power in range(1, most.bit_length())]
    return [*(size for size in doubled if size <= 0.75 * most), most]
