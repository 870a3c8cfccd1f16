"""Activations compared with events, moved in time, and thresholds chosen by them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.experiments.pseudo_online.activations import Activations, activations_of, answer_table, shifted
from hotwire.decoder.experiments.pseudo_online.deciding import RunDecisions
from hotwire.decoder.experiments.pseudo_online.policy import Policy
from hotwire.decoder.experiments.pseudo_online.spans import Spans
from hotwire.decoder.experiments.pseudo_online.threshold import chosen_threshold, operating_at, thresholds

# Three events: answers 0, 1, 0.
SPANS = Spans(
    np.array([4, 5, 6]),
    np.array([0, 1, 0]),
    np.array([2.0, 6.0, 10.0]),
    np.array([2.0, 6.0, 10.0]),
    np.array([4.0, 8.0, 12.0]),
)
POLICY = Policy(1, 0.0)


def decisions(times_s: list[float], first: list[float], event: list[int] | None = None) -> RunDecisions:
    times = np.array(times_s)
    p = np.column_stack([first, 1 - np.array(first)])
    follows = np.full(len(times), -1) if event is None else np.array(event)
    return RunDecisions(1, follows, times - 1, times, times, p)


ONE = decisions([1.0, 2.5, 3.0, 5.0, 6.5, 7.0, 9.0], [0.9, 0.8, 0.1, 0.95, 0.7, 0.2, 0.4])


def test_activations_know_their_event() -> None:
    made = activations_of(ONE, SPANS, POLICY, 0.7)
    assert made.time_s.tolist() == [1.0, 2.5, 3.0, 5.0, 6.5, 7.0]
    assert made.answer.tolist() == [0, 0, 1, 0, 0, 1]
    assert made.span.tolist() == [-1, 0, 0, -1, 1, 1]
    assert made.first(3).tolist() == [1, 4, -1]
    assert made.first_right(SPANS.truth).tolist() == [1, 5, -1]
    assert answer_table(made, 3, 2).tolist() == [[1, 0], [1, 0], [0, 0]]


def test_decisions_on_windows_of_events_are_about_these_whenever_they_come() -> None:
    one = decisions([2.5, 2.9, 9.0, 10.5], [0.9, 0.9, 0.1, 0.6], event=[4, 4, 5, 6])
    made = activations_of(one, SPANS, Policy(1, 5.0), 0.7)
    assert made.time_s.tolist() == [2.5, 9.0]  # one for each event, though the second came within five seconds
    assert made.span.tolist() == [0, 1]


def test_nothing_decided_gives_nothing() -> None:
    assert len(activations_of(decisions([], []), SPANS, POLICY, 0.5)) == 0


@given(st.lists(st.floats(1.0, 12.9), max_size=12), st.floats(0, 50))
def test_moved_activations_are_as_many_and_as_far_apart(times_s: list[float], by_s: float) -> None:
    times = np.array(sorted(times_s))
    made = Activations(times, np.arange(len(times)) % 2, SPANS.at(times))
    moved = shifted(made, SPANS, by_s, 1.0, 13.0)
    assert len(moved) == len(made)
    assert ((moved.time_s >= 1.0) & (moved.time_s <= 13.0)).all()
    assert (np.diff(moved.time_s) >= 0).all()
    assert moved.span.tolist() == SPANS.at(moved.time_s).tolist()
    back = np.sort((moved.time_s - by_s - 1.0) % 12.0)
    apart = np.abs(back - np.sort((times - 1.0) % 12.0))
    assert (np.minimum(apart, 12.0 - apart) < 1e-6).all() or np.allclose(back.sum() % 12, (times - 1.0).sum() % 12)


def test_what_a_threshold_leads_to() -> None:
    found = operating_at(0.7, [ONE], [SPANS], 60.0, POLICY)
    assert found == (0.7, 1 / 3, 1 / 3, 2.0)
    assert np.isnan(operating_at(0.7, [ONE], [SPANS], 0.0, POLICY).false_per_minute)


def test_thresholds_go_from_all_to_none() -> None:
    tried = thresholds([ONE])
    assert operating_at(tried[0], [ONE], [SPANS], 60.0, POLICY).false_per_minute == 3.0
    assert operating_at(tried[-1], [ONE], [SPANS], 60.0, POLICY)[1:] == (0, 0, 0)


def test_the_threshold_lets_most_events_be_right_within_the_limit() -> None:
    # From 0.8 on the second event's first activation is the right one; up to 0.9 two are false.
    assert chosen_threshold([ONE], [SPANS], 60.0, POLICY, None) == 0.8
    limited = chosen_threshold([ONE], [SPANS], 60.0, POLICY, 1.0)
    assert operating_at(limited, [ONE], [SPANS], 60.0, POLICY).false_per_minute <= 1.0
    never = chosen_threshold([ONE], [SPANS], 60.0, POLICY, 0.0)
    assert never > ONE.probabilities.max()
