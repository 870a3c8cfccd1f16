"""Smoothing against ``scipy.signal.lfilter``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

from hotwire.decoder.steps.numerics.means import half_gaussian
from hotwire.decoder.steps.smoothing import Smooth
from hotwire.errors import InputError

signal: Any = scipy.signal  # whose annotations are narrower than what it takes

RATE_HZ = 50.0


def counts(n_samples: int = 700, n_features: int = 5) -> np.ndarray:
    return np.random.default_rng(0).poisson(0.7, size=(n_samples, n_features)).astype(np.float32)


def reference(step: Smooth, X: np.ndarray) -> np.ndarray:
    width = step.width_s * RATE_HZ
    if step.kernel == "exponential":
        b, a = [1 - np.exp(-1 / width)], [1, -np.exp(-1 / width)]
    else:
        b, a = np.exp(-0.5 * (np.arange(np.ceil(4 * width) + 1) / width) ** 2), [1.0]
        b /= b.sum()
    X = X.astype(np.float64)
    return signal.lfilter(b, a, X, axis=0) / signal.lfilter(b, a, np.ones_like(X), axis=0)


STEPS = [Smooth(kernel, width_s) for kernel in ("exponential", "half-gaussian") for width_s in (0.005, 0.1, 3.0)]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_lfilter(step: Smooth) -> None:
    X = counts()
    state = step.open(5, RATE_HZ)
    found = state._mean.push(X.astype(np.float64))  # type: ignore[attr-defined]
    np.testing.assert_allclose(found, reference(step, X), rtol=0, atol=1e-10 * X.max())
    assert step.open(5, RATE_HZ).push(X).tobytes() == found.astype(np.float32).tobytes()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_it_lags_by_the_mean_age_of_its_weights(step: Smooth) -> None:
    """A ramp, once the kernel has filled, lies behind by as much."""
    ramp = np.arange(3000.0)[:, None]
    out = step.open(1, RATE_HZ).push(ramp)
    assert step.group_delay_samples(RATE_HZ) == pytest.approx(ramp[-1, 0] - float(out[-1, 0]), abs=2e-3)


def test_weights() -> None:
    assert half_gaussian(2.0).sum() == pytest.approx(1.0)
    assert len(half_gaussian(2.0)) == 9


def test_wrong_settings() -> None:
    with pytest.raises(InputError, match="kernel: expected one of exponential, half-gaussian, got 'gaussian'"):
        Smooth("gaussian", 1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="width_s: expected a number above 0"):
        Smooth("exponential", 0.0)
    with pytest.raises(InputError, match="on_gap"):
        Smooth("exponential", 1.0, "keep")  # type: ignore[arg-type]
