from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.statistics.measures import hits, pairwise
from hotwire.decoder.statistics.permutation import exchanges
from hotwire.decoder.statistics.sampled import Maximum, Sampler, mean_of, tables_by_trial


def test_tables_hold_what_each_trial_counts_with_the_class_of_each() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(9, 3)), np.tile([0, 1, 2], 3)
    tables = tables_by_trial(scores, truth)
    np.testing.assert_allclose(np.diagonal(tables["pairwise"]), pairwise(scores, truth))
    np.testing.assert_allclose(np.diagonal(tables["candidate"]), hits(scores, truth))


def test_correction_holds_the_family_wise_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten cells of noise: some cell is significant in many maps without correction, with it in one of twenty."""
    monkeypatch.setattr("hotwire.decoder.statistics.sampled.N_RESAMPLES", 10)
    rng = np.random.default_rng(0)
    truth, runs = np.tile([0, 1], 12), np.repeat(np.arange(6), 4)
    n_corrected = n_uncorrected = 0
    for seed in range(200):
        sampler = Sampler(runs, exchanges(runs, np.arange(24), 99, seed=seed), seed=seed)
        tables = [tables_by_trial(rng.normal(size=(24, 2)), truth)["pairwise"] for _ in range(10)]
        cells = [sampler.sampled(table, 0.5) for table in tables]
        greatest = Maximum()
        for cell in cells:
            greatest.add({"pairwise": cell})
        n_corrected += min(greatest.p("pairwise", cell.measure()) for cell in cells) <= 0.05
        n_uncorrected += min(cell.measure().p_value for cell in cells) <= 0.05
    assert 2 <= n_corrected <= 18
    assert n_uncorrected > 30


def test_the_mean_of_sessions_is_that_of_their_samples() -> None:
    runs, truth = np.repeat(np.arange(4), 2), np.tile([0, 1], 4)
    sampler = Sampler(runs, exchanges(runs, np.arange(8), 19))
    right, wrong = (
        sampler.sampled(tables_by_trial(np.eye(2)[of], truth)["pairwise"], 0.5) for of in (truth, 1 - truth)
    )
    both = mean_of([right, wrong])
    assert (both.value, both.chance) == (0.5, 0.5)
    np.testing.assert_allclose(both.resampled, 0.5)
    np.testing.assert_allclose(both.permuted, (right.permuted + wrong.permuted) / 2)
