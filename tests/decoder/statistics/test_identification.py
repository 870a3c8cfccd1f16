from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from hotwire.decoder.statistics.identification import identification, top_k
from hotwire.decoder.statistics.measures import hits, pairwise
from hotwire.errors import InputError, ShapeError


def won_by_hand(scores: np.ndarray, truth: int, n_way: int) -> float:
    """All sets of rivals, one by one; a tie of k leaves a chance of 1 / k."""
    rivals = [c for c in range(len(scores)) if c != truth]
    won = []
    for others in combinations(rivals, n_way - 1):
        best = max(scores[list(others)].max(), scores[truth])
        tied = 1 + np.count_nonzero(scores[list(others)] == scores[truth])
        won.append(1 / tied if scores[truth] == best else 0.0)
    return float(np.mean(won))


@settings(max_examples=60)
@given(n_candidates=st.integers(2, 7), seed=st.integers(0, 2**16), data=st.data())
def test_identification_is_its_definition(n_candidates: int, seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    n_way = data.draw(st.integers(2, n_candidates))
    scores = rng.integers(0, 4, (5, n_candidates)).astype(float)  # many ties
    truth = rng.integers(0, n_candidates, 5)
    expected = [won_by_hand(row, c, n_way) for row, c in zip(scores, truth, strict=True)]
    np.testing.assert_allclose(identification(scores, truth, n_way), expected, atol=1e-12)


def test_identification_ends_at_pairs_and_at_hits() -> None:
    scores = np.random.default_rng(0).normal(size=(300, 300))
    truth = np.arange(300)
    np.testing.assert_allclose(identification(scores, truth, 2), pairwise(scores, truth))
    np.testing.assert_array_equal(identification(scores, truth, 300), hits(scores, truth))


def test_guessing_is_at_chance_for_any_number() -> None:
    """The right one at every place once: 1 / n_way exactly, for as many candidates as photographs in a library."""
    n = 20_000
    scores = np.arange(n, dtype=float)[None].repeat(3, axis=0)
    won = [identification(scores, [0, c, n - 1], 1000) for c in (n // 2, n - 2)]
    assert won[0][0] == 0.0
    assert won[0][2] == 1.0
    assert won[1][1] == pytest.approx((n - 1000) / (n - 1))  # all but the draws that hold the single better one
    small = np.arange(50.0)[None].repeat(50, axis=0)
    for n_way in (2, 7, 50):
        assert identification(small, np.arange(50), n_way).mean() == pytest.approx(1 / n_way)
        assert identification(np.zeros((1, 50)), [3], n_way)[0] == pytest.approx(1 / n_way)


@given(seed=st.integers(0, 2**16), k=st.integers(1, 5))
def test_top_k_is_that_of_scikit_learn(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    scores, truth = rng.normal(size=(20, 6)), rng.integers(0, 6, 20)
    expected = top_k_accuracy_score(truth, scores, k=k, labels=np.arange(6))
    assert top_k(scores, truth, k).mean() == pytest.approx(expected)


def test_ties_are_broken_by_luck() -> None:
    """The mean over all orders in which equal scores could be told apart."""
    scores, truth = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), 2
    for k in range(1, 6):
        ranked = [sorted(order, key=lambda c: -scores[c]) for order in permutations(range(5))]
        assert top_k(scores[None], [truth], k)[0] == pytest.approx(np.mean([truth in order[:k] for order in ranked]))
    np.testing.assert_array_equal(top_k(scores[None], [truth], 1), hits(scores[None], [truth]))


def test_wrong_inputs() -> None:
    scores = np.zeros((2, 3))
    with pytest.raises(InputError, match="n_way: expected 2 to 3, the number of candidates, got 4"):
        identification(scores, [0, 1], 4)
    with pytest.raises(InputError, match="k: expected 1 to 3"):
        top_k(scores, [0, 1], 0)
    with pytest.raises(ShapeError, match=r"expected \(n_trials, n_classes\)"):
        top_k(scores, [0], 1)
