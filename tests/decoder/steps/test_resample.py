"""Resampling against ``scipy.signal.resample_poly``."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
import scipy.signal

from hotwire.decoder.steps import open_chain
from hotwire.decoder.steps.resample import Resample, _ResampleState, low_pass, ratio_of_rates
from hotwire.errors import InputError

signal: Any = scipy.signal  # whose annotations are narrower than what it takes

PAIRS = [(2000.0, 250.0), (2000.0, 100.0), (1000.0, 256.0), (250.0, 1000.0), (512.0, 100.0), (24414.0625, 1000.0)]


def samples(n_samples: int, offset: float = 0.0, n_features: int = 3) -> np.ndarray:
    return (offset + 1e-6 * np.random.default_rng(0).normal(size=(n_samples, n_features))).astype(np.float32)


def opened(rate_hz: float, rate_out_hz: float, n_features: int = 3) -> _ResampleState:
    state = Resample(rate_out_hz).open(n_features, rate_hz)
    assert isinstance(state, _ResampleState)
    return state


@pytest.mark.parametrize(("rate_hz", "rate_out_hz"), PAIRS)
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_scipy_with_the_first_sample_held(rate_hz: float, rate_out_hz: float, offset: float) -> None:
    ratio = ratio_of_rates(rate_hz, rate_out_hz)
    X = samples(2500, offset)
    x = X.astype(np.float64)
    expected = signal.resample_poly(x - x[0], ratio.numerator, ratio.denominator, axis=0)
    found = opened(rate_hz, rate_out_hz).resample(X)
    assert 0 < len(found) < len(expected)
    np.testing.assert_allclose(found - x[0], expected[: len(found)], rtol=0, atol=1e-10 * np.abs(expected).max())
    assert opened(rate_hz, rate_out_hz).push(X).tobytes() == found.astype(np.float32).tobytes()


@pytest.mark.parametrize("n_features", [1, 64, 1024])
def test_scipy_itself_in_the_inner_part(n_features: int) -> None:
    X = samples(1200, n_features=n_features)
    expected = signal.resample_poly(X.astype(np.float64), 1, 8, axis=0)
    found = opened(2000.0, 250.0, n_features).resample(X)
    np.testing.assert_allclose(found[10:], expected[10 : len(found)], rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize(("rate_hz", "rate_out_hz"), PAIRS)
def test_a_sample_comes_out_after_the_delay_and_not_before(rate_hz: float, rate_out_hz: float) -> None:
    step, state = Resample(rate_out_hz), opened(rate_hz, rate_out_hz, 1)
    delay, ratio = step.delay_samples(rate_hz), rate_out_hz / rate_hz
    n_out = 0
    for n_in in range(1, delay + 400):
        n_out += len(state.push([[1.0]]))
        # Those that stand at the sample the delay before the newest, or earlier, are there; one more may be where
        # its time falls between two samples.
        at_least = floor((n_in - 1 - delay) * ratio + 1e-9) + 1 if n_in > delay else 0
        assert at_least <= n_out <= max(0, ceil((n_in - delay + 1) * ratio - 1e-9))


def test_a_slow_oscillation_keeps_its_phase() -> None:
    t = np.arange(4000) / 2000.0
    out = opened(2000.0, 250.0, 1).resample(np.sin(2 * np.pi * 7 * t)[:, None])[:, 0]
    expected = np.sin(2 * np.pi * 7 * np.arange(len(out)) / 250.0)
    np.testing.assert_allclose(out[20:], expected[20:], atol=3e-3)
    fast = opened(2000.0, 250.0, 1).resample(np.sin(2 * np.pi * 180 * t)[:, None])[:, 0]
    assert np.abs(fast[20:]).max() < 5e-3


def test_the_same_rate_passes_everything_at_once() -> None:
    X = samples(20)
    assert Resample(500.0).delay_samples(500.0) == 0
    assert Resample(500.0).open(3, 500.0).push(X).tobytes() == X.tobytes()


def test_taps() -> None:
    for up, down in ((1, 8), (3, 2), (32, 125)):
        most = max(up, down)
        expected = signal.firwin(20 * most + 1, 1 / most, window=("kaiser", 5.0)) * up
        np.testing.assert_allclose(low_pass(ratio_of_rates(down, up)), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("rate_hz", "rate_out_hz"), PAIRS)
@pytest.mark.parametrize("gap", [1, 5, 17, 400])
def test_gaps_keep_the_grid(rate_hz: float, rate_out_hz: float, gap: int) -> None:
    """It is as if the first sample after the gap had been there all the time: no output is late or early."""
    n, back = 3000, 1000 + gap
    t = np.arange(n)[:, None].astype(np.float64)
    ratio = ratio_of_rates(rate_hz, rate_out_hz)
    state = opened(rate_hz, rate_out_hz, 1)
    before = state.resample(t[:1000])
    lost = state.skip(gap // 2) + state.skip(0) + state.skip(gap - gap // 2)
    after = state.resample(t[back:])
    first = len(before) + lost
    assert first - 1 < back * ratio <= first  # the first that stands at the sample after the gap, or behind it
    assert first + len(after) == len(opened(rate_hz, rate_out_hz, 1).resample(t))
    held = np.maximum(t - back, 0.0)
    expected = signal.resample_poly(held, ratio.numerator, ratio.denominator, axis=0) + back
    np.testing.assert_allclose(after, expected[first : first + len(after)], rtol=1e-10)
    # Nothing from before the gap reaches what comes after it.
    other = opened(rate_hz, rate_out_hz, 1)
    other.resample(t[:1000] + 1e6)
    other.skip(gap)
    assert other.resample(t[back:]).tobytes() == after.tobytes()


def test_a_gap_at_the_very_beginning() -> None:
    chain = open_chain([Resample(1.0)], ["a"], 4.0)
    assert chain.skip(6) == 2  # those at 0 s and 1 s
    assert chain.push(np.full((43, 1), 3.0)).tolist() == [[3.0]]
    assert chain.skip(10**9) == 10**9 // 4 + 10  # what waited, too


def test_ratios() -> None:
    assert ratio_of_rates(24414.0625, 1000.0) == Fraction(128, 3125)
    assert float(ratio_of_rates(1 / 2.5, 1.0)) == 2.5
    for rate_hz, rate_out_hz, possible in (
        (2000.0, 256.1, "256 or 257"),
        (1.0, float(np.pi), "3 or 4"),
        (2000.0, 0.001, "1"),
        (1e-3, 9.7, "5"),
        (24414.0625, 512.3, "512.300589"),
        (30000.5, 0.3, "6.0001"),
    ):
        with pytest.raises(InputError, match=rf"^rate_hz: {rate_out_hz:.9g} and .*up to 5000; possible is {possible}$"):
            Resample(rate_out_hz).open(1, rate_hz)
        Resample(float(possible.split()[0])).delay_samples(rate_hz)
    with pytest.raises(InputError, match="rate_hz: expected a number above 0"):
        Resample(0.0)
