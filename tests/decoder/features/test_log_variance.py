from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.features.log_variance import LogVariance
from hotwire.errors import InputError

from .made_trials import oscillating


def test_it_is_the_logarithm_of_the_variance() -> None:
    X, answers = oscillating()
    fitted = LogVariance().fit(X + 3.0, answers, 100.0)
    np.testing.assert_allclose(fitted.transform(X), np.log(X.var(axis=1)), rtol=1e-12)


def test_a_silent_channel_counts_as_a_millionth_of_its_least() -> None:
    X, answers = oscillating()
    fitted = LogVariance().fit(X, answers, 100.0)
    least = X.var(axis=1).min(axis=0)
    np.testing.assert_allclose(fitted.one(np.zeros_like(X[0])), np.log(1e-6 * least))
    X[11, :, 4] = 1.0
    with pytest.raises(InputError, match=r"signal 4 .* no power at all in trial 11"):
        LogVariance().fit(X, answers, 100.0)
