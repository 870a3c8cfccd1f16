from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.statistics.chance import chance_of, constant_guess, is_unequal, pairwise_chance
from hotwire.decoder.statistics.measures import pairwise


def test_chance_is_the_best_constant_guess() -> None:
    assert constant_guess(np.array([0, 0, 0, 1]), 2) == 0.75
    assert constant_guess(np.array([0, 1, 2, 3]), 8) == 0.25


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_chance_of_pairs_is_the_best_constant_guess(counts: list[int]) -> None:
    """Tried with every order that constant scores can have."""
    truth = np.repeat(np.arange(len(counts)), counts)
    reached = [
        pairwise(np.tile(np.array(order, float), (len(truth), 1)), truth).mean()
        for order in permutations(range(len(counts)))
    ]
    assert pairwise_chance(truth, len(counts)) == pytest.approx(max(reached))


def test_unequal_is_one_of_two_classes_in_most_trials_or_one_of_many_twice_as_often() -> None:
    assert is_unequal(np.array([0, 0, 0, 1, 1]), 2)
    assert not is_unequal(np.array([0, 1, 0, 1, 1, 0, 0, 1, 1]), 2)
    assert not is_unequal(np.array([0, 0, 0, 1, 2]), 3)
    assert not is_unequal(np.arange(8).repeat(12), 8)
    assert is_unequal(
        np.r_[np.arange(300), np.zeros(8, int)], 371
    )  # the frequent one in 0.03, ten times its even share


@pytest.mark.parametrize(
    ("measure", "truth", "value", "reason"),
    [
        ("candidate", [0, 1, 2, 3], 0.25, "equally frequent"),
        ("free", [0, 0, 0, 1], 0.75, "most frequent class"),
        ("pairwise", [0, 0, 0, 1], 0.75, "more frequent class of a pair"),
        ("pairwise", [0, 0, 1, 1], 0.5, "equally frequent"),
        ("auc", [0, 0, 0, 1], 0.5, "half of the pairs in order"),
    ],
)
def test_each_measure_has_one_chance_level_with_its_reason(
    measure: str, truth: list[int], value: float, reason: str
) -> None:
    found = chance_of(measure, np.array(truth), max(truth) + 1)
    assert found.value == value
    assert reason in found.reason


def test_held_out_classes_are_guessed_among_those_missing() -> None:
    found = chance_of("candidate", np.array([0, 1, 2, 3]), 4, np.array([0, 0, 1, 1]))
    assert found.value == 0.5
    assert "knows the classes missing" in found.reason
