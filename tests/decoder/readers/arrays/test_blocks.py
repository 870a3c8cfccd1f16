from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.readers import read_attributes
from hotwire.decoder.readers.arrays.blocks import blocks
from hotwire.errors import RecordingError


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30))
def test_blocks_tile_every_run(samples: list[tuple[int, int]]) -> None:
    run = np.sort(np.array([r for r, _ in samples], np.int64))
    label = np.array([str(l) for _, l in samples], np.str_)
    events = blocks(label, run, 2.0)
    again_run = np.repeat(events.run, (events.duration_s / 2).astype(int))
    again_label = np.repeat(events.label, (events.duration_s / 2).astype(int))
    np.testing.assert_array_equal(again_run, run)
    np.testing.assert_array_equal(again_label, label)
    for name in np.unique(events.run):
        of_run = events.run == name
        ends = np.cumsum(events.duration_s[of_run])
        np.testing.assert_array_equal(events.onset_s[of_run], np.append(0, ends[:-1]))


def test_the_same_events_as_from_attributes(tmp_path) -> None:
    lines = ["rest 0", "cat 0", "cat 0", "shoe 0", "shoe 1", "cat 1", "cat 2"]
    (tmp_path / "attributes.txt").write_text("\n".join(lines))
    run, expected = read_attributes(tmp_path / "attributes.txt", 2.5, rest="none is called so")
    found = blocks(np.array([line.split()[0] for line in lines]), run, 2.5)
    for name, column in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), column)


def test_blocks_tell_neighbours_of_one_label_apart() -> None:
    label, run = np.array(["a", "a", "a", "b"]), np.ones(4, int)
    assert blocks(label, run, 1.0).duration_s.tolist() == [3.0, 1.0]
    assert blocks(label, run, 1.0, np.array([1, 1, 2, 3])).duration_s.tolist() == [2.0, 1.0, 1.0]
    with pytest.raises(RecordingError, match="block 2 of run 1 goes from 'a' to 'b' at sample 3"):
        blocks(label, run, 1.0, np.array([1, 1, 2, 2]))
