from __future__ import annotations

import mne
import numpy as np
import pytest
import sklearn.covariance
from pyriemann.estimation import Covariances
from pyriemann.spatialfilters import CSP as TheirCSP
from scipy.linalg import eigh

from hotwire.decoder.features.csp import CSP, csp_filters, information
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


def test_several_answers_equal_mnes_but_for_the_order() -> None:
    X, answers = oscillating(n_trials=90, n_answers=3)
    ours = CSP(6, "none").fit(X, answers, 100.0).transform(X)
    theirs = mne.decoding.CSP(n_components=6, reg=None, log=True).fit(channels_first(X), answers)
    theirs = theirs.transform(channels_first(X))
    # MNE ends its search earlier and may scale filters otherwise: the same but for a constant.
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    same = np.abs(np.corrcoef(ours.T, theirs.T)[:6, 6:]).argmax(axis=1)
    assert sorted(same) == list(range(6))
    np.testing.assert_allclose(ours, theirs[:, same], atol=1e-3)


def test_the_most_telling_filters_come_first() -> None:
    """However strong the difference is: MNE's approximation would put the sources that tell nothing first."""
    X, answers = oscillating(n_trials=80, n_answers=4)
    told = np.array([CSP(6).fit(X, answers, 100.0).transform(X)[answers == answer].mean(axis=0) for answer in range(4)])
    assert (np.ptp(told[:, :4], axis=0) > 1).all()
    assert (np.ptp(told[:, 4:], axis=0) < 0.5).all()


def test_information() -> None:
    """By chance: how well samples whose answer is known tell it."""
    variance = np.array([3.0, 0.5, 0.1])
    rng = np.random.default_rng(0)
    answers = rng.integers(3, size=200_000)
    x = rng.normal(size=len(answers)) * np.sqrt(variance[answers])
    likelihood = np.exp(-0.5 * x[:, None] ** 2 / variance) / np.sqrt(variance)
    posterior = likelihood / likelihood.sum(axis=1, keepdims=True)
    expected = np.log(3) + np.log(posterior[np.arange(len(x)), answers]).mean()
    assert information(variance[:, None])[0] == pytest.approx(expected, abs=0.01)
    assert information(1e-12 * variance[:, None])[0] == pytest.approx(information(variance[:, None])[0], abs=1e-6)


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
    with pytest.raises(InputError, match="too few samples for the covariance of a class"):
        CSP(shrinkage="none").fit(X, answers, 100.0)
    assert np.isfinite(CSP().fit(X, answers, 100.0).transform(X)).all()
