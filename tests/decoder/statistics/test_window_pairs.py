"""Pairs of windows against a comparison one by one."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.statistics.window_pairs import pairs, similarities, won_by_each
from hotwire.errors import InputError

RNG = np.random.default_rng(5)


def test_pairs_are_won_by_windows_compared_one_by_one() -> None:
    brain, predicted = RNG.normal(size=(2, 3, 14, 4))
    predicted += 0.3 * brain
    found = pairs(similarities(brain, predicted, 4), 4)
    for test in range(3):
        windows = [(brain[test, i : i + 4].ravel(), predicted[test, i : i + 4].ravel()) for i in range(11)]

        def cosine(a: np.ndarray, b: np.ndarray) -> float:
            return float(a @ b / np.sqrt(a @ a * (b @ b)))

        won = []
        for i, (heard, own) in enumerate(windows):
            others = [other for j, (_, other) in enumerate(windows) if abs(i - j) >= 4]
            won.append(np.mean([cosine(heard, own) > cosine(heard, other) for other in others]))
        assert found[test] == pytest.approx(np.mean(won))


def test_windows_that_do_not_fit() -> None:
    X = RNG.normal(size=(1, 10, 2))
    with pytest.raises(InputError, match="at least two windows in each part of the story, which has 10 samples"):
        pairs(similarities(X, X, 6), 6)
    with pytest.raises(InputError, match="shorter than a part of the story"):
        similarities(X, X, 11)


def test_pairs_of_every_shift() -> None:
    brain, predicted = RNG.normal(size=(2, 1, 24, 4))
    table = similarities(brain, predicted + 0.5 * brain, 4)
    won = won_by_each(table[0], 4)
    assert np.diag(won).mean() == pytest.approx(pairs(table, 4)[0])
    moved = np.roll(table[0], -5, axis=1)  # the stretch five samples later in the place of the true one
    apart = [abs((j + 5) % 21 - (2 + 5)) >= 4 for j in range(21)]
    assert won[2, 7] == pytest.approx(np.mean(moved[2, 2] > moved[2, apart]))
    assert np.isnan(won_by_each(table[0][:3, :3], 4)).all()
