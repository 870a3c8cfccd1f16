from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

from hotwire.decoder.statistics.dissimilarities import dissimilarities, rdm_correlation, rdm_of
from hotwire.errors import InputError, ShapeError


def by_scipy(one: np.ndarray, other: np.ndarray) -> float:
    found: Any = spearmanr(one, other)
    return found.statistic


RNG = np.random.default_rng(0)
PATTERNS = RNG.normal(size=(12, 30))


def test_dissimilarities_are_scipys() -> None:
    np.testing.assert_allclose(dissimilarities(PATTERNS), pdist(PATTERNS, "correlation"), atol=1e-9)


def test_correlation_is_scipys_also_with_ties() -> None:
    one = pdist(PATTERNS, "correlation")
    other = (one + 0.2 * RNG.normal(size=len(one))).round(1)
    assert rdm_correlation(one, other) == pytest.approx(by_scipy(one, other))


def test_both_are_rsatoolboxs() -> None:
    from rsatoolbox.data.dataset import Dataset
    from rsatoolbox.rdm.calc import calc_rdm
    from rsatoolbox.rdm.compare import compare

    both = [PATTERNS, PATTERNS + RNG.normal(size=PATTERNS.shape)]
    theirs: list[Any] = [calc_rdm(Dataset(patterns), method="correlation") for patterns in both]
    ours = [dissimilarities(patterns) for patterns in both]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other.dissimilarities[0], atol=1e-9)
    assert rdm_correlation(*ours) == pytest.approx(compare(*theirs, method="spearman").item())


def test_a_sample_of_stimuli_has_the_pairs_of_them() -> None:
    """Pairs of a stimulus with itself, which a bootstrap draws, do not count."""
    one, other = (pdist(RNG.normal(size=(12, 30)), "correlation") for _ in range(2))
    drawn = np.array([7, 3, 3, 11, 0, 5, 7, 2])
    squares = [squareform(rdm)[np.ix_(drawn, drawn)] for rdm in (one, other)]
    kept = [square[(drawn[:, None] != drawn) & np.triu(np.ones_like(square, bool), 1)] for square in squares]
    assert rdm_correlation(one, other, drawn) == pytest.approx(by_scipy(*kept))


def test_an_rdm_is_a_matrix_or_its_pairs() -> None:
    pairs = pdist(PATTERNS)
    np.testing.assert_array_equal(rdm_of(squareform(pairs)), pairs)
    np.testing.assert_array_equal(rdm_of(pairs[None]), pairs)


def test_what_is_no_rdm() -> None:
    with pytest.raises(InputError, match="monkey: expected dissimilarities, symmetric and 0 on the diagonal"):
        rdm_of(np.ones((5, 5)), "monkey")
    with pytest.raises(ShapeError, match=r"pairs, got \(7,\)"):
        rdm_of(np.ones(7))
    with pytest.raises(InputError, match="got 2 others"):
        rdm_of([1.0, np.nan, np.inf])
    with pytest.raises(ShapeError, match="4 or more stimuli, got 3 and 3 pairs"):
        rdm_correlation([1, 2, 3], [1, 2, 3])
    with pytest.raises(ShapeError, match="two units or more"):
        dissimilarities(np.ones((5, 1)))
