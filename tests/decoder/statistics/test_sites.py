from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.statistics.correlations import profile_correlation
from hotwire.decoder.statistics.sites import SiteBootstrap
from hotwire.errors import ShapeError


def drawn(n_stimuli: int, n_sites: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n_stimuli, n_sites)) + 50
    return true, true + noise * rng.normal(size=true.shape)


def test_is_the_median_of_the_signed_square_per_ceiling() -> None:
    true, predicted = drawn(40, 5, 0)
    predicted[:, 0] *= -1
    predicted[:, 1] = 3.0  # says nothing: counts as 0, not as missing
    ceiling = np.array([0.5, 0.5, 0.8, 0.4, -0.1])
    r = np.nan_to_num(profile_correlation(true, predicted))
    found = SiteBootstrap(true, np.arange(40), ceiling)
    expected = (r * np.abs(r))[:4] / ceiling[:4]
    np.testing.assert_allclose(found.of_sites(predicted)[:4], expected)
    assert np.isnan(found.of_sites(predicted)[4])  # a site that does not respond has no share
    assert found.median(predicted).value == pytest.approx(np.median(expected))
    assert expected[0] < 0


def test_draws_are_those_of_the_plain_bootstrap() -> None:
    """Moments with weights give the correlation over drawn rows."""
    true, predicted = drawn(12, 6, 1)
    bootstrap = SiteBootstrap(true, np.arange(12), n_draws=20, seed=5)
    rng = np.random.default_rng(5)
    times = rng.multinomial(12, np.full(12, 1 / 12), 20)
    sites = rng.integers(0, 6, (20, 6))
    expected = []
    for count, chosen in zip(times, sites, strict=True):
        rows = np.repeat(np.arange(12), count)
        r = profile_correlation(true[rows], predicted[rows])[chosen]
        expected.append(np.median(r * np.abs(r)))
    np.testing.assert_allclose(bootstrap.median(predicted).draws, expected, atol=1e-12)


def test_the_interval_covers_what_other_sites_and_stimuli_give() -> None:
    truth = 1 / 1.36
    covered = []
    for seed in range(60):
        true, predicted = drawn(80, 20, seed, noise=0.6)
        one = SiteBootstrap(true, np.arange(80), n_draws=200).median(predicted).ends
        covered.append(one.low <= truth <= one.high)
    assert np.mean(covered) >= 0.9


def test_a_difference_has_its_own_narrower_interval() -> None:
    true, predicted = drawn(60, 15, 3)
    bootstrap = SiteBootstrap(true, np.arange(60), n_draws=200)
    one, other = bootstrap.median(predicted), bootstrap.median(predicted + 0.01 * true)
    difference, alone = other.minus(one).ends, one.ends
    assert difference.value == other.value - one.value
    assert difference.high - difference.low < (alone.high - alone.low) / 5


def test_beyond_another_prediction_is_the_median_of_differences() -> None:
    true, predicted = drawn(50, 9, 6)
    nuisance = true + 3 * np.random.default_rng(7).normal(size=true.shape)
    bootstrap = SiteBootstrap(true, np.arange(50), np.full(9, 0.8), n_draws=100)
    found = bootstrap.median(predicted, beyond=nuisance).ends
    assert found.value == pytest.approx(np.median(bootstrap.of_sites(predicted) - bootstrap.of_sites(nuisance)))
    assert found.low < found.value < found.high
    assert (bootstrap.median(predicted, beyond=predicted).draws == 0).all()


def test_groups_are_drawn_whole() -> None:
    true, predicted = drawn(40, 15, 4)
    twice = SiteBootstrap(np.repeat(true, 5, axis=0), np.repeat(np.arange(40), 5), n_draws=300, seed=1)
    once = SiteBootstrap(true, np.arange(40), n_draws=300, seed=1)
    five, one = twice.median(np.repeat(predicted, 5, axis=0)).ends, once.median(predicted).ends
    assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.05)


def test_too_few_have_no_interval() -> None:
    true, predicted = drawn(9, 8, 5)
    assert np.isnan(SiteBootstrap(true, np.arange(9) // 3).median(predicted).ends.low)
    assert np.isnan(SiteBootstrap(true[:, :3], np.arange(9)).median(predicted[:, :3]).ends.low)
    with pytest.raises(ShapeError, match=r"groups: expected one for each row of true \(9, 8\), got \(8,\)"):
        SiteBootstrap(true, np.arange(8))


def test_of_a_single_site_stimuli_alone_are_drawn() -> None:
    covered = []
    for seed in range(60):
        true, predicted = drawn(80, 1, seed, noise=0.6)
        one = SiteBootstrap(true, np.arange(80), n_draws=200).median(predicted).ends
        covered.append(one.low <= 1 / 1.36 <= one.high)
    assert np.mean(covered) >= 0.85
