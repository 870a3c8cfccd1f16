from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.statistics.ceilings import explained_per_ceiling, noise_ceiling, unbiased_r2
from hotwire.decoder.statistics.correlations import explained_variance, profile_correlation
from hotwire.errors import InputError, ShapeError


def made(n_samples: int, n_repeats: int, noise: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A signal of variance 1 in each unit, and repeats with so much noise."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(n_samples, len(noise)))
    return signal, signal[..., None] + rng.normal(size=(n_samples, len(noise), n_repeats)) * np.array(noise)[:, None]


@pytest.mark.parametrize("n_repeats", [2, 5, 8])
def test_is_the_share_of_signal_in_the_average(n_repeats: int) -> None:
    noise = [0.3, 1.0, 3.0]
    _, repeats = made(20_000, n_repeats, noise)
    expected = 1 / (1 + np.square(noise) / n_repeats)
    np.testing.assert_allclose(noise_ceiling(repeats, n_splits=20), expected, atol=0.02)


def test_unequal_repeats_are_counted_as_they_are() -> None:
    """Two to nine repeats, NaN anywhere: as much signal as the averages truly hold."""
    signal, repeats = made(20_000, 9, [2.0])
    rng = np.random.default_rng(1)
    n = rng.integers(2, 10, len(signal))
    gone = np.argsort(rng.random((len(signal), 9)), axis=1) >= n[:, None]
    repeats[np.broadcast_to(gone[:, None], repeats.shape)] = np.nan
    found = noise_ceiling(repeats, n_splits=20)
    assert found == pytest.approx(1 / (1 + 4 * np.mean(1 / n)), abs=0.02)
    reached = profile_correlation(np.nanmean(repeats, axis=2), signal) ** 2
    assert found == pytest.approx(reached, abs=0.03)


def test_all_splits_of_four_repeats() -> None:
    """Many random splits come to the mean over all of them, stepped up by the textbook's formula."""
    _, repeats = made(60, 4, [1.0, 2.0])
    by_hand = []
    for first in combinations(range(4), 2):
        second = [i for i in range(4) if i not in first]
        halves = repeats[..., list(first)].mean(axis=2), repeats[..., second].mean(axis=2)
        by_hand.append(profile_correlation(*halves))
    # All samples are split alike here, each by itself there: the same on average.
    r = np.mean(by_hand, axis=0)
    np.testing.assert_allclose(noise_ceiling(repeats, n_splits=2000), 2 * r / (1 + r), atol=0.02)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**16))
def test_neither_size_nor_offset_nor_the_order_of_units_matters(seed: int) -> None:
    _, repeats = made(40, 5, [0.5, 2.0], seed)
    found = noise_ceiling(repeats, n_splits=5, seed=seed)
    np.testing.assert_allclose(noise_ceiling(7 * repeats[:, ::-1] - 3, n_splits=5, seed=seed), found[::-1], rtol=1e-6)


def test_the_true_model_explains_all_that_can_be_explained() -> None:
    signal, repeats = made(20_000, 6, [0.5, 2.0])
    average = repeats.mean(axis=2)
    ceiling = noise_ceiling(repeats, n_splits=10)
    per_ceiling = explained_per_ceiling(explained_variance(average, signal), ceiling)
    np.testing.assert_allclose(per_ceiling, 1.0, atol=0.02)
    half = explained_per_ceiling(explained_variance(average, 0.5 * signal), ceiling)
    np.testing.assert_allclose(half, 0.75, atol=0.02)  # 1 - 0.5 ** 2 of the signal's variance


def test_pure_noise_has_no_ceiling() -> None:
    ceiling = noise_ceiling(np.random.default_rng(0).normal(size=(5000, 3, 4)))
    assert np.abs(ceiling).max() < 0.1
    assert np.isnan(explained_per_ceiling([0.1], [-0.01]))


def test_wrong_inputs() -> None:
    with pytest.raises(ShapeError, match=r"expected \(n_samples, n_units, n_repeats\), got shape \(3, 4\)"):
        noise_ceiling(np.zeros((3, 4)))
    repeats = np.zeros((3, 2, 2))
    repeats[1, 1, 0] = np.nan
    with pytest.raises(InputError, match="at least two of each sample, got 1 of sample 1 in unit 1; 1 samples"):
        noise_ceiling(repeats)
    with pytest.raises(InputError, match="got infinity"):
        noise_ceiling(np.full((3, 2, 2), np.inf))
    with pytest.raises(ShapeError, match="ceiling: expected one for each unit"):
        explained_per_ceiling([0.1, 0.2], [0.5])


def test_unbiased_r2_is_that_of_the_noiseless_response() -> None:
    """With few, unequal and noisy repeats it has the true value on average; the plain r2 is too low."""
    rng = np.random.default_rng(3)
    signal = rng.normal(size=(60, 3))
    predicted = signal + rng.normal(size=(60, 3)) * [0.0, 1.0, 3.0]
    n = np.tile([2, 3, 6], 20)
    size = rng.uniform(0.5, 2.5, (60, 1, 1))  # each stimulus has noise of its own size
    found, plain = [], []
    for _ in range(400):
        repeats = signal[..., None] + size * rng.normal(size=(60, 3, 6))
        repeats[np.arange(6) >= np.broadcast_to(n[:, None, None], repeats.shape)] = np.nan
        found.append(unbiased_r2(repeats, predicted))
        plain.append(profile_correlation(np.nanmean(repeats, axis=2), predicted) ** 2)
    truth = profile_correlation(signal, predicted) ** 2
    error = np.std(found, axis=0) / 20
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error + 0.01).all()
    assert (np.mean(plain, axis=0)[:2] < truth[:2] - 0.1).all()


def test_unbiased_r2_of_what_says_nothing() -> None:
    _, repeats = made(30, 4, [1.0, 1.0])
    predicted = np.stack([np.ones(30), np.arange(30.0)], axis=1)
    assert np.isnan(unbiased_r2(repeats, predicted)).tolist() == [True, False]
    same = np.broadcast_to(np.array([-1.0, 1.0]), (30, 1, 2))  # the averages do not vary, repeats do
    assert np.isnan(unbiased_r2(same, predicted[:, 1:])).all()
    with pytest.raises(ShapeError, match=r"predicted: expected .* got \(30, 1\)"):
        unbiased_r2(repeats, predicted[:, :1])
