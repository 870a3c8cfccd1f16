from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test, spearmanr

from hotwire.decoder.statistics.hierarchy import rise
from hotwire.errors import ShapeError


@pytest.mark.parametrize("seed", range(4))
def test_is_spearmans_correlation_and_its_exact_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stages, depths = np.array([1, 1, 2, 2, 3, 3]), rng.integers(0, 5, 6) / 4
    found = rise(stages, depths)
    exact = permutation_test(
        (stages,),
        lambda one: spearmanr(one, depths)[0],
        permutation_type="pairings",
        n_resamples=9_999,
        alternative="greater",
    )
    assert found.rho == pytest.approx(exact.statistic)
    assert found.p == pytest.approx(exact.pvalue)
    assert found.least_p == pytest.approx(rise(stages, np.sort(depths)).p)


def test_p_is_even_without_a_hierarchy() -> None:
    rng = np.random.default_rng(0)
    p = [rise([1, 1, 2, 2, 3, 4], rng.random(6)).p for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) < 0.1
    assert np.mean(p) == pytest.approx(0.5, abs=0.07)


def test_equal_depths_have_no_correlation_and_two_regions_are_too_few() -> None:
    assert np.isnan(rise([1, 2, 3], [0.5, 0.5, 0.5]).rho)
    with pytest.raises(ShapeError, match="three or more regions"):
        rise([1, 2], [0.0, 1.0])
