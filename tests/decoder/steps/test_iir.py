"""The filters against ``scipy.signal.sosfilt``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.signal

from hotwire.decoder.steps.chain import open_chain
from hotwire.decoder.steps.iir import BandPass, Filter, FilterState, HighPass, LowPass, Notch
from hotwire.errors import InputError

signal: Any = scipy.signal  # whose annotations are narrower than what it takes

RATE_HZ = 500.0
FILTERS: list[tuple[Filter, np.ndarray]] = [
    (BandPass(8.0, 30.0), signal.butter(4, (8.0, 30.0), "bandpass", fs=RATE_HZ, output="sos")),
    (BandPass(70.0, 150.0, 3), signal.butter(3, (70.0, 150.0), "bandpass", fs=RATE_HZ, output="sos")),
    (HighPass(0.5, order=2), signal.butter(2, 0.5, "highpass", fs=RATE_HZ, output="sos")),
    (LowPass(40.0), signal.butter(4, 40.0, "lowpass", fs=RATE_HZ, output="sos")),
    (
        Notch(50.0, harmonics=4),
        np.stack([np.concatenate(signal.iirnotch(50.0 * k, 30.0, fs=RATE_HZ)) for k in (1, 2, 3, 4)]),
    ),
]
IDS = [str(step) for step, _ in FILTERS]


def samples(n_features: int = 64, offset: float = 0.0, n_samples: int = 1200) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (offset + 1e-6 * rng.normal(size=(n_samples, n_features))).astype(np.float32)


def opened(step: Filter, n_features: int) -> FilterState:
    state = step.open(n_features, RATE_HZ)
    assert isinstance(state, FilterState)
    return state


def close(found: np.ndarray, expected: np.ndarray, within: float = 1e-10) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=within * np.abs(expected).max())


@pytest.mark.parametrize(("step", "sos"), FILTERS, ids=IDS)
@pytest.mark.parametrize("n_features", [1, 64, 1024])
def test_scipy_from_its_settled_state(step: Filter, sos: np.ndarray, n_features: int) -> None:
    X = samples(n_features, 5e-6, 300)
    zi = signal.sosfilt_zi(sos)[:, :, None] * X[0].astype(np.float64)
    expected, _ = signal.sosfilt(sos, X.astype(np.float64), axis=0, zi=zi)
    close(opened(step, n_features).filter(X), expected)
    assert step.open(n_features, RATE_HZ).push(X).tobytes() == opened(step, n_features).filter(X).astype("f4").tobytes()


@pytest.mark.parametrize(("step", "sos"), FILTERS, ids=IDS)
def test_scipy_from_rest(step: Filter, sos: np.ndarray) -> None:
    X = samples(offset=5e-6)
    from_rest = replace(step, start="zero")  # type: ignore[type-var]
    close(opened(from_rest, 64).filter(X), np.asarray(signal.sosfilt(sos, X.astype(np.float64), axis=0)))


@pytest.mark.parametrize(("step", "sos"), FILTERS, ids=IDS)
def test_an_offset_of_a_hundred_millivolts_costs_nothing(step: Filter, sos: np.ndarray) -> None:
    """With the offset, scipy's own state is wrong by much more than the tolerance: the truth is without it."""
    X = samples(offset=0.1).astype(np.float64)
    expected = np.asarray(signal.sosfilt(sos, X - X[0], axis=0))
    found = opened(step, 64).filter(X.astype(np.float32)) - (X[0] if step.gain_at_0_hz else 0.0)
    close(found, expected)


@pytest.mark.parametrize("step", [step for step, _ in FILTERS], ids=IDS)
def test_a_constant_leaves_no_transient(step: Filter) -> None:
    X = np.full((500, 3), 0.1, np.float32)
    expected = X if step.gain_at_0_hz else np.zeros_like(X)
    assert step.open(3, RATE_HZ).push(X).tobytes() == expected.tobytes()


def test_group_delay_is_that_of_a_burst() -> None:
    step = BandPass(8.0, 30.0)
    t = np.arange(2000) / RATE_HZ
    middle_hz = step.middle_hz(RATE_HZ)
    envelope = np.exp(-0.5 * ((t - 2.0) / 0.3) ** 2)
    burst = (envelope * np.cos(2 * np.pi * middle_hz * (t - 2.0)))[:, None]
    out = opened(step, 1).filter(burst)[:, 0]
    energy = np.abs(np.asarray(signal.hilbert(out))) ** 2
    lag = (energy @ t / energy.sum() - 2.0) * RATE_HZ
    assert step.group_delay_samples(RATE_HZ) == pytest.approx(lag, rel=0.03)
    assert LowPass(40.0).group_delay_samples(RATE_HZ) > LowPass(80.0).group_delay_samples(RATE_HZ) > 0
    assert 0 <= HighPass(0.5).group_delay_samples(RATE_HZ) < 0.1
    assert 0 < Notch(50.0).group_delay_samples(RATE_HZ) < 1


def test_what_a_rate_cannot_hold() -> None:
    for step, match in (
        (BandPass(8.0, 80.0), r"high_hz: 80 Hz is not possible at 160 samples per second.* below 80 Hz"),
        (LowPass(90.0), r"cutoff_hz: 90 Hz is not possible at 160"),
        (HighPass(90.0), r"cutoff_hz: 90 Hz"),
        (Notch(80.0), r"frequency_hz: 80 Hz"),
        (Notch(20.0, harmonics=4), r"harmonics: of 20 Hz there are 3 below half of 160 samples per second, got 4"),
    ):
        for ask in (lambda step=step: step.open(2, 160.0), lambda step=step: step.group_delay_samples(160.0)):
            with pytest.raises(InputError, match=match):
                ask()
    Notch(20.0, harmonics=3).open(2, 160.0)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: BandPass(30.0, 8.0), "low_hz, high_hz: expected the lower frequency first, got 30.0 and 8.0"),
        (lambda: BandPass(0.0, 8.0), "low_hz, high_hz: expected a number above 0"),
        (lambda: BandPass(1.0, "8"), "expected a finite number, got '8'"),  # type: ignore[arg-type]
        (lambda: BandPass(1.0, 8.0, order=0), "order: expected an integer of at least 1, got 0"),
        (lambda: LowPass(-1.0), "cutoff_hz: expected a number above 0"),
        (lambda: HighPass(1.0, 2.5), "order"),  # type: ignore[arg-type]
        (lambda: HighPass(1.0, start="last"), "start: expected one of first sample, zero, got 'last'"),  # type: ignore[arg-type]
        (lambda: Notch(50.0, on_gap="no"), "on_gap: expected one of"),  # type: ignore[arg-type]
        (lambda: Notch(50.0, quality=0.5), "quality: expected a number above 0.5"),
        (lambda: Notch(50.0, harmonics=0), "harmonics: expected an integer of at least 1"),
    ],
)
def test_wrong_settings(make, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()


def test_a_chain_says_which_step_is_wrong() -> None:
    with pytest.raises(InputError, match=r"^steps\[1\] \(LowPass\): cutoff_hz: 90 Hz is not possible"):
        open_chain([HighPass(1.0), LowPass(90.0)], ("Cz",), 160.0)
