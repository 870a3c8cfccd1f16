from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

from hotwire.decoder.steps.power import Power
from hotwire.errors import InputError

signal: Any = scipy.signal  # whose annotations are narrower than what it takes

RATE_HZ = 100.0


def samples(n_features: int = 4) -> np.ndarray:
    return (1e-6 * np.random.default_rng(0).normal(size=(400, n_features))).astype(np.float32)


def mean_squares(step: Power, X: np.ndarray) -> np.ndarray:
    squares, ones = X.astype(np.float64) ** 2, np.ones(X.shape)
    if step.window_s is not None:
        b, a = np.ones(round(step.window_s * RATE_HZ)), [1.0]
    else:
        assert step.time_constant_s is not None
        b, a = [1.0], [1.0, -np.exp(-1 / (step.time_constant_s * RATE_HZ))]
    return signal.lfilter(b, a, squares, axis=0) / signal.lfilter(b, a, ones, axis=0)


@pytest.mark.parametrize("step", [Power(0.01), Power(0.25), Power(30.0), Power(time_constant_s=0.2)], ids=str)
@pytest.mark.parametrize("n_features", [1, 64, 1024])
def test_mean_of_the_newest_squares(step: Power, n_features: int) -> None:
    X = samples(n_features)
    expected = mean_squares(step, X)
    squares = X.astype(np.float64) ** 2
    found = step.open(n_features, RATE_HZ)._mean.push(squares)  # type: ignore[attr-defined]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * expected.max())
    assert step.open(n_features, RATE_HZ).push(X).tobytes() == found.astype(np.float32).tobytes()


@pytest.mark.parametrize("time", [{"window_s": 0.25}, {"time_constant_s": 0.2}], ids=str)
def test_outputs(time: dict[str, Any]) -> None:
    X = samples()
    X[:, 2] = 0.0
    power, rms, log = (Power(**time, output=output).open(4, RATE_HZ).push(X) for output in ("power", "rms", "log"))
    some = [0, 1, 3]
    np.testing.assert_allclose(rms[:, some] ** 2, power[:, some], rtol=1e-6)
    np.testing.assert_allclose(log[:, some], np.log(power[:, some].astype(np.float64)), rtol=1e-6)
    assert not power[:, 2].any()
    assert not rms[:, 2].any()
    assert log[:, 2] == pytest.approx(np.log(1.1754944e-38))  # silence has no logarithm


def test_units() -> None:
    units = [Power(1.0, output=output).unit_out("V") for output in ("power", "rms", "log")]
    assert units == ["V^2", "V", "ln(V^2)"]


@pytest.mark.parametrize("step", [Power(0.25), Power(0.01), Power(time_constant_s=0.2)], ids=str)
def test_it_lags_by_the_mean_age_of_its_weights(step: Power) -> None:
    ramp = np.arange(1.0, 1001.0)[:, None]
    out = step.open(1, RATE_HZ).push(np.sqrt(ramp))
    assert step.group_delay_samples(RATE_HZ) == pytest.approx(1000.0 - float(out[-1, 0]), abs=1e-3)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Power(), "window_s, time_constant_s: expected exactly one of the two, got None and None"),
        (lambda: Power(1.0, 1.0), "expected exactly one of the two, got 1.0 and 1.0"),
        (lambda: Power(0.0), "window_s: expected a number above 0"),
        (lambda: Power(time_constant_s=-1.0), "time_constant_s: expected a number above 0"),
        (lambda: Power(1.0, output="db"), "output: expected one of power, rms, log, got 'db'"),  # type: ignore[arg-type]
        (lambda: Power(1.0, on_gap="x"), "on_gap"),  # type: ignore[arg-type]
        (lambda: Power(0.001).open(1, RATE_HZ), r"window_s: expected at least one sample \(0.01 s at 100 Hz\)"),
    ],
)
def test_wrong_settings(make, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()
