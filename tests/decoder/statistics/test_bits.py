from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.statistics.bits import bits_per_decision, bits_per_minute
from hotwire.errors import InputError


@given(st.integers(2, 40), st.floats(0.0, 1.0))
def test_is_the_information_of_a_symmetric_channel(n: int, accuracy: float) -> None:
    """Mutual information between N equally likely answers and decisions that err evenly."""
    joint = np.full((n, n), (1 - accuracy) / (n - 1) / n)
    np.fill_diagonal(joint, accuracy / n)
    some = joint > 0
    information = float((joint[some] * np.log2(joint[some] * n * n)).sum())
    expected = information if accuracy > 1 / n else 0.0
    assert bits_per_decision(accuracy, n) == pytest.approx(expected, abs=1e-9)


def test_figures_of_the_paper() -> None:
    """Wolpaw et al. (2002), figure 2: with two answers, 90 % right is 0.53 bits; with four 1.37."""
    assert bits_per_decision(0.9, 2) == pytest.approx(0.53, abs=0.005)
    assert bits_per_minute(0.9, 4, 30.0) == pytest.approx(2 * 1.37, abs=0.01)


def test_wrong_inputs() -> None:
    with pytest.raises(InputError, match="accuracy: expected a share"):
        bits_per_decision(1.2, 2)
    with pytest.raises(InputError, match="n_classes: expected at least 2, got 1"):
        bits_per_decision(1.0, 1)
    with pytest.raises(InputError, match="seconds_per_decision"):
        bits_per_minute(1.0, 2, 0.0)
