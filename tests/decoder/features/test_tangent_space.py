from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyriemann.estimation import Covariances, XdawnCovariances
from pyriemann.tangentspace import TangentSpace as TheirTangentSpace

from hotwire.decoder.features.tangent_space import TangentSpace
from hotwire.errors import InputError

from .made_trials import average_referenced, evoked, oscillating


@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
@pytest.mark.parametrize("estimator", ["scm", "lwf", "oas"])
def test_equal_to_pyriemanns(estimator, metric) -> None:
    X, answers = oscillating()
    ours = TangentSpace(estimator, metric).fit(X[:40], answers[:40], 100.0)
    covariances = Covariances(estimator).fit_transform(X.swapaxes(1, 2))
    expected = TheirTangentSpace(metric=metric).fit(covariances[:40]).transform(covariances)
    np.testing.assert_allclose(ours.transform(X), expected, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("n_filters", [1, 2])
def test_with_prototypes_equal_to_pyriemanns(n_filters: int) -> None:
    X, answers = evoked()
    ours = TangentSpace("lwf", prototype="xdawn", n_filters=n_filters).fit(X, answers, 100.0)
    their_covariances = XdawnCovariances(nfilter=n_filters, estimator="lwf", xdawn_estimator="scm")
    covariances = their_covariances.fit_transform(X.swapaxes(1, 2), answers)
    expected = TheirTangentSpace().fit(covariances).transform(covariances)
    # Filters have no sign, so that entries may have the other one.
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(expected), atol=1e-8 * np.abs(expected).max())


def test_equal_means_do_not_divide_by_zero() -> None:
    """The log-Euclidean differential where two eigenvalues of the mean are the same."""
    rng = np.random.default_rng(0)
    x = np.linalg.qr(rng.normal(size=(50, 3)) - 0.0)[0]
    x = np.linalg.qr(x - x.mean(axis=0))[0] * np.sqrt(50)
    X = np.stack([x, x])
    out = TangentSpace(metric="logeuclid").fit(X, np.array([0, 1]), 100.0).transform(X)
    np.testing.assert_allclose(out, 0, atol=1e-12)


def test_dependent_channels_lower_the_dimension() -> None:
    X, answers = oscillating()
    fitted = TangentSpace().fit(average_referenced(X), answers, 100.0)
    assert fitted.n_out == 5 * 6 // 2
    assert np.abs(fitted.transform(average_referenced(X))).max() < 10


def test_wrong_settings_and_too_few_samples() -> None:
    wrongs: list[Any] = [{"estimator": "mcd"}, {"metric": "euclid"}, {"prototype": "erp"}]
    for wrong in wrongs:
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: expected one of"):
            TangentSpace(**wrong)
    X, answers = oscillating(n_times=6)
    with pytest.raises(InputError, match=r"more samples in a trial than the 6 channels .* got 6; .*estimator = 'lwf'"):
        TangentSpace().fit(X, answers, 100.0)
    assert np.isfinite(TangentSpace("lwf").fit(X, answers, 100.0).transform(X)).all()
    X, answers = oscillating()
    X[5, :, 3] = 0.0
    with pytest.raises(InputError, match="in trial 5 some channels do not vary"):
        TangentSpace().fit(X, answers, 100.0)
