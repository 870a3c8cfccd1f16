from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, t

from hotwire.decoder.statistics.intervals import (
    Spread,
    interval_over,
    jackknife_interval,
    mean_interval,
    rate_interval,
    share_interval,
    shared,
    spread_over,
    with_shared,
)


def test_many_independent_trials_have_the_interval_of_wilson() -> None:
    """With the variance of a binomial and many degrees of freedom, all intervals of shares become alike."""
    expected = binomtest(8_000, 10_000).proportion_ci(method="wilson")
    found = share_interval(0.8, Spread(0.8 * 0.2 / 10_000, np.inf), 10_000)
    np.testing.assert_allclose(found, [expected.low, expected.high], atol=1e-4)


@pytest.mark.parametrize("freedom", [1, 1.5, 3, 4.2, 11, 200, 20_000])
def test_few_runs_are_wider_by_students_t(freedom: float) -> None:
    low, high = mean_interval(0.1, Spread(0.01, freedom), 10**6)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, freedom) * 0.1, rel=2e-4)
    assert (high + low) / 2 == pytest.approx(0.1)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=4, max_size=12))
def test_intervals_hold_the_value_and_stay_within_0_and_1(runs: list[tuple[int, int]]) -> None:
    values = np.concatenate([np.arange(n) < right for right, n in runs]).astype(float)
    groups = np.repeat(np.arange(len(runs)), [n for _, n in runs])
    low, high = interval_over(values, groups, chance=0.5)
    assert 0 <= low <= values.mean() + 1e-12
    assert values.mean() - 1e-12 <= high <= 1
    assert low < high


def test_perfect_runs_are_not_certain() -> None:
    """About as wide as for that many independent trials, whatever their number."""
    low, high = interval_over(np.ones(100), np.repeat(np.arange(20), 5), chance=0.5)
    assert high == 1.0
    assert low == pytest.approx(binomtest(100, 100).proportion_ci(method="exact").low, abs=0.01)
    for n in (10, 100, 1000):
        exact = binomtest(n, n).proportion_ci(method="exact").low
        assert 1 - share_interval(1.0, Spread(0.0, np.inf), n)[0] == pytest.approx(1 - exact, rel=0.17)


def test_the_variance_is_that_of_equal_runs_and_unbiased_for_unequal_ones() -> None:
    means = np.array([0.4, 0.6, 0.7, 0.9])
    assert spread_over(means, np.full(4, 0.25)) == pytest.approx(Spread(means.var(ddof=1) / 4, 3))
    rng = np.random.default_rng(0)
    size = np.array([10, 20, 40, 80])
    drawn = rng.normal(size=(20_000, 4)) / np.sqrt(size)
    found = np.mean([spread_over(one, size / 150).variance for one in drawn])
    assert found == pytest.approx(1 / 150, rel=0.03)


def test_what_is_shared_is_the_squared_correlation_of_decisions_with_scores() -> None:
    """In closed form, against a simulation of normal scores with a threshold."""
    scores = np.random.default_rng(0).normal(size=200_000)
    for value in (0.125, 0.5):
        right = scores < norm.ppf(value)
        expected = np.corrcoef(right, scores)[0, 1] ** 2
        assert shared(value, value, "decisions") == pytest.approx(expected, abs=0.01)
    assert shared(0.5, 0.5, "comparisons") == 1.0
    assert shared(1.0, 0.5, "comparisons") == 0.0
    # As in Nadeau and Bengio's 1/n + n_test/n_train, up to terms of 1/n.
    doubled = with_shared(Spread(1.0, 99), 0.5, 0.5, "comparisons").variance
    assert doubled == pytest.approx(100 * (1 / 100 + 1 / 99), rel=0.02)


def test_few_shuffles_are_wide_however_many_runs_they_decide_on() -> None:
    """Two shuffles, one always right and one always wrong: t of one degree of freedom spans everything."""
    values = np.stack([np.ones(400), np.zeros(400)])
    low, high = interval_over(values, np.repeat(np.arange(40), 10), chance=0.5)
    assert low < 0.05
    assert high > 0.95
    many = np.repeat(values, 20, axis=0)
    low, high = interval_over(many, np.repeat(np.arange(40), 10), chance=0.5)
    assert 0.3 < low < 0.45
    assert 0.55 < high < 0.7


def test_fewer_than_four_runs_have_no_interval() -> None:
    assert np.isnan(interval_over([1.0, 0.0, 1.0], [0, 1, 2], chance=0.5)).all()
    assert np.isnan(rate_interval(np.ones(3), np.ones(3))).all()
    assert np.isnan(jackknife_interval(1.0, [0.9, 1.0, 1.1])).all()


def test_rates_cover_the_truth() -> None:
    """Counts of eight runs, of unequal length, of a Poisson process whose rate varies from run to run."""
    rng = np.random.default_rng(0)
    minutes = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 4.0])
    covered = []
    for _ in range(1000):
        count = rng.poisson(minutes * rng.gamma(10, 0.2, 8)).astype(float)
        low, high = rate_interval(count, minutes)
        covered.append(low <= 2.0 <= high)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_a_run_of_no_time_says_nothing_of_a_rate() -> None:
    count, minutes = np.array([3.0, 1.0, 0.0, 2.0]), np.array([2.0, 1.0, 1.0, 2.0])
    assert rate_interval(np.r_[count, 0.0], np.r_[minutes, 0.0]) == rate_interval(count, minutes)
