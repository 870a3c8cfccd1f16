from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from hotwire.decoder.statistics.chance import constant_guess, pairwise_chance
from hotwire.decoder.statistics.confusion import confusion, d_prime
from hotwire.decoder.statistics.intervals import interval_over
from hotwire.decoder.statistics.measures import hit_table, hits, measure, pairwise, pairwise_table
from hotwire.decoder.statistics.permutation import exchanges, permutation_p
from hotwire.errors import InputError, ShapeError


def pairwise_by_hand(scores: np.ndarray, truth: np.ndarray) -> list[float]:
    """The definition, pair by pair."""
    values = []
    for i, c in enumerate(truth):
        rivals = [d for j, d in enumerate(truth) if d != c and j != i]
        values.append(np.mean([(scores[i, c] > scores[i, d]) + 0.5 * (scores[i, c] == scores[i, d]) for d in rivals]))
    return values


@settings(deadline=None, max_examples=50)
@given(n_trials=st.integers(2, 12), n_classes=st.integers(2, 5), seed=st.integers(0, 2**16))
def test_pairwise_is_its_definition(n_trials: int, n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (n_trials, n_classes)).astype(float)  # many ties
    truth = np.r_[0, 1, rng.integers(0, n_classes, n_trials - 2)]
    np.testing.assert_allclose(pairwise(scores, truth), pairwise_by_hand(scores, truth))


@given(st.integers(0, 2**16))
def test_guessing_is_at_chance_whatever_the_ties(seed: int) -> None:
    """A decoder that always says the same scores half of the pairs and one hit in n_classes."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), 3)
    constant = np.repeat(rng.normal(size=(1, 4)), 12, axis=0)
    assert pairwise(constant, truth).mean() == pytest.approx(0.5)
    assert hits(constant, truth).mean() == pytest.approx(0.25)
    assert hits(np.zeros((12, 4)), truth).mean() == pytest.approx(0.25)
    np.testing.assert_allclose(hit_table(constant).sum(axis=1), 1.0)


def test_an_answer_that_no_trial_has_is_no_rival() -> None:
    scores = np.array([[0.5, 0.1, 0.9], [0.1, 0.5, 0.9]])
    table = pairwise_table(scores, np.array([0, 1]))
    np.testing.assert_array_equal(table, [[1.0, 0.0, np.nan], [0.0, 1.0, np.nan]])


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


def test_permutation_p_is_that_of_the_binomial() -> None:
    """Twenty runs of two events: exchanged, each run is right in both or none, with probability one half.

    Rows that repeat an event ninefold know no more than one and must not change it.
    """
    n_runs, n_right = 20, 15
    expected = binom.sf(n_right - 1, n_runs, 0.5)
    for n_rows in (1, 9):
        truth = np.repeat(np.tile([0, 1], n_runs), n_rows)
        runs, events = np.repeat(np.arange(n_runs), 2 * n_rows), np.repeat(np.arange(2 * n_runs), n_rows)
        said = np.where(runs < n_right, truth, 1 - truth)
        by_class = (said[:, None] == np.arange(2)).astype(float)
        p = permutation_p(by_class, truth, truth[exchanges(runs, events, 20_000)])
        assert p == pytest.approx(expected, abs=0.005)


def test_permutation_p_is_never_zero_and_one_for_a_constant() -> None:
    truth = np.tile([0, 1], 10)
    runs = np.repeat(np.arange(10), 2)
    shuffled = truth[exchanges(runs, np.arange(20), 999)]
    assert permutation_p(np.eye(2)[truth], truth, shuffled) >= 1 / 1000
    assert permutation_p(np.full((20, 2), 0.5), truth, shuffled) == 1.0


def test_interval_draws_whole_runs() -> None:
    """Two runs, all right and all wrong: the interval spans everything, however many trials each has."""
    values, runs = np.repeat([1.0, 0.0], 100), np.repeat([1, 2], 100)
    assert interval_over(values, runs) == (0.0, 1.0)
    low, high = interval_over(values, np.arange(200))
    assert 0.4 < low < 0.5 < high < 0.6


def test_measure_puts_it_together() -> None:
    truth, runs = np.tile([0, 1], 10), np.repeat(np.arange(10), 2)
    found = measure(np.eye(2)[truth], truth, runs, truth[exchanges(runs, np.arange(20), 99)], chance=0.5)
    assert (found.value, found.low, found.high, found.chance) == (1.0, 1.0, 1.0, 0.5)
    assert found.p_value == pytest.approx(0.01)


def test_confusion_counts_what_was_none_of_the_answers() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, -1, 0]), 2)
    np.testing.assert_array_equal(counts, [[1, 0, 1], [1, 0, 0]])


def test_chance_is_the_best_constant_guess() -> None:
    assert constant_guess(np.array([0, 0, 0, 1]), 2) == 0.75
    assert constant_guess(np.array([0, 1, 2, 3]), 8) == 0.25


def test_d_prime_finds_how_far_apart_two_normals_lie() -> None:
    """An observer whose evidence for the answer is shifted by d, wherever the criterion."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 20_000)
    for d, criterion in ((0.0, 0.3), (1.0, 0.0), (2.0, 1.5)):
        said = (rng.normal(size=len(truth)) + d * truth > criterion).astype(int)
        np.testing.assert_allclose(d_prime(truth, said, 2), d, atol=0.05)


def test_d_prime_of_each_answer_against_all_others() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    said = np.array([0, -1, 1, 1, 0, 1])
    rates = [(1.5 / 3, 1.5 / 5), (2.5 / 3, 1.5 / 5), (0.5 / 3, 0.5 / 5)]  # hits and false alarms, half a trial added
    expected = [float(norm.ppf(hit) - norm.ppf(false)) for hit, false in rates]
    np.testing.assert_allclose(d_prime(truth, said, 4), [*expected, np.nan])


def test_wrong_inputs() -> None:
    with pytest.raises(ShapeError, match=r"expected \(n_trials, n_classes\)"):
        hits([[0.1, 0.9]], [0, 1])
    with pytest.raises(InputError, match="below 2"):
        pairwise([[0.1, 0.9]], [2])


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_chance_of_pairs_is_the_best_constant_guess(counts: list[int]) -> None:
    """Tried with every order that constant scores can have."""
    truth = np.repeat(np.arange(len(counts)), counts)
    reached = [
        pairwise(np.tile(np.array(order, float), (len(truth), 1)), truth).mean()
        for order in permutations(range(len(counts)))
    ]
    assert pairwise_chance(truth, len(counts)) == pytest.approx(max(reached))


def test_repeats_are_drawn_as_well() -> None:
    """Two shuffles, one that is always right and one always wrong: no number of runs makes their mean certain."""
    values = np.stack([np.ones(400), np.zeros(400)])
    assert interval_over(values, np.arange(400)) == (0.0, 1.0)
    assert interval_over(values.mean(axis=0), np.arange(400)) == (0.5, 0.5)
    rng = np.random.default_rng(0)
    tables, truth = rng.random((3, 20, 2)), np.tile([0, 1], 10)
    shuffled = truth[exchanges(np.zeros(20), np.arange(20), 99)]
    together = measure(tables, truth, np.arange(20), shuffled, chance=0.5)
    mean = measure(tables.mean(axis=0), truth, np.arange(20), shuffled, chance=0.5)
    assert (together.value, together.p_value) == (pytest.approx(mean.value), mean.p_value)
    assert together.high - together.low > mean.high - mean.low
