from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.steps.numerics import newest_samples as module
from hotwire.decoder.steps.numerics.newest_samples import NewestSamples


@settings(max_examples=100)
@given(
    pushes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 60)), max_size=25),
    n_keep=st.integers(0, 12),
    block_rows=st.integers(1, 7),
)
def test_history_holds_what_it_says(pushes: list[tuple[int, int, int]], n_keep: int, block_rows: int) -> None:
    history = NewestSamples(1, n_keep)
    history._n_block = block_rows
    came: list[int] = []
    for n_push, n_skip, before in pushes:
        new = np.arange(history.stop, history.stop + n_push)
        history.append(new.astype(np.float32)[:, None])
        came += new.tolist()
        for piece in (n_skip // 2, n_skip - n_skip // 2):
            history.skip(piece)
        history.forget(before)
        assert history.start >= min(before, history.stop - n_keep)
        assert history.stop - history.start >= min(n_keep, history.stop)
        for first in range(history.start, history.stop + 1):
            for stop in (first, (first + history.stop) // 2, history.stop):
                expected = [i for i in came if first <= i < stop]
                assert list(history.present(first, stop)) == expected
                np.testing.assert_array_equal(history.rows(first, stop), np.array(expected, np.float32)[:, None])


def test_a_history_of_an_hour_of_gaps_takes_the_memory_of_what_it_keeps() -> None:
    history = NewestSamples(4, n_keep=1000)
    chunk = np.ones((3, 4), np.float32)

    def go_on(n: int) -> None:
        for _ in range(n):
            history.append(chunk)
            history.skip(2)
            history.forget(history.stop)

    go_on(30_000)
    tracemalloc.start()
    go_on(30_000)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 100_000
    assert sum(1 for _ in history.present(history.start, history.stop)) == 600


def test_rows_stay_where_they_are(monkeypatch) -> None:
    """Keeping more never moves what is kept, and what is let go of is filled anew."""
    made: list[tuple[int, ...]] = []
    empty = np.empty

    def counted(shape, *rest):
        made.append(shape)
        return empty(shape, *rest)

    monkeypatch.setattr(module.np, "empty", counted)
    n_features = 1024
    history = NewestSamples(n_features, n_keep=640)
    for _ in range(500):
        history.append(np.zeros((32, n_features), np.float32))
        history.forget(history.stop)
    block_rows = module.BLOCK_BYTES // (4 * n_features)
    assert set(made) == {(block_rows, n_features)}
    assert len(made) <= 640 // block_rows + 2
