from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hotwire.decoder.statistics.few_nulls import z_over


@pytest.mark.parametrize("n_nulls", [3, 6, 40])
def test_a_null_is_as_seldom_far_above_few_nulls_as_above_many(n_nulls: int) -> None:
    draws = np.random.default_rng(n_nulls).normal(5.0, 3.0, (4000, n_nulls + 1))
    z = np.array([z_over(own, nulls) for own, *nulls in draws.tolist()])
    assert stats.kstest(z, "norm").pvalue > 0.01
    plain = (draws[:, 0] - draws[:, 1:].mean(axis=1)) / draws[:, 1:].std(axis=1, ddof=1)
    assert np.mean(z >= 2) < np.mean(plain >= 2)


def test_it_is_the_tail_of_a_prediction_interval() -> None:
    nulls = [0.1, 0.4, 0.2, 0.6]
    low, high = stats.t.interval(0.9, 3, np.mean(nulls), np.std(nulls, ddof=1) * np.sqrt(1.25))
    assert z_over(high, nulls) == pytest.approx(stats.norm.ppf(0.95)) == -z_over(low, nulls)
    assert z_over(float(np.mean(nulls)), nulls) == 0.0


def test_what_no_tail_can_tell_is_finite() -> None:
    assert z_over(1e30, np.random.default_rng(0).normal(size=200)) == pytest.approx(30.0)
    assert z_over(-1e30, np.random.default_rng(0).normal(size=200)) == pytest.approx(-30.0)


def test_what_never_varies_is_not_far_from_itself() -> None:
    assert z_over(0.1, [0.1, 0.1, 0.1]) == 0.0


@pytest.mark.parametrize("nulls", [[], [1.0], [3.0], [2.0, 2.0]])
def test_too_little_of_a_null(nulls: list[float]) -> None:
    assert np.isnan(z_over(3.0, nulls))
