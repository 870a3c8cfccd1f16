"""Means over subjects, against scipy's interval and its exact permutation test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from hotwire.decoder.statistics.subjects import mean_over_subjects
from hotwire.errors import ShapeError


@pytest.mark.parametrize("n", [4, 7, 12])
def test_interval_and_p_are_those_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(0.62, 0.1, n)
    found = mean_over_subjects(values, chance=0.5)
    low, high = stats.t.interval(0.95, n - 1, loc=values.mean(), scale=stats.sem(values))
    np.testing.assert_allclose(found[:3], [values.mean(), low, high], rtol=1e-5)
    exact = stats.permutation_test(
        (values - 0.5,), np.mean, permutation_type="samples", alternative="greater", n_resamples=2**n
    )
    assert found.p_value == pytest.approx(exact.pvalue)


def test_many_subjects_take_random_flips() -> None:
    values = np.random.default_rng(0).normal(0.03, 0.1, 30)
    exact: Any = stats.wilcoxon(values, alternative="greater")  # another test of the same hypothesis
    assert mean_over_subjects(values).p_value == pytest.approx(exact.pvalue, abs=0.03)


def test_each_subject_has_its_own_chance() -> None:
    assert mean_over_subjects([0.6, 0.6, 0.6, 0.6], [0.5, 0.5, 0.5, 0.7]).p_value == 5 / 16


def test_fewer_than_four_have_neither_interval_nor_p() -> None:
    assert np.isnan(mean_over_subjects([0.6, 0.7, 0.8])[1:]).all()
    with pytest.raises(ShapeError, match=r"one for each subject"):
        mean_over_subjects([[0.6, 0.7]])
