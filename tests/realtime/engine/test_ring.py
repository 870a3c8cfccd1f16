from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError, ShapeError
from hotwire.realtime.engine.ring import Ring


@given(
    n_kept=st.integers(1, 12),
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=15),
)
def test_the_newest_samples_are_those_of_a_plain_list(n_kept: int, steps: list[tuple[int, int]]) -> None:
    ring = Ring(2, n_kept)
    everything = np.full((n_kept, 2), np.nan, np.float32)  # before the first sample there is none
    for gap, n in steps:
        rows = np.random.default_rng(n).standard_normal((n, 2)).astype(np.float32)
        first = ring.stop + gap
        ring.append(rows, first)
        everything = np.concatenate([everything, np.full((gap, 2), np.nan, np.float32), rows])
        assert ring.stop == first + n
        for m in range(n_kept + 1):
            np.testing.assert_array_equal(ring.latest(m), everything[len(everything) - m :])


def test_what_it_returns_is_contiguous_and_read_only_and_a_view_off_the_seam() -> None:
    ring = Ring(3, 100)
    ring.append(np.zeros((250, 3), np.float32), 0)
    assert ring.latest(50).base is not None
    for n in (50, 60):
        assert ring.latest(n).flags.c_contiguous
        assert not ring.latest(n).flags.writeable
    ring.append(np.ones((1, 3), np.float32), 250)  # the buffer itself goes on


def test_a_long_gap_costs_one_turn() -> None:
    ring = Ring(1, 4)
    ring.append(np.ones((2, 1), np.float32), 0)
    ring.append(np.ones((1, 1), np.float32), 10**15)
    np.testing.assert_array_equal(ring.latest(4).ravel(), [np.nan, np.nan, np.nan, 1])


def test_errors() -> None:
    ring = Ring(2, 4)
    ring.append(np.zeros((3, 2), np.float32), 0)
    with pytest.raises(ShapeError, match=r"expected \(n, 2\)"):
        ring.append(np.zeros((1, 3), np.float32), 3)
    with pytest.raises(InputError, match="first_index: expected at least 3"):
        ring.append(np.zeros((1, 2), np.float32), 2)
    with pytest.raises(InputError, match="n: expected 0 to 4"):
        ring.latest(5)
    with pytest.raises(InputError, match="n_samples"):
        Ring(2, 0)
