from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from hotwire.decoder.statistics.chance import chance_of
from hotwire.decoder.statistics.measures import measure
from hotwire.decoder.statistics.permutation import exchanged_within, exchanges, null_orders, permutation_p


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 3), st.integers(0, 100))
def test_whole_events_change_places_within_their_group(groups: list[int], n_rows: int, seed: int) -> None:
    group, event = np.repeat(groups, n_rows), np.repeat(np.arange(len(groups)), n_rows)
    for order in exchanges(group, event, 3, seed=seed):
        np.testing.assert_array_equal(group[order], group)
        rows = event[order].reshape(-1, n_rows)
        assert (rows == rows[:, :1]).all()
        assert sorted(rows[:, 0]) == list(range(len(groups)))


def test_exchanges_are_all_equally_likely() -> None:
    orders = exchanges(["a"] * 3, [0, 1, 2], 60_000)
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 6
    np.testing.assert_allclose(counts, 10_000, rtol=0.05)


def test_p_of_fixed_decisions_is_that_of_the_binomial_with_its_spread_widened() -> None:
    """Twenty runs of two events: exchanged, each run is right in both or none, with probability one half.

    Rows that repeat an event ninefold know no more than one and must not change it.
    """
    n_runs, n_right = 20, 15
    widening = np.sqrt(1 + 2 / np.pi)
    expected = binom.sf(10 + (n_right - 10) / widening, n_runs, 0.5)
    for n_rows in (1, 9):
        truth = np.repeat(np.tile([0, 1], n_runs), n_rows)
        runs, events = np.repeat(np.arange(n_runs), 2 * n_rows), np.repeat(np.arange(2 * n_runs), n_rows)
        said = np.where(runs < n_right, truth, 1 - truth)
        by_class = (said[:, None] == np.arange(2)).astype(float)
        p = permutation_p(by_class, truth, truth[exchanges(runs, events, 20_000)])
        assert p == pytest.approx(expected, abs=0.005)


def test_p_is_never_zero_and_one_half_for_a_constant() -> None:
    truth = np.tile([0, 1], 10)
    runs = np.repeat(np.arange(10), 2)
    shuffled = truth[exchanges(runs, np.arange(20), 999)]
    assert permutation_p(np.eye(2)[truth], truth, shuffled) >= 1 / 1000
    assert permutation_p(np.full((20, 2), 0.5), truth, shuffled) == pytest.approx(0.5, abs=0.001)


def test_nothing_below_chance_has_a_small_p() -> None:
    """Of 40 classes one has 11 of 50 trials: naming it always is right in 0.22, naming others hardly ever."""
    truth = np.r_[np.zeros(11, int), np.arange(1, 40)]
    said = np.full(50, 39)
    said[[0, 1, 20, 21, 22, 23]] = truth[[0, 1, 20, 21, 22, 23]]
    by_class = (said[:, None] == np.arange(40)).astype(float)
    shuffled = truth[exchanges(np.zeros(50), np.arange(50), 2000)]
    rows = np.arange(50)
    assert permutation_p(by_class, truth, shuffled) < 0.01
    found = measure(by_class, truth, rows, shuffled, chance=chance_of("candidate", truth, 40), counts="decisions")
    assert found.value == 0.14 < found.chance == 0.22
    assert found.p_value > 0.5
    for n_right, least, most in ((30, 0.0, 0.01), (11, 0.1, 0.9)):
        of = np.where(rows < n_right, truth, (truth + 1) % 40)
        table = (of[:, None] == np.arange(40)).astype(float)
        p = measure(table, truth, rows, shuffled, chance=chance_of("candidate", truth, 40), counts="decisions").p_value
        assert least <= p <= most


def test_few_orders_are_all_there() -> None:
    """Three runs of three events: 216 orders, of which the one seen is left out and counted by `p_of_count`."""
    groups, events = np.repeat(np.arange(3), 6), np.repeat(np.arange(9), 2)
    orders = null_orders(groups, events, 215)
    assert len(np.unique(orders, axis=0)) == len(orders) == 215
    assert not (orders == np.arange(18)).all(axis=1).any()
    for order in orders:
        np.testing.assert_array_equal(groups[order], groups)
        np.testing.assert_array_equal(events[order].reshape(-1, 2)[:, 0], events[order].reshape(-1, 2)[:, 1])
    assert len(null_orders(groups, events, 214)) == 214  # drawn at random


def test_runs_of_one_event_are_exchanged_within_their_fold() -> None:
    run = np.array([1, 2, 3, 4])
    np.testing.assert_array_equal(exchanged_within(run, {1: 0, 2: 0, 3: 1, 4: 1}), [0, 0, 1, 1])
    np.testing.assert_array_equal(exchanged_within(np.array([1, 1, 2, 2]), {1: 0, 2: 1}), [1, 1, 2, 2])
