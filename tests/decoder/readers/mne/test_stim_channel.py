"""Numbers in a stim channel."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.readers.mne.stim_channel import steps_of


@given(st.lists(st.tuples(st.integers(1, 255), st.integers(1, 5)), max_size=20))
def test_pulses_are_those_that_mne_finds(pulses: list[tuple[int, int]]) -> None:
    values = np.concatenate([[0, 0], *([*[number] * length, *[0] * 6] for number, length in pulses)])
    at, numbers, note = steps_of(values)
    info = mne.create_info(["STI"], 100.0, "stim")
    raw = mne.io.RawArray(values[None].astype(float), info, verbose="error")
    expected = mne.find_events(raw, "STI", shortest_event=1, verbose="error") if pulses else np.empty((0, 3), int)
    np.testing.assert_array_equal(at, expected[:, 0])
    np.testing.assert_array_equal(numbers, expected[:, 2])
    assert note == ""


@pytest.mark.parametrize(
    ("values", "events", "note"),
    [
        ([7, 7, 0, 0, 0, 0], [(0, 7)], ""),  # from the first sample on
        ([0, 0, 0, 0, 5, 2, 0], [(4, 5), (5, 2)], ""),  # a step down
        ([0, 0, 0, 5], [(3, 5)], ""),  # up to the end
        ([196352, 196352, 196357, 196352], [(2, 5)], "always set"),  # BioSemi: 0x2FF00 is rest
        ([65536, 65536, 65537, 65536], [(2, 1)], "16th"),
        ([255, 255, 255, 3, 255], [(3, 3)], "resting number 255"),
        ([-32768, -32768, -32767, -32768], [(2, 32769)], "resting number 32768"),
        ([np.nan, 0, 3, 0], [(2, 3)], ""),
        ([], [], ""),
    ],
)
def test_what_recordings_hold(values: list[float], events: list[tuple[int, int]], note: str) -> None:
    at, numbers, said = steps_of(values)
    assert list(zip(at.tolist(), numbers.tolist(), strict=True)) == events
    assert note in said
    assert bool(said) == bool(note)
