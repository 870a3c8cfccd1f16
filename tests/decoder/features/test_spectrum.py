from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import CCA

from hotwire.decoder.features.spectrum import Spectrum
from hotwire.errors import InputError

RATE_HZ = 100.0
FREQUENCIES_HZ = (6.67, 8.57, 12.0)


def made(n_trials: int = 12, n_channels: int = 3, n_times: int = 200, seed: int = 0):
    rng = np.random.default_rng(seed)
    answers = np.arange(n_trials) % 3
    times_s = np.arange(n_times) / RATE_HZ
    X = rng.normal(size=(n_trials, n_times, n_channels))
    for trial, answer in enumerate(answers):
        wave = np.sin(2 * np.pi * FREQUENCIES_HZ[answer] * times_s + rng.uniform(0, 7))
        X[trial] += np.outer(wave, rng.normal(size=n_channels))
    return X, answers


@pytest.mark.parametrize("harmonics", [1, 3])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_correlations_are_scikit_learns(harmonics: int, n_channels: int) -> None:
    X, answers = made(n_channels=n_channels)
    fitted = Spectrum(FREQUENCIES_HZ, harmonics).fit(X, answers, RATE_HZ)
    times_s = np.arange(200) / RATE_HZ
    line = np.stack([np.ones(200), times_s], 1)
    for x, out in zip(X, fitted.transform(X), strict=True):
        x = x - line @ np.linalg.lstsq(line, x, rcond=None)[0]
        for frequency_hz, found in zip(FREQUENCIES_HZ, out, strict=True):
            angle = 2 * np.pi * frequency_hz * np.outer(times_s, np.arange(1, harmonics + 1))
            reference = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
            reference = reference - line @ np.linalg.lstsq(line, reference, rcond=None)[0]
            theirs = CCA(n_components=1, scale=False, max_iter=5000, tol=1e-14).fit(x, reference)
            ours = np.corrcoef(*(scores[:, 0] for scores in theirs.transform(x, reference)))[0, 1]
            assert found == pytest.approx(ours, abs=1e-5)


def test_power_is_that_of_a_fitted_sinusoid() -> None:
    X, answers = made()
    fitted = Spectrum(FREQUENCIES_HZ, 2, "power").fit(X, answers, RATE_HZ)
    assert fitted.n_out == 3 * 2 * 3
    times_s = np.arange(200) / RATE_HZ
    expected = []
    for frequency_hz in FREQUENCIES_HZ:
        for harmonic in (1, 2):
            angle = 2 * np.pi * frequency_hz * harmonic * times_s
            design = np.stack([np.ones(200), times_s, np.sin(angle), np.cos(angle)], 1)
            without, wave = design[:, :2], design[:, 2:]
            # The part of the trial that the wave explains beyond the line.
            all_of, line = (np.linalg.lstsq(d, X[0], rcond=None)[0] for d in (design, without))
            expected += np.log(np.mean((design @ all_of - without @ line) ** 2, axis=0)).tolist()
            assert wave.shape == (200, 2)
    np.testing.assert_allclose(fitted.one(X[0]), expected, atol=1e-9)


@given(phase=st.floats(0, 7), slope=st.floats(-100, 100), offset=st.floats(-1e4, 1e4), amplitude=st.floats(0.1, 100))
@pytest.mark.parametrize("measure", ["cca", "power"])
def test_neither_phase_nor_drift_matter(measure, phase: float, slope: float, offset: float, amplitude: float) -> None:
    X, answers = made(n_channels=1)
    fitted = Spectrum([10.0], 1, measure).fit(X, answers, RATE_HZ)
    times_s = np.arange(200)[:, None] / RATE_HZ
    [found] = fitted.one(amplitude * np.sin(2 * np.pi * 10 * times_s + phase) + slope * times_s + offset)
    assert found == pytest.approx(1.0 if measure == "cca" else np.log(amplitude**2 / 2), abs=0.01)


def test_the_largest_correlation_tells_the_answer() -> None:
    """Without any training, as Lin et al. do it."""
    X, answers = made(60)
    out = Spectrum(FREQUENCIES_HZ, 1).fit(X, answers, RATE_HZ).transform(X)
    assert ((out >= 0) & (out <= 1)).all()
    assert np.mean(out.argmax(axis=1) == answers) > 0.95


def test_a_channel_twice_changes_nothing() -> None:
    X, answers = made()
    twice = np.concatenate([X, X[..., :1]], axis=2)
    ours, theirs = (Spectrum(FREQUENCIES_HZ).fit(x, answers, RATE_HZ).transform(x) for x in (X, twice))
    np.testing.assert_allclose(theirs, ours, atol=1e-9)


def test_wrong_settings_and_windows() -> None:
    X, answers = made()
    for frequencies_hz in ([], "8", [0.0], [-3.0], [float("nan")], ["8"]):
        with pytest.raises(InputError, match="frequencies_hz: expected"):
            Spectrum(frequencies_hz)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="measure: expected one of cca, power"):
        Spectrum([8.0], measure="snr")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"at least one cycle in a window of 2 s, got 0\.4 Hz; use longer"):
        Spectrum([0.4, 8.0]).fit(X, answers, RATE_HZ)
    with pytest.raises(InputError, match="below half the rate of 100 Hz, got 60 Hz; use fewer harmonics"):
        Spectrum([20.0], harmonics=3).fit(X, answers, RATE_HZ)
    with pytest.raises(InputError, match="more than 9 samples in a trial"):
        Spectrum([20.0], harmonics=2).fit(X[:, :9], answers, RATE_HZ)
    with pytest.raises(InputError, match="rate_hz: expected the number of samples per second, got nan"):
        Spectrum([20.0]).fit(X, answers, float("nan"))
    assert hash(Spectrum([8, 12])) == hash(Spectrum((8.0, 12.0)))
