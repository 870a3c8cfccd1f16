from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.statistics.difference import Difference, in_words, mean_difference
from hotwire.errors import ShapeError


def test_what_both_have_in_common_cancels_out() -> None:
    rng = np.random.default_rng(0)
    runs = np.repeat(np.arange(10), 20)
    right = (rng.random(200) < np.repeat(rng.random(10), 20)).astype(float)
    worse = right.copy()
    worse[::20] = 0.0  # one trial a run
    found = mean_difference(right, worse, runs, chance=0.5)
    assert found.value == pytest.approx((right - worse).mean())
    assert found.high - found.low < 0.06
    alike = mean_difference(right, right, runs, chance=0.5)
    assert alike.value == 0.0
    assert -0.02 < alike.low < 0.0 < alike.high < 0.02  # one trial more might have differed
    assert alike.verdict == "no difference shown"


def test_fewer_than_four_runs_rule_nothing_out() -> None:
    found = mean_difference([1, 1, 1], [0, 0, 0], [1, 2, 3], chance=0.5)
    assert (found.value, found.verdict) == (1.0, "no difference shown")
    assert in_words(found, "lda", "Accuracy").endswith("fewer than 4 runs; nothing is ruled out.")


def test_two_equal_classifiers_differ_in_one_of_twenty() -> None:
    rng = np.random.default_rng(0)
    runs = np.repeat(np.arange(10), 20)
    missed = 0
    for _ in range(400):
        hard = np.repeat(rng.uniform(0.7, 0.9, 10), 20)
        one, other = (rng.random((2, 200)) < hard).astype(float)
        missed += mean_difference(one, other, runs, chance=0.5).verdict != "no difference shown"
    assert missed <= 0.07 * 400


@pytest.mark.parametrize(
    ("difference", "verdict", "words"),
    [
        (Difference(0.02, 0.005, 0.035), "better", "+2.0 points [+0.5, +3.5]. The decoder is better."),
        (Difference(-0.02, -0.035, -0.005), "worse", "-2.0 points [-3.5, -0.5]. The decoder is worse."),
        (Difference(0.0, -0.01, 0.01), "no difference shown", "a loss of more than 1.0 points is ruled out."),
    ],
)
def test_says_no_more_than_the_interval(difference: Difference, verdict: str, words: str) -> None:
    assert difference.verdict == verdict
    assert in_words(difference, "lda", "AUC").endswith(words)
    assert difference.to_dict()["verdict"] == verdict


def test_shapes() -> None:
    with pytest.raises(ShapeError, match=r"one number for each of values \(2,\), got \(3,\)"):
        mean_difference([1, 0], [1, 0, 1], [1, 1], chance=0.5)
