from __future__ import annotations

import mne
import numpy as np
import pytest
import sklearn.covariance
from pyriemann.estimation import Covariances
from pyriemann.spatialfilters import CSP as TheirCSP
from scipy.linalg import eigh

from hotwire.decoder.features.csp import CSP, csp_filters
from hotwire.errors import InputError

from .made_trials import average_referenced, oscillating


PER_SAMPLE = 4500 / 4499
"""MNE divides sums over an answer's samples by one sample less."""


@pytest.fixture(autouse=True)
def quiet():
    with mne.utils.use_log_level("error"):
        yield


def channels_first(X):
    return np.ascontiguousarray(X.swapaxes(1, 2))


@pytest.mark.parametrize("n_filters", [1, 4, 6])
def test_two_answers_equal_mne_and_pyriemann(n_filters: int) -> None:
    X, answers = oscillating()
    ours = CSP(n_filters, "none").fit(X, answers, 100.0)
    theirs = mne.decoding.CSP(n_components=n_filters, reg=None, log=True).fit(channels_first(X), answers)
    filters = theirs.filters_[:n_filters].T * np.sqrt(PER_SAMPLE)
    np.testing.assert_allclose(ours.filters * np.sign(np.sum(ours.filters * filters, axis=0)), filters, atol=1e-8)
    features = theirs.transform(channels_first(X)) + np.log(PER_SAMPLE)
    np.testing.assert_allclose(ours.transform(X), features, atol=1e-8)
    covariances = Covariances("scm").fit_transform(channels_first(X))
    riemann = TheirCSP(nfilter=n_filters, metric="euclid", log=True).fit(covariances, answers)
    np.testing.assert_allclose(ours.transform(X), riemann.transform(covariances), atol=1e-8)


def test_several_answers_equal_mnes() -> None:
    X, answers = oscillating(n_trials=90, n_answers=3)
    ours = CSP(4, "none").fit(X, answers, 100.0)
    theirs = mne.decoding.CSP(n_components=4, reg=None, log=True).fit(channels_first(X), answers)
    # MNE ends its search earlier and may scale filters otherwise: the same but for a constant.
    difference = ours.transform(X) - theirs.transform(channels_first(X))
    np.testing.assert_allclose(difference, np.broadcast_to(difference[0], difference.shape), atol=1e-3)


def test_dependent_channels_are_treated_as_mne_does() -> None:
    """MNE leaves the directions out that the channels do not span."""
    X, answers = oscillating()
    X = average_referenced(X)
    ours = CSP(6, "none").fit(X, answers, 100.0)
    assert ours.n_out == 5
    theirs = mne.decoding.CSP(n_components=5, reg=None, log=True, restr_type="restricting")
    theirs.fit(channels_first(X), answers)
    features = theirs.transform(channels_first(X)) + np.log(PER_SAMPLE)
    np.testing.assert_allclose(ours.transform(X), features, atol=1e-8)


@pytest.mark.parametrize("shrinkage", ["ledoit-wolf", 0.3])
def test_shrunk_covariances_are_scikit_learns(shrinkage) -> None:
    X, answers = oscillating(n_trials=8, n_times=20)
    estimator = (
        sklearn.covariance.LedoitWolf(assume_centered=True)
        if shrinkage == "ledoit-wolf"
        else sklearn.covariance.ShrunkCovariance(shrinkage=shrinkage, assume_centered=True)
    )
    first, second = (estimator.fit(X[answers == answer].reshape(-1, 6)).covariance_ for answer in (0, 1))
    part, filters = eigh(first, first + second)
    filters = filters[:, np.argsort(-np.abs(part - 0.5))[:4]]
    expected = np.log(np.mean((X @ filters) ** 2, axis=1))
    np.testing.assert_allclose(CSP(4, shrinkage).fit(X, answers, 100.0).transform(X), expected, atol=1e-8)


def test_trials_need_not_have_mean_zero() -> None:
    X, answers = oscillating()
    offsets = 1e3 * np.random.default_rng(1).normal(size=(len(X), 1, 6))
    ours, theirs = (CSP(4).fit(x, answers, 100.0).transform(x) for x in (X, X + offsets))
    np.testing.assert_allclose(theirs, ours, atol=1e-6)


def test_fewer_channels_than_filters() -> None:
    X, answers = oscillating(n_channels=3)
    assert CSP(6).fit(X, answers, 100.0).n_out == 3


def test_filters_whiten_and_diagonalise() -> None:
    X, answers = oscillating(n_answers=3, n_trials=90)
    covariances = np.array([np.cov(X[answers == answer].reshape(-1, 6).T) for answer in range(3)])
    filters = csp_filters(covariances)
    np.testing.assert_allclose(np.diag(filters.T @ covariances.mean(axis=0) @ filters), 1, rtol=1e-10)
    two = csp_filters(covariances[:2])
    np.testing.assert_allclose(two.T @ covariances[:2].sum(axis=0) @ two, np.eye(6), atol=1e-10)


def test_wrong_settings_and_too_few_samples() -> None:
    for shrinkage in ("auto", 1.5, True, -0.1):
        with pytest.raises(InputError, match="shrinkage: expected 'ledoit-wolf' or 'none' or a weight from 0 to 1"):
            CSP(shrinkage=shrinkage)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n_filters"):
        CSP(0)
    X, answers = oscillating(n_trials=4, n_times=4, n_channels=10)
    with pytest.raises(InputError, match="too few samples for the covariance of an answer"):
        CSP(shrinkage="none").fit(X, answers, 100.0)
    assert np.isfinite(CSP().fit(X, answers, 100.0).transform(X)).all()
