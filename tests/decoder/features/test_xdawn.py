from __future__ import annotations

import mne
import numpy as np
import pytest
from mne.decoding import XdawnTransformer
from pyriemann.spatialfilters import Xdawn as TheirXdawn

from hotwire.decoder.features.xdawn import XDawn

from .made_trials import average_referenced, evoked


@pytest.mark.parametrize("n_answers", [2, 3])
@pytest.mark.parametrize("n_filters", [1, 4, 9])
def test_equal_to_pyriemanns(n_answers: int, n_filters: int) -> None:
    X, answers = evoked(n_answers=n_answers)
    X = X + 5.0
    ours = XDawn(n_filters).fit(X, answers, 100.0)
    theirs = TheirXdawn(nfilter=n_filters).fit(X.swapaxes(1, 2), answers)
    signs = np.sign(np.sum(ours.filters.T * theirs.filters_, axis=1))
    np.testing.assert_allclose(ours.filters.T * signs[:, None], theirs.filters_, atol=1e-8)
    expected = theirs.transform(X.swapaxes(1, 2)) * signs[:, None]
    np.testing.assert_allclose(ours.transform(X), expected.swapaxes(1, 2).reshape(len(X), -1), atol=1e-7)


def test_equal_to_mnes() -> None:
    X, answers = evoked()
    X = X - X.mean(axis=(0, 1))  # MNE takes no means off
    X = X - X.mean(axis=1, keepdims=True)
    ours = XDawn(2).fit(X, answers, 100.0)
    with mne.utils.use_log_level("error"):
        theirs = XdawnTransformer(n_components=2).fit(X.swapaxes(1, 2), answers)
    filters = theirs.filters_.reshape(2, -1, 6)[:, :2].reshape(4, 6)
    signs = np.sign(np.sum(ours.filters.T * filters, axis=1))
    np.testing.assert_allclose(ours.filters.T * signs[:, None], filters, atol=1e-8)


def test_dependent_channels() -> None:
    X, answers = evoked()
    fitted = XDawn(9).fit(average_referenced(X), answers, 100.0)
    assert fitted.filters.shape == (6, 10)
    assert fitted.n_out == 40 * 10
    np.testing.assert_allclose(np.ones(6) @ fitted.filters, 0, atol=1e-6)
