"""When which event holds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder import Events
from hotwire.decoder.experiments.pseudo_online.spans import spans_of

EVENTS = Events(
    run=np.array([1, 1, 2, 1]),
    onset_s=np.array([10.0, 2.0, 5.0, 6.0]),
    duration_s=np.array([1.0, 5.0, 1.0, 0.0]),
    label=np.array(["a", "b", "c", "d"]),
)
TRUTH = np.array([0, 1, 2, 3])


def test_events_hold_in_the_order_of_their_onsets_until_the_next_begins() -> None:
    spans = spans_of(EVENTS, 1, TRUTH, from_s=0.5, to_s=1.0, least_s=2.0)
    assert spans.event.tolist() == [1, 3, 0]
    assert spans.truth.tolist() == [1, 3, 0]
    assert spans.start_s.tolist() == [2.5, 6.5, 10.5]
    assert spans.stop_s.tolist() == [6.5, 9.0, 13.0]
    assert spans.at(np.array([2.4, 2.5, 6.49, 6.5, 9.0, 12.9, 13.0])).tolist() == [-1, 0, 0, 1, -1, 2, -1]


def test_a_run_without_events_is_all_rest() -> None:
    spans = spans_of(EVENTS, 3, TRUTH, 0.0, 0.0, 1.0)
    assert len(spans) == 0
    assert spans.at(np.array([1.0])).tolist() == [-1]
    assert spans.rest_s(1.0, 4.0) == 3.0


@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=6), st.floats(0, 4), st.floats(-1, 1), st.floats(0, 9)
)  # fmt: skip
def test_rest_is_what_no_event_holds(onsets: list[float], least_s: float, from_s: float, begin_s: float) -> None:
    n = len(onsets)
    events = Events(np.ones(n, int), np.array(onsets), np.ones(n), np.array(["a"] * n))
    spans = spans_of(events, 1, np.zeros(n, int), from_s, 0.5, least_s)
    times_s = np.arange(begin_s, 20.0, 0.001)
    assert abs(spans.rest_s(begin_s, 20.0) - 0.001 * np.count_nonzero(spans.at(times_s) < 0)) < 0.002 * (n + 1)
    assert (spans.start_s[1:] >= spans.stop_s[:-1]).all()
