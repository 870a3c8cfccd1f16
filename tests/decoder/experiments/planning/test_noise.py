"""The signal-to-noise ratio of a recording: that of the synthetic brain which made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from hotwire.decoder import Recording, Settings
from hotwire.decoder.experiments.planning.noise import noise_like, signal_to_noise
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.synthetic import SyntheticBrain, block_design
from hotwire.errors import RecordingError

KEYS = [f"thing {i}" for i in range(8)]


def session(n_features: int, ratio: float, n_runs: int, seed: int) -> Recording:
    """Trials of one sample, of a brain with independent noise."""
    shown = dict(zip(KEYS, np.random.default_rng(seed).normal(size=(8, 50)), strict=True))
    brain = SyntheticBrain(n_features, 1.0, ratio, "none", seed=seed)
    return brain.record(block_design(KEYS, n_runs, rate_hz=1.0, duration_s=1.0, rest_s=1.0), shown)


@pytest.mark.parametrize(("n_features", "ratio", "n_runs"), [(500, 0.05, 12), (200, 0.2, 6), (100, 0.6, 30)])
def test_the_ratio_of_a_synthetic_brain_is_found(n_features: int, ratio: float, n_runs: int) -> None:
    found = [noise_like(session(n_features, ratio, n_runs, seed), Settings("x"), "it") for seed in range(6)]
    assert np.mean([one.signal_to_noise for one in found]) == pytest.approx(ratio, rel=0.1)
    assert sum(one.low < ratio < one.high for one in found) >= 4
    assert found[0].n_features == n_features
    assert found[0].seconds_per_trial == pytest.approx((2 * 8 + 1) / 8)


@pytest.mark.parametrize("whiten", ["none", "samples"])
def test_noise_that_features_share_is_whitened_away(whiten: Literal["none", "samples"]) -> None:
    """It would hide the signal from class means, but neither from whitened ones nor from ridge regression."""
    recording = session(60, 0.3, 10, seed=0)
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(len(recording.data), 3)) @ rng.normal(size=(3, 60))
    noisy = replace(recording, data=recording.data + 3 * shared)
    found = noise_like(noisy, Settings("x", whiten=whiten), "it").signal_to_noise
    assert 0.15 < found < 0.45


def test_an_average_over_a_block_is_one_trial(recordings: Callable[..., Recording]) -> None:
    """Blocks of three samples with independent noise: three times the ratio of a sample."""
    found = [noise_like(recordings(n_runs=20, noise=2.0, seed=seed), Settings("x"), "it") for seed in range(5)]
    patterns = np.random.default_rng(7).normal(size=(4, 20))
    ratio = patterns.var(axis=0, ddof=1).mean() / 2.0**2 * 3
    assert np.mean([one.signal_to_noise for one in found]) == pytest.approx(ratio, rel=0.2)


def test_a_worse_d_prime_means_more_noise() -> None:
    ratios = [signal_to_noise(d_prime, 100, 5.0) for d_prime in (-1.0, 0.0, 0.5, 1.0, 3.0)]
    assert ratios == sorted(ratios)
    assert ratios[:2] == [0.0, 0.0]


def test_without_repeats_nothing_is_known() -> None:
    recording = session(10, 1.0, 3, seed=0)
    for kept, message in (
        (recording.select(runs=[1]), "8 occur in one run only, such as 'thing 0'"),
        (recording.select(labels=["thing 1"]), "got 1 labels"),
    ):
        with pytest.raises(RecordingError, match=message):
            noise_like(kept, Settings("x"), "it")


def test_what_cannot_be_told_apart_is_refused() -> None:
    recording = session(20, 1.0, 4, seed=0)
    # Patterns that change their sign from run to run are further from their own mean than from others.
    flipped = replace(recording, data=recording.data * np.where(recording.run % 2, 1, -1)[:, None])
    with pytest.raises(RecordingError, match="cannot be told apart"):
        noise_like(flipped, Settings("x"), "it")


def test_windows_that_follow_no_events_count_as_no_label() -> None:
    recording = replace(session(5, 1.0, 2, seed=0), events=Events.none())
    with pytest.raises(RecordingError, match="got 0 labels"):
        noise_like(recording, Settings("x"), "it")
