"""What holds for all kinds of features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hotwire.decoder.features.base import Features
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.features.log_variance import LogVariance
from hotwire.decoder.features.spectrum import Spectrum
from hotwire.decoder.features.tangent_space import TangentSpace
from hotwire.decoder.features.xdawn import XDawn
from hotwire.errors import InputError, NonFiniteError, ShapeError

from .made_trials import average_referenced, evoked, oscillating

RATE_HZ = 100.0
KINDS = [
    LogVariance(),
    CSP(4),
    CSP(4, shrinkage=0.1),
    XDawn(2),
    TangentSpace(),
    TangentSpace("oas", "logeuclid"),
    TangentSpace("lwf", prototype="xdawn", n_filters=2),
    Spectrum([8.0, 12.0]),
    Spectrum([8.0, 12.0], measure="power"),
]
SUPERVISED = [kind for kind in KINDS if isinstance(kind, CSP | XDawn) or getattr(kind, "prototype", "") == "xdawn"]
kinds = pytest.mark.parametrize("features", KINDS, ids=repr)


@kinds
def test_one_trial_is_treated_as_many_are(features: Features) -> None:
    X, answers = oscillating()
    fitted = features.fit(X.astype(np.float32), answers, RATE_HZ)
    together = fitted.transform(X)
    assert together.shape == (len(X), fitted.n_out)
    assert together.dtype == np.float64
    strided = np.asfortranarray(X[7])
    np.testing.assert_array_equal(fitted.one(strided), together[7])
    assert fitted.transform(X[:0]).shape == (0, fitted.n_out)


@kinds
def test_kept_and_read_again_bit_for_bit(features: Features, tmp_path) -> None:
    X, answers = oscillating()
    fitted = features.fit(X, answers, RATE_HZ)
    assert fitted.kind == features.to_dict()["type"]
    kept: Any = fitted.to_arrays()
    np.savez(tmp_path / "fitted.npz", **kept)
    with np.load(tmp_path / "fitted.npz", allow_pickle=False) as arrays:
        again = type(fitted).from_arrays(dict(arrays))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    lacking = fitted.to_arrays()
    lacking.popitem()
    with pytest.raises(KeyError):
        type(fitted).from_arrays(lacking)


@kinds
def test_dependent_channels_do_no_harm(features: Features) -> None:
    """An average reference, in the single precision of recordings, with a large offset in one channel."""
    X, answers = oscillating()
    X = average_referenced(X).astype(np.float32)
    fitted = features.fit(X, answers, RATE_HZ)
    out = fitted.transform(X)
    assert np.isfinite(out).all()
    rng = np.random.default_rng(1)
    new = average_referenced(oscillating(seed=1)[0]) + 1e-5 * rng.normal(size=X.shape)
    assert np.abs(fitted.transform(new)).max() < 20 * np.abs(out).max()


@kinds
def test_silence_gives_finite_numbers(features: Features) -> None:
    X, answers = oscillating()
    fitted = features.fit(X, answers, RATE_HZ)
    assert np.isfinite(fitted.one(np.zeros_like(X[0]))).all()
    one_dead = X[0].copy()
    one_dead[:, 2] = 5.0
    assert np.isfinite(fitted.one(one_dead)).all()


@kinds
@given(scale=st.sampled_from([1e-7, 1e-6, 1e3]))
def test_any_unit_does(features: Features, scale: float) -> None:
    """Volts or microvolts: what comes out carries the same, but for a constant in logarithms or a factor."""
    X, answers = oscillating(n_trials=20, n_times=60)
    ours, theirs = (features.fit(s * X, answers, RATE_HZ).transform(s * X) for s in (1.0, scale))
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    if isinstance(features, XDawn):
        theirs = theirs / scale
    if getattr(features, "metric", "") == "logeuclid":
        theirs = theirs / scale**2  # the tangent space at a mean that is so much larger
    np.testing.assert_allclose(theirs, ours, atol=1e-6 * np.abs(ours).max())


@kinds
def test_wrong_trials(features: Features) -> None:
    X, answers = oscillating()
    dead = X.copy()
    dead[:, :, 2] = 7.0
    with pytest.raises(InputError, match=r"channel 2 .*does not vary within any trial; leave it out"):
        features.fit(dead, answers, RATE_HZ)
    broken = X.copy()
    broken[3, 4, 5] = np.nan
    with pytest.raises(NonFiniteError, match="NaN in trial 3 at sample 4 of channel 5"):
        features.fit(broken, answers, RATE_HZ)
    with pytest.raises(ShapeError, match=r"expected \(n_trials, n_times, n_channels\), got \(60, 900\)"):
        features.fit(X.reshape(60, -1), answers, RATE_HZ)
    with pytest.raises(ShapeError, match=r"got \(0, 150, 6\)"):
        features.fit(X[:0], answers[:0], RATE_HZ)
    with pytest.raises(InputError, match="trials of several samples, got 1; use a window that holds samples"):
        features.fit(X[:, :1], answers, RATE_HZ)
    fitted = features.fit(X, answers, RATE_HZ)
    with pytest.raises(ShapeError, match=r"150 samples of 6 channels, got \(150, 5\)"):
        fitted.one(X[0, :, :5])
    with pytest.raises(NonFiniteError, match="at sample 4 of channel 5"):
        fitted.one(broken[3])


@pytest.mark.parametrize("features", SUPERVISED, ids=repr)
def test_filters_need_answers(features: Features) -> None:
    X, answers = oscillating()
    with pytest.raises(InputError, match="at least two classes, got 60 of 1"):
        features.fit(X, np.zeros(60, int), RATE_HZ)
    with pytest.raises(InputError, match="at least two trials of each class, got one of class 1; record more"):
        features.fit(X, (np.arange(60) == 9).astype(int), RATE_HZ)
    with pytest.raises(ShapeError, match=r"one for each of 60 trials, got \(59,\)"):
        features.fit(X, answers[1:], RATE_HZ)


@pytest.mark.parametrize(
    "features", [LogVariance(), CSP(4), TangentSpace(), TangentSpace("lwf", "logeuclid")], ids=repr
)
@pytest.mark.parametrize("n_answers", [2, 3])
def test_they_tell_which_source_is_stronger(features: Features, n_answers: int) -> None:
    assert accuracy(features, *oscillating(n_answers=n_answers)) > 0.95


@pytest.mark.parametrize("features", [XDawn(1), TangentSpace("lwf", prototype="xdawn", n_filters=1)], ids=repr)
@pytest.mark.parametrize("n_answers", [2, 3])
def test_they_tell_what_is_evoked(features: Features, n_answers: int) -> None:
    assert accuracy(features, *evoked(n_answers=n_answers)) > 0.95


def accuracy(features: Features, X, answers) -> float:
    """On the second half."""
    half = len(X) // 2
    fitted = features.fit(X[:half], answers[:half], RATE_HZ)
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    classifier.fit(fitted.transform(X[:half]), answers[:half])
    return float(classifier.score(fitted.transform(X[half:]), answers[half:]))
