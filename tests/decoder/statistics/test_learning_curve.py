"""Learning curves against scipy's fit and against the truth of simulated learners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from hotwire.decoder.statistics.learning_curve import LearningCurve
from hotwire.errors import InputError, ShapeError

SIZES = np.array([10.0, 20, 40, 80, 160, 320])


def law(sizes: ArrayLike, rest: float, exponent: float, delay: float = 20.0) -> np.ndarray:
    """What is lacking, from 0.9 before anything was learned."""
    return rest + (0.9 - rest) * (1 + np.asarray(sizes) / delay) ** -exponent


def noisy(seed: int, rest: float, exponent: float, n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.linspace(5, 200, n)
    scores = 1 - law(sizes, rest, exponent) + 0.01 * np.random.default_rng(seed).normal(size=n)
    return sizes, np.minimum(scores, 1.0)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3]), st.sampled_from([0.5, 1.0]), st.sampled_from([10, 60]))
def test_from_a_known_start_it_fits_as_well_as_scipy(seed: int, rest: float, exponent: float, delay: float) -> None:
    sizes = np.linspace(5, 200, 30)
    lacking = rest + (0.8 - rest) * (1 + sizes / delay) ** -exponent
    scores = np.minimum(1 - lacking + 0.02 * np.random.default_rng(seed).normal(size=30), 1.0)
    curve = LearningCurve(sizes, scores, start=0.2)
    best = min(
        least_squares(
            lambda x: 1 - x[0] - (0.8 - x[0]) * (1 + sizes / x[1]) ** -x[2] - scores,
            guess,
            bounds=([0, 2, 0.2], [0.8, 800, 3.0]),
            x_scale=(0.1, 10, 1),
        ).cost
        for guess in ((0.1, 20, 0.5), (0.3, 20, 1.0), (0.1, 100, 2.0), (0.01, 300, 2.5))
    )
    mine = sum((scores[i] - curve.at(size).value) ** 2 for i, size in enumerate(sizes))
    assert mine <= 2 * best * 1.1
    assert curve.at(1e-6).value == pytest.approx(0.2, abs=1e-4)


def test_a_session_of_hits_and_misses_foretells_its_end() -> None:
    """From chance at the first trial: forecasts at half the way hold the truth at the end, and rarely are silent."""
    rng = np.random.default_rng(0)
    sizes = np.arange(1, 161)
    true = 1 - 0.25 - 0.625 * (1 + sizes / 30) ** -1.2
    held, gains = [], []
    for _ in range(150):
        curve = LearningCurve(sizes[:80], rng.random(80) < true[:80], start=0.125)
        if curve.silent is None:
            forecast, gain = curve.at(160), curve.gain(80)
            held.append(forecast.low <= true[-1] <= forecast.high)
            gains.append(gain.low <= true[-1] - true[79] <= gain.high)
    assert len(held) > 120
    assert np.mean(held) > 0.9
    assert np.mean(gains) > 0.85


@pytest.mark.parametrize("exponent", [0.3, 0.7, 1.5])
@pytest.mark.parametrize("falling", [False, True])
def test_a_law_without_noise_is_found(exponent: float, falling: bool) -> None:
    lacking, later = law(SIZES, 0.1, exponent), law(1000, 0.1, exponent)
    curve = LearningCurve(SIZES, lacking, 0.0, start=0.9) if falling else LearningCurve(SIZES, 1 - lacking, start=0.1)
    assert curve.at(1000).value == pytest.approx(later if falling else 1 - later, abs=1e-2)
    assert curve.gain(680).value == pytest.approx(lacking[-1] - later, abs=1e-2)
    assert ("lower" if falling else "raise") in curve.sentence(680)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held, gains = [], []
    for seed in range(200):
        curve = LearningCurve(*noisy(seed, 0.2, 0.7, n=12), start=0.1)
        if curve.silent is None:
            expected, gained = curve.at(400), curve.gain(200)
            held.append(expected.low <= 1 - law(400, 0.2, 0.7) <= expected.high)
            gains.append(gained.low <= law(200, 0.2, 0.7) - law(400, 0.2, 0.7) <= gained.high)
    assert len(held) > 150
    assert np.mean(held) > 0.9
    assert np.mean(gains) > 0.9


def test_interval_is_the_profile_of_the_squared_error() -> None:
    """The ends are where a curve forced through them is just as bad as the F test allows: found by brute force."""
    sizes, scores = noisy(1, 0.2, 0.8)
    curve = LearningCurve(sizes, scores, start=0.1)
    found = curve.at(500)

    def least_through(value: float) -> float:
        def left(x: np.ndarray) -> np.ndarray:
            # Delay and exponent are free, the rest is what leads through the value.
            delay, exponent = np.exp(x[0]), x[1]
            faded = (1 + 500 / delay) ** -exponent
            rest = np.clip((1 - value - 0.9 * faded) / (1 - faded), 0.0, 0.9)
            missed = rest + (0.9 - rest) * faded - (1 - value)  # where no rest leads through it
            return np.append(1 - law(sizes, rest, exponent, delay) - scores, 100 * missed)

        bounds = ([np.log(2.0), 0.2], [np.log(800.0), 3.0])
        starts = [(np.log(d), c) for d in (5.0, 20.0, 100.0) for c in (0.3, 0.8, 2.0)]
        return min(2 * least_squares(left, start, bounds=bounds).cost for start in starts)

    allowed = least_through(found.value) * (1 + 4.21 / 27)  # the 95 % point of F(1, 27)
    for end in (found.low, found.high):
        # Shapes are tried on a grid, so that an end may fall a little short.
        assert 0.92 * allowed < least_through(end) < 1.01 * allowed


@pytest.mark.parametrize(
    ("sizes", "scores", "reason"),
    [
        ([1, 2, 3], [0.1, 0.5, 0.6], "3 scores at 3 sizes"),
        ([1, 1, 2, 2, 3, 3], [0.1, 0.1, 0.5, 0.5, 0.6, 0.6], "6 scores at 3 sizes"),
        (SIZES, [0.7, 0.6, 0.5, 0.4, 0.3, 0.2], "do not get better"),
        (SIZES, [0.5, 0.3, 0.6, 0.4, 0.5, 0.4], "do not get better"),
        (SIZES, np.zeros(6), "do not get better"),
        (SIZES, np.ones(6), "all 6 scores are the best possible"),
    ],
)
def test_a_curve_that_cannot_tell_gives_no_number(sizes, scores, reason: str) -> None:
    curve = LearningCurve(sizes, scores, start=0.45)
    assert reason in str(curve.silent)
    assert reason in curve.sentence(10, "minutes")
    for ask in (lambda: curve.at(10), lambda: curve.gain(10)):
        with pytest.raises(InputError, match="cannot tell"):
            ask()


def test_what_is_learned_at_once_has_nothing_more_to_gain() -> None:
    rng = np.random.default_rng(0)
    curve = LearningCurve(np.arange(1, 201), rng.random(200) < 0.9, start=0.1)
    assert curve.gain(200).high < 0.06
    assert curve.at(400).low > 0.8


def test_forecasts_stay_on_this_side_of_the_limit_and_rise() -> None:
    curve = LearningCurve(*noisy(3, 0.0, 0.8), start=0.1)
    assert curve.at(1e6).high <= 1.0
    values = [curve.at(size).value for size in (10, 100, 1000, 10_000)]
    assert values == sorted(values)
    assert curve.gain(1000).low >= 0


def test_what_is_no_curve_is_refused() -> None:
    for sizes, scores in (([1, 2], [1.0]), ([[1]], [[1]]), ([], [])):
        with pytest.raises(ShapeError):
            LearningCurve(sizes, scores, start=0.1)
    for sizes, scores in (([0, 1], [0.5, 0.5]), ([1, 2], [0.5, np.nan]), ([1, 2], [0.5, 1.5])):
        with pytest.raises(InputError):
            LearningCurve(sizes, scores, start=0.1)
    for start in (1.0, 1.2, np.nan):
        with pytest.raises(InputError, match="start"):
            LearningCurve([1, 2], [0.5, 0.6], start=start)
    with pytest.raises(InputError, match="extra"):
        LearningCurve(SIZES, 1 - 1 / SIZES, start=0.1).gain(-1)
