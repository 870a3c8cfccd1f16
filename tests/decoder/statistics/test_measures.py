from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.statistics.chance import Chance
from hotwire.decoder.statistics.measures import counts_of, hit_table, hits, measure, pairwise, pairwise_table
from hotwire.decoder.statistics.permutation import exchanges
from hotwire.errors import InputError, ShapeError


def pairwise_by_hand(scores: np.ndarray, truth: np.ndarray) -> list[float]:
    """The definition, pair by pair."""
    values = []
    for i, c in enumerate(truth):
        rivals = [d for j, d in enumerate(truth) if d != c and j != i]
        values.append(np.mean([(scores[i, c] > scores[i, d]) + 0.5 * (scores[i, c] == scores[i, d]) for d in rivals]))
    return values


@settings(max_examples=50)
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


def test_measure_puts_it_together() -> None:
    truth, runs = np.tile([0, 1], 10), np.repeat(np.arange(10), 2)
    shuffled = truth[exchanges(runs, np.arange(20), 99)]
    found = measure(np.eye(2)[truth], truth, runs, shuffled, chance=Chance(0.5, "even"), counts="decisions")
    assert (found.value, found.high, found.chance, found.chance_reason) == (1.0, 1.0, 0.5, "even")
    assert 0.7 < found.low < 0.9
    assert found.p_value == pytest.approx(0.01)


@pytest.mark.parametrize(("n_classes", "counts"), [(2, "decisions"), (3, "comparisons")])
def test_pairs_of_two_classes_are_decisions(n_classes: int, counts: str) -> None:
    truth = np.arange(6) % n_classes
    assert counts_of("pairwise", truth) == counts
    assert counts_of("candidate", truth) == "decisions"
    assert counts_of("auc", truth) == "comparisons"


def test_wrong_inputs() -> None:
    with pytest.raises(ShapeError, match=r"expected \(n_trials, n_classes\)"):
        hits([[0.1, 0.9]], [0, 1])
    with pytest.raises(InputError, match="below 2"):
        pairwise([[0.1, 0.9]], [2])


def test_repeats_count_with_their_own_spread() -> None:
    rng = np.random.default_rng(0)
    tables, truth = rng.random((3, 20, 2)), np.tile([0, 1], 10)
    shuffled = truth[exchanges(np.zeros(20), np.arange(20), 99)]
    how = {"chance": Chance(0.5, ""), "counts": "decisions"}
    together = measure(tables, truth, np.arange(20), shuffled, **how)
    mean = measure(tables.mean(axis=0), truth, np.arange(20), shuffled, **how)
    assert (together.value, together.p_value) == (pytest.approx(mean.value), mean.p_value)
    assert together.high - together.low > mean.high - mean.low
