"""Decisions by the time since the onset, and the bits that they tell."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.experiments.pseudo_online.deciding import RunDecisions
from hotwire.decoder.experiments.pseudo_online.latency import at_latency, curve, decisions_by_event
from hotwire.decoder.experiments.pseudo_online.spans import Spans
from hotwire.decoder.statistics.bits import balanced, bits_per_decision, transfer

SPANS = Spans(
    np.array([0, 1]), np.array([0, 1]), np.array([2.0, 6.1]), np.array([2.0, 6.1]), np.array([4.1, 8.1])
)  # fmt: skip


def every_half_second() -> RunDecisions:
    times_s = np.arange(1.0, 9.0, 0.5)
    first = np.where(times_s < 3.0, 0.4, 0.8)  # right from 1 s after the first onset on, never about the second
    p = np.column_stack([first, 1 - first])
    return RunDecisions(7, np.full(len(times_s), -1), times_s - 1, times_s, times_s, p)


def test_decisions_belong_to_the_event_that_holds_or_begins_soon() -> None:
    found = decisions_by_event([every_half_second()], [SPANS], before_s=0.6)
    assert found.latency_s.round(3).tolist() == [-0.5, 0, 0.5, 1, 1.5, 2, -0.6, -0.1, 0.4, 0.9, 1.4, 1.9]
    assert found.event.tolist() == [0] * 6 + [1] * 6
    assert found.hits.tolist() == [0, 0, 0, 1, 1, 1] + [0] * 6
    assert set(found.run.tolist()) == {7}


def test_what_comes_before_an_onset_is_no_decision_on_the_event_before() -> None:
    found = decisions_by_event([every_half_second()], [SPANS], before_s=9.0)
    assert found.latency_s[found.event == 1].min() == pytest.approx(4.5 - 6.1)


def test_the_nearest_decision_to_a_latency() -> None:
    found = at_latency(decisions_by_event([every_half_second()], [SPANS], 0.0), 1.05, within_s=0.25)
    assert found.event.tolist() == [0, 1]
    assert found.latency_s.round(3).tolist() == [1.0, 0.9]
    assert at_latency(found, 1.05, within_s=0.1).event.tolist() == [0]


def test_the_curve_goes_through_the_latency_asked_for() -> None:
    found = curve(decisions_by_event([every_half_second()], [SPANS], 0.0), 1.05, 0.5, least=2)
    assert [point.latency_s for point in found] == pytest.approx([0.55, 1.05, 1.55, 2.05])
    assert [point.n for point in found] == [2] * 4
    assert [point.accuracy for point in found] == [0, 0.5, 0.5, 0.5]
    assert found[1].probability == pytest.approx((0.8 + 0.2) / 2)
    assert curve(decisions_by_event([every_half_second()], [SPANS], 0.6), 1.05, 0.5, least=2)[0].transfer is None
    assert found[1].transfer == (0.5, pytest.approx(1.05), 0.0, 0.0)


def test_abstentions_are_left_out() -> None:
    one = every_half_second()
    one.probabilities[3] = np.nan
    found = decisions_by_event([one], [SPANS], 0.0)
    assert 0.5 not in found.latency_s[found.event == 0].tolist()


def test_bits_go_by_the_mean_over_answers() -> None:
    right, truth = np.array([1.0] * 9 + [0.0]), np.array([0] * 9 + [1])
    assert balanced(right, truth) == 0.5
    assert transfer(right, truth, 2.0, 2).bits_per_minute == 0.0
    sure = transfer(np.array([1, 1, 1, 0.5]), np.array([0, 1, 2, 3]), 4.0, 4)
    assert sure.bits_per_minute == pytest.approx(15 * bits_per_decision(0.875, 4))


def test_no_decision_tells_nothing_rather_than_zero_bits() -> None:
    assert np.isnan(transfer(np.empty(0), np.empty(0, int), 2.0, 2).bits_per_minute)
