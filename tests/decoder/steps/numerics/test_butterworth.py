"""The designs against scipy's."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.steps.numerics.butterworth import Kind, butterworth, group_delay, is_stable, notch
from hotwire.errors import InputError

signal: Any = scipy.signal  # whose annotations are narrower than what it takes

RATES = st.sampled_from([100.0, 160.0, 250.0, 512.0, 1000.0, 2048.0, 30000.0])
SCIPY = {"low": "lowpass", "high": "highpass", "band": "bandpass"}


@settings(max_examples=100)
@given(st.sampled_from(get_args(Kind)), RATES, st.integers(1, 8), st.data())
def test_the_same_sections_as_scipy(kind: Kind, rate_hz: float, order: int, data: st.DataObject) -> None:
    first = data.draw(st.floats(0.005, 0.9)) * rate_hz / 2
    second = first + data.draw(st.floats(0.02, 0.09)) * rate_hz / 2
    cutoff_hz = (first, second) if kind == "band" else first
    expected = signal.butter(order, cutoff_hz, SCIPY[kind], output="sos", fs=rate_hz)
    found = butterworth(kind, cutoff_hz, order, rate_hz)
    assert found.shape == expected.shape
    # Where two pairs of poles are as near to the circle as each other, rounding decides their order.
    frequencies_hz = np.linspace(0, rate_hz / 2, 50)
    responses = [signal.freqz_sos(sos, frequencies_hz, fs=rate_hz)[1] for sos in (found, expected)]
    np.testing.assert_allclose(responses[0], responses[1], atol=1e-12 if order < 6 else 1e-10)


@pytest.mark.parametrize(
    ("kind", "cutoff_hz", "order", "rate_hz"),
    [
        ("band", (8.0, 30.0), 4, 250.0),
        ("band", (0.5, 40.0), 5, 1000.0),
        ("band", (10.0, 90.0), 3, 200.0),  # two real poles
        ("low", 40.0, 3, 2000.0),
        ("low", 300.0, 4, 30000.0),
        ("high", 0.1, 4, 2000.0),
        ("high", 1.0, 5, 512.0),
    ],
)
def test_in_the_same_order(kind: Kind, cutoff_hz, order: int, rate_hz: float) -> None:
    expected = signal.butter(order, cutoff_hz, SCIPY[kind], output="sos", fs=rate_hz)
    np.testing.assert_allclose(butterworth(kind, cutoff_hz, order, rate_hz), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("frequency_hz", [16.7, 50.0, 60.0, 499.0])
@pytest.mark.parametrize("quality", [1.0, 30.0])
def test_notch(frequency_hz: float, quality: float) -> None:
    expected = np.concatenate(signal.iirnotch(frequency_hz, quality, fs=1000.0))
    np.testing.assert_allclose(notch(frequency_hz, quality, 1000.0)[0], expected, rtol=1e-13)


@pytest.mark.parametrize(("kind", "cutoff_hz"), [("band", (8.0, 30.0)), ("low", 20.0), ("high", 2.0)])
def test_group_delay(kind: Kind, cutoff_hz) -> None:
    sections = butterworth(kind, cutoff_hz, 3, 250.0)
    _, (expected,) = signal.group_delay(signal.sos2tf(sections), w=[15.0], fs=250.0)
    assert group_delay(sections, 15.0, 250.0) == pytest.approx(expected, rel=1e-8)


def test_what_float64_cannot_hold() -> None:
    with pytest.raises(InputError, match=r"order: a filter of order 4 at 1e-05 Hz is not stable at 30000"):
        butterworth("high", 1e-5, 4, 30000.0)
    poles = [0.5 + 0.9j, 0.5 - 0.9j]
    assert not is_stable(np.array([[1.0, 0, 0, *np.poly(poles).real]]))
    assert is_stable(np.array([[1.0, 0, 0, *np.poly([0.99, -0.99])]]))
