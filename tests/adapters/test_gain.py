"""Powers through factors, and the gain that restores them."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.adapters import unit_blocks
from hotwire.adapters.gain import predicted_power, restoring_gain


@pytest.mark.parametrize("block_elements", [2**21, 7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [0, 1, 5])
def test_power_is_that_of_the_product(monkeypatch: pytest.MonkeyPatch, block_elements, dtype, k: int) -> None:
    monkeypatch.setattr(unit_blocks, "BLOCK_ELEMENTS", block_elements)
    rng = np.random.default_rng(0)
    scores, expansion = rng.normal(size=(9, k)), rng.normal(size=(k, 33)).astype(dtype)
    dense = scores @ expansion.astype(np.float64)
    np.testing.assert_allclose(predicted_power(scores, expansion), (dense**2).sum(axis=0), rtol=1e-12)


def test_power_of_nothing_is_never_negative() -> None:
    # Two scores that cancel leave nothing but rounding.
    scores = np.random.default_rng(0).normal(size=(50, 1)) @ np.array([[1.0, 1.0 / 3.0, 1e-9]])
    expansion = np.array([[1.0], [-3.0], [0.0]]) * np.geomspace(1e-3, 1e3, 40)
    assert (predicted_power(scores, expansion) >= 0).all()


def test_gain_turns_one_power_into_the_other() -> None:
    predicted, true = np.array([0.25, 9.0, 0.0, 4.0]), np.array([1.0, 9.0, 7.0, 0.0])
    gain = restoring_gain(predicted, true)
    np.testing.assert_allclose(gain, [2.0, 1.0, 1.0, 0.0])
    assert restoring_gain(4.0, 1.0).shape == ()
