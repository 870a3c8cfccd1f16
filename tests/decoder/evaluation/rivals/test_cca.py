from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import CCA as SklearnCCA

from hotwire.decoder.evaluation.rivals.base import TrialShape
from hotwire.decoder.evaluation.rivals.cca import CCA, canonical_correlation
from hotwire.errors import InputError

SHAPE = TrialShape(n_times=200, n_channels=2, times_hz=100.0, classes=("left", "right"))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**16))
def test_is_that_of_scikit_learn(n_x: int, n_y: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(50, n_x)), rng.normal(size=(50, n_y))
    Y[:, 0] += X[:, 0]
    line = np.vander(np.arange(50.0), 2)
    flat = [one - line @ np.linalg.lstsq(line, one, rcond=None)[0] for one in (X, Y)]
    u, v = SklearnCCA(1, max_iter=5000, tol=1e-12).fit_transform(*flat)
    assert canonical_correlation(X, Y) == pytest.approx(np.corrcoef(u[:, 0], v[:, 0])[0, 1], abs=1e-5)


def test_what_does_not_vary_correlates_with_nothing() -> None:
    flat = np.full((50, 2), 3.0)
    assert canonical_correlation(flat, np.random.default_rng(0).normal(size=(50, 2))) == 0.0


def test_finds_the_flicker_whatever_its_phase() -> None:
    rng = np.random.default_rng(0)
    times_s = np.arange(200) / 100.0
    truth = np.arange(40) % 2
    phase = rng.uniform(0, 2 * np.pi, 40)
    wave = np.sin(2 * np.pi * np.array([8.0, 12.0])[truth][:, None] * times_s + phase[:, None])
    X = wave[:, None] * [[1.0], [-0.5]] + rng.normal(size=(40, 2, 200)) + 5 * times_s  # and drifts
    [one] = CCA({"right": 12.0, "left": 8.0}, harmonics=1).candidates(SHAPE)
    leaning = one.fit(X[:0], truth[:0]).decision_function(X)
    np.testing.assert_array_equal(leaning > 0, truth == 1)


def test_wrong_inputs() -> None:
    with pytest.raises(InputError, match="harmonics: expected those below half the rate, 50 Hz, got one of 60 Hz"):
        CCA({"left": 8.0, "right": 30.0}).candidates(SHAPE)
    with pytest.raises(InputError, match=r"frequencies_hz.left: expected a number above 0.0, got 0"):
        CCA({"left": 0, "right": 3.0})
