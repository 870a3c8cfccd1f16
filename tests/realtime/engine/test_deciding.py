"""Which windows are decided, and what a decision says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hotwire.decoder.bundle.compiled import RowDecision
from hotwire.decoder.windows import WindowRow
from hotwire.errors import InputError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.answering import abstention, answered, is_due
from hotwire.realtime.engine.deciding import decision_of
from hotwire.realtime.engine.pipeline import Arrival, ReadyWindow
from hotwire.realtime.gaps.timeline import Timeline
from hotwire.realtime.settings import LiveSettings

from ..small import SignDecoder


def waiting(
    n_present: int = 10, *, newest_s: float = 0.0, bad: tuple[str, ...] = (), first: int = 0, event: int = 3
) -> ReadyWindow:
    row = WindowRow(event, first, first + 10, np.full(2, 0.5, np.float32), n_present)
    return ReadyWindow(row, bad, Arrival(newest_s + 0.1, newest_s, first + 10))


@pytest.mark.parametrize(
    ("settings", "decided"),
    [
        ({"backlog": "every"}, [0, 1, 2, 3]),
        ({"backlog": "every", "deadline_s": 1.0}, [0, 1, 2, 3]),
        ({"backlog": "newest"}, [3]),
        ({"backlog": "newest", "deadline_s": 1.0}, [3]),
        ({"backlog": "catch-up"}, [0, 1, 2, 3]),
        ({"backlog": "catch-up", "deadline_s": 2.0}, [1, 2, 3]),
        ({"backlog": "catch-up", "deadline_s": 1.5}, [2, 3]),
        ({"backlog": "catch-up", "deadline_s": 0.1}, [3]),
    ],
)
def test_who_is_due(settings, decided):
    ones = [waiting(newest_s=newest_s) for newest_s in (7.0, 8.0, 9.0, 9.5)]
    assert [i for i, one in enumerate(ones) if is_due(one, ones[-1], LiveSettings(**settings), 10.0)] == decided


@pytest.mark.parametrize(
    ("n_present", "least", "abstains"),
    [
        (10, 1.0, False),
        (9, 1.0, True),
        (8, 0.75, False),
        (7, 0.75, True),
        (1, 0.1, False),
        (1, 0.0, False),
        (0, 0.0, True),
    ],
)
def test_abstains_where_too_little_came(n_present, least, abstains):
    why = abstention(waiting(n_present), LiveSettings(min_present=least), 2)
    assert why == (f"{n_present} of the window's 10 samples came, {least:.0%} needed" if abstains else None)


@pytest.mark.parametrize(
    ("n_bad", "most", "abstains"),
    [(0, 0.0, False), (1, 0.0, True), (1, 0.05, False), (2, 0.05, True), (20, 1.0, False)],
)
def test_abstains_where_too_much_is_bad(n_bad, most, abstains):
    bad = tuple(f"ch{i} (flat)" for i in range(n_bad))
    why = abstention(waiting(bad=bad), LiveSettings(max_bad=most), 20)
    assert (why is not None) == abstains
    if why:
        assert why.startswith(f"{n_bad} of 20 features cannot be trusted: ch0 (flat)")


class Taking(SignDecoder):
    """Takes a quarter of a second."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self.asked = 0

    def decide(self, x: Any) -> RowDecision:
        self.asked += 1
        self._clock.advance(0.25)
        return super().decide(x)


def decided(one: ReadyWindow, now_s: float = 8.0, **settings: Any) -> tuple[Any, Taking]:
    clock = VirtualClock(now_s)
    decoder, timeline = Taking(clock), Timeline(10.0)
    timeline.place(5.0 + np.arange(40) / 10.0, 9.0)
    policy = LiveSettings(**settings)
    said = answered(one, decoder, policy, clock)  # type: ignore[arg-type]
    return decision_of(said, policy, timeline, number=7, label="go", shadow=False), decoder


def test_a_decision_tells_all_that_it_rests_on():
    decision, _ = decided(waiting(9, newest_s=7.0, first=20))
    up = 1 / (1 + np.exp(-0.5))
    assert (decision.answer, decision.probabilities) == ("up", {"up": up, "down": 1 - up})
    assert (decision.number, decision.label, decision.event, decision.shadow) == (7, "go", 3, False)
    assert (decision.start_s, decision.stop_s, decision.present) == (2.0, 3.0, 0.9)
    assert (decision.start_stamp_s, decision.stop_stamp_s) == pytest.approx((7.0, 8.0))
    assert (decision.bundle, decision.abstained, decision.said) == ("0" * 64, None, "up")
    latency = decision.latency
    assert (latency.age_s, latency.queue_s, latency.compute_s) == pytest.approx((0.1, 0.9, 0.25))
    assert latency.total_s == pytest.approx(1.25)


@pytest.mark.parametrize(("deadline_s", "late"), [(None, False), (1.3, False), (1.2, True), (0.5, True)])
def test_late_is_counted_from_the_newest_sample_to_the_answer(deadline_s, late):
    assert decided(waiting(newest_s=7.0), deadline_s=deadline_s)[0].late == late


def test_an_abstention_asks_nobody():
    decision, decoder = decided(waiting(2, newest_s=7.0))
    assert decoder.asked == 0
    assert (decision.answer, decision.probabilities, decision.text, decision.said) == (None, {}, None, "")
    assert decision.abstained == "2 of the window's 10 samples came, 75% needed"
    assert decision.latency.compute_s == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backlog", "all"),
        ("on_late", "drop"),
        ("channels", "any"),
        ("min_present", 1.1),
        ("max_bad", -0.1),
        ("deadline_s", 0.0),
        ("stale_s", float("nan")),
        ("lost_s", -1.0),
        ("buffer_s", 0.0),
    ],
)
def test_settings_that_make_no_sense(name, value):
    with pytest.raises(InputError, match=name):
        LiveSettings(**{name: value})
