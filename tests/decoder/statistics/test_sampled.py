from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.statistics.chance import Chance
from hotwire.decoder.statistics.measures import hits, pairwise
from hotwire.decoder.statistics.permutation import exchanges
from hotwire.decoder.statistics.sampled import Maximum, Sampled, Sampler, mean_of, tables_by_trial

RUNS = np.repeat(np.arange(6), 4)
HALF = Chance(0.5, "classes are equally frequent")


def test_tables_hold_what_each_trial_counts_with_the_class_of_each() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(9, 3)), np.tile([0, 1, 2], 3)
    tables = tables_by_trial(scores, truth)
    np.testing.assert_allclose(np.diagonal(tables["pairwise"]), pairwise(scores, truth))
    np.testing.assert_allclose(np.diagonal(tables["candidate"]), hits(scores, truth))


def cells_of_noise(rng: np.random.Generator, orders: np.ndarray, n_cells: int) -> list[Sampled]:
    sampler, truth = Sampler(RUNS, orders), np.tile([0, 1], 12)
    tables = [tables_by_trial(rng.normal(size=(24, 2)), truth)["pairwise"] for _ in range(n_cells)]
    return [sampler.sampled(table, HALF, "decisions") for table in tables]


def test_correction_holds_the_family_wise_error() -> None:
    """Ten cells of noise: some cell is significant in many maps without correction, with it in few."""
    rng = np.random.default_rng(0)
    n_corrected = n_uncorrected = 0
    for seed in range(200):
        cells = cells_of_noise(rng, exchanges(RUNS, np.arange(24), 99, seed=seed), 10)
        greatest = Maximum()
        for cell in cells:
            greatest.add({"pairwise": cell})
        n_corrected += min(greatest.p("pairwise", cell.measure()) for cell in cells) <= 0.05
        n_uncorrected += min(cell.measure().p_value for cell in cells) <= 0.05
    # These decisions are of no cross-validation, so that the widened exchanges are too careful.
    assert n_corrected <= 10
    assert n_uncorrected > 2 * n_corrected


def test_the_corrected_p_is_that_of_the_greatest_of_all_cells() -> None:
    """By hand, for each exchange of the classes."""
    orders = exchanges(RUNS, np.arange(24), 99)
    cells = cells_of_noise(np.random.default_rng(1), orders, 3)
    greatest = Maximum()
    for cell in cells:
        greatest.add({"pairwise": cell})
    for cell in cells:
        n = sum(max(one.permuted[order] for one in cells) >= cell.value - 1e-12 for order in range(99))
        assert greatest.p("pairwise", cell.measure()) == pytest.approx((1 + n) / 100)


def test_the_mean_of_sessions_has_the_spread_of_independent_ones() -> None:
    rng = np.random.default_rng(0)
    one, other = (cells_of_noise(rng, exchanges(RUNS, np.arange(24), 19, seed=seed), 1)[0] for seed in (1, 2))
    both = mean_of([one, other])
    assert one.spread is not None
    assert other.spread is not None
    assert both.spread is not None
    assert both.value == pytest.approx((one.value + other.value) / 2)
    assert both.spread.variance == pytest.approx((one.spread.variance + other.spread.variance) / 4)
    assert 5 < both.spread.freedom <= 10
    np.testing.assert_allclose(both.permuted, (one.permuted + other.permuted) / 2)
    assert (both.chance, both.n_trials) == (HALF, 48)


def test_a_session_of_few_runs_leaves_the_mean_without_an_interval() -> None:
    truth, runs = np.tile([0, 1], 4), np.repeat(np.arange(2), 4)
    few = Sampler(runs, exchanges(runs, np.arange(8), 19)).sampled(np.eye(8)[truth][:, truth], HALF, "decisions")
    many = cells_of_noise(np.random.default_rng(0), exchanges(RUNS, np.arange(24), 19), 1)[0]
    assert np.isnan(mean_of([few, many]).measure().low)
