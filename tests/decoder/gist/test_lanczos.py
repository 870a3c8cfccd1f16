from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.gist.lanczos import lanczos_matrix, words_to_samples
from hotwire.errors import InputError, ShapeError


def dense(features: np.ndarray, middle_s: np.ndarray, n_samples: int, tr_s: float, lobes: int) -> np.ndarray:
    """Equation by equation: 3 sin(pi x) sin(pi x / 3) / (pi x)^2, one word and one sample after the other."""
    made = np.zeros((n_samples, features.shape[1]))
    for t in range(n_samples):
        for j, time_s in enumerate(middle_s):
            x = ((t * tr_s + tr_s / 2) - time_s) / tr_s
            if abs(x) >= lobes:
                continue
            weight = 1.0 if x == 0 else lobes * np.sin(np.pi * x) * np.sin(np.pi * x / lobes) / (np.pi * x) ** 2
            made[t] += weight * features[j]
    return made


@pytest.mark.parametrize("lobes", [1, 2, 3])
def test_is_the_formula(lobes: int) -> None:
    rng = np.random.default_rng(lobes)
    middle_s = np.sort(np.r_[rng.uniform(-3, 45, 60), 0.75, 3.75])  # some outside, some exactly on a sample
    features = rng.normal(size=(62, 4))
    made = words_to_samples(features, middle_s, 28, 1 / 1.5, lobes)
    np.testing.assert_allclose(made, dense(features, middle_s, 28, 1.5, lobes), atol=1e-12)
    matrix = lanczos_matrix(middle_s / 1.5 - 0.5, np.arange(28), lobes)
    np.testing.assert_allclose(matrix @ features, made, atol=1e-12)


def test_carries_the_rate_and_with_one_lobe_reaches_one_sample() -> None:
    slow, fast = (words_to_samples(np.ones((n, 1)), np.linspace(20, 40, n), 30, 0.5) for n in (20, 60))
    assert fast[12:18].mean() == pytest.approx(3 * slow[12:18].mean(), rel=0.1)
    [sample] = np.flatnonzero(words_to_samples([[1.0]], [11.0], 30, 0.5, lobes=1))
    assert sample == 5
    assert np.flatnonzero(words_to_samples([[1.0]], [11.5], 30, 0.5, lobes=1)).tolist() == [5, 6]
    assert np.flatnonzero(words_to_samples([[1.0]], [11.5], 30, 0.5)).tolist() == [3, 4, 5, 6, 7, 8]


def test_faults() -> None:
    with pytest.raises(ShapeError, match="one time for each word"):
        words_to_samples(np.ones((3, 1)), [1.0, 2.0], 4, 0.5)
    with pytest.raises(InputError, match="at least 1, got 0"):
        words_to_samples(np.ones((1, 1)), [1.0], 4, 0.5, lobes=0)
