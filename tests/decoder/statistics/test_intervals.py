from __future__ import annotations

import numpy as np

from hotwire.decoder.statistics.intervals import interval_over, rate_interval


def test_interval_draws_whole_runs() -> None:
    """Two runs, all right and all wrong: the interval spans everything, however many trials each has."""
    values, runs = np.repeat([1.0, 0.0], 100), np.repeat([1, 2], 100)
    assert interval_over(values, runs) == (0.0, 1.0)
    low, high = interval_over(values, np.arange(200))
    assert 0.4 < low < 0.5 < high < 0.6


def test_a_rate_is_that_of_whole_runs() -> None:
    """Two runs, and one that lasted no time at all: draws of that alone have no rate, and are left out."""
    low, high = rate_interval(np.array([0.0, 6.0, 0.0]), np.array([2.0, 2.0, 0.0]))
    assert (low, high) == (0.0, 3.0)
