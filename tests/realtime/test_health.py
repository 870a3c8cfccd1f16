from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.health import Change, Health, State

ALLOWED = {
    (State.SEARCHING, State.LIVE), (State.SEARCHING, State.GAP), (State.SEARCHING, State.RECOVERED),
    (State.SEARCHING, State.STALE), (State.SEARCHING, State.LOST), (State.LIVE, State.GAP), (State.LIVE, State.STALE),
    (State.LIVE, State.LOST),
    (State.GAP, State.RECOVERED), (State.GAP, State.STALE), (State.GAP, State.LOST),
    (State.STALE, State.GAP), (State.STALE, State.RECOVERED), (State.STALE, State.LOST), (State.RECOVERED, State.LIVE),
    (State.RECOVERED, State.GAP), (State.RECOVERED, State.STALE), (State.RECOVERED, State.LOST),
    (State.LOST, State.SEARCHING),
}  # fmt: skip


def health(settle_s: float = 1.0) -> tuple[Health, VirtualClock]:
    clock = VirtualClock(100.0)
    return Health(clock, stale_s=2.0, lost_s=10.0, settle_s=settle_s), clock


def live() -> tuple[Health, VirtualClock]:
    watch, clock = health()
    watch.connected()
    watch.arrived(10, 0)
    assert watch.state is State.LIVE
    return watch, clock


def states(changes: list[Change]) -> list[str]:
    return [str(change.state) for change in changes]


def test_a_stream_is_live_with_its_first_samples() -> None:
    watch, _ = health()
    assert watch.state is State.SEARCHING
    assert watch.searching() == []
    assert watch.connected() == []
    assert watch.arrived(1, 0) == [Change(State.LIVE, State.SEARCHING, 100.0, "the first samples came")]
    assert watch.arrived(1, 0) == []


def test_missing_samples_are_a_gap_then_recovered_then_live() -> None:
    watch, clock = live()
    changes = watch.arrived(5, 1)
    assert states(changes) == ["GAP", "RECOVERED"]
    assert changes[0].why == "1 sample missing"
    clock.advance(0.9)
    assert watch.arrived(5, 0) == []
    clock.advance(0.2)
    changes = watch.arrived(5, 0)
    assert states(changes) == ["LIVE"]
    assert changes[0].why == "no gap for 1.1 s"


def test_a_gap_without_samples_behind_it_stays() -> None:
    watch, _ = live()
    assert states(watch.arrived(0, 50)) == ["GAP"]
    assert watch.arrived(0, 50) == []
    assert states(watch.arrived(1, 0)) == ["RECOVERED"]


def test_another_gap_starts_settling_anew() -> None:
    watch, clock = live()
    watch.arrived(5, 5)
    clock.advance(0.9)
    assert states(watch.arrived(5, 5)) == ["GAP", "RECOVERED"]
    clock.advance(0.9)
    assert watch.arrived(5, 0) == []
    clock.advance(0.1)
    assert states(watch.arrived(5, 0)) == ["LIVE"]


def test_without_settling_time_it_is_live_at_once() -> None:
    watch, _ = health(settle_s=0.0)
    watch.connected()
    watch.arrived(1, 0)
    assert states(watch.arrived(1, 3)) == ["GAP", "RECOVERED", "LIVE"]


def test_silence_is_stale_then_lost() -> None:
    watch, clock = live()
    clock.advance(1.9)
    assert watch.silent() == []
    clock.advance(0.1)
    changes = watch.silent()
    assert states(changes) == ["STALE"]
    assert changes[0].why == "nothing came for 2 s"
    assert watch.silent() == []
    clock.advance(8.0)
    assert states(watch.silent()) == ["LOST"]
    assert watch.silent() == []


def test_a_silence_longer_than_both_times_skips_no_state() -> None:
    watch, clock = live()
    clock.advance(60.0)
    assert states(watch.silent()) == ["STALE", "LOST"]


def test_samples_after_silence() -> None:
    watch, clock = live()
    clock.advance(5.0)
    watch.silent()
    changes = watch.arrived(10, 500)
    assert [(change.state, change.why) for change in changes] == [
        (State.RECOVERED, "samples come after silence, 500 samples missing")
    ]


def test_silence_that_ends_in_nothing_usable_is_a_gap() -> None:
    watch, clock = live()
    clock.advance(5.0)
    watch.silent()
    assert states(watch.arrived(0, 10)) == ["GAP"]


def test_repeated_samples_are_silence() -> None:
    watch, clock = live()
    clock.advance(1.5)
    assert watch.arrived(0, 0) == []
    clock.advance(1.0)
    assert states(watch.arrived(0, 0)) == ["STALE"]


def test_a_stream_that_is_gone_is_searched_for_and_comes_back() -> None:
    watch, clock = live()
    changes = watch.lost("the outlet was closed")
    assert changes == [Change(State.LOST, State.LIVE, 100.0, "the outlet was closed")]
    assert watch.lost() == []
    assert states(watch.searching()) == ["SEARCHING"]
    clock.advance(30.0)
    assert watch.silent() == []  # nobody is connected
    assert watch.connected() == []
    changes = watch.arrived(10, 3000)
    assert states(changes) == ["RECOVERED"]
    assert changes[0].why == "the stream is back, 3000 samples missing"


def test_a_stream_found_at_once_after_a_loss_was_still_searched_for() -> None:
    watch, _ = live()
    watch.lost()
    assert states(watch.connected()) == ["SEARCHING"]


def test_a_stream_that_is_connected_but_never_sends_is_stale_and_lost() -> None:
    watch, clock = health()
    clock.advance(100.0)
    assert watch.silent() == []
    watch.connected()
    clock.advance(3.0)
    assert states(watch.silent()) == ["STALE"]
    clock.advance(8.0)
    assert states(watch.silent()) == ["LOST"]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["connected", "lost", "searching", "silent"]),
            st.tuples(st.integers(0, 2), st.integers(0, 2)),
            st.floats(0.0, 12.0),
        ),
        max_size=60,
    )
)
def test_every_change_is_told_allowed_and_has_a_reason(events: list[str | tuple[int, int] | float]) -> None:
    watch, clock = health()
    told = [State.SEARCHING]
    for event in events:
        if isinstance(event, int | float):
            clock.advance(event)
            continue
        changes = getattr(watch, event)() if isinstance(event, str) else watch.arrived(*event)
        for change in changes:
            assert change.before is told[-1]
            assert change.at_s == clock.now()
            assert change.why
            told.append(change.state)
        assert watch.state is told[-1]
    assert set(pairwise(told)) <= ALLOWED


@pytest.mark.parametrize(("stale_s", "lost_s"), [(0.0, 1.0), (2.0, 2.0), (3.0, 2.0)])
def test_a_stream_is_stale_before_it_is_lost(stale_s: float, lost_s: float) -> None:
    with pytest.raises(InputError, match="0 < stale_s < lost_s"):
        Health(VirtualClock(), stale_s, lost_s, 1.0)


def test_settling_takes_no_negative_time() -> None:
    with pytest.raises(InputError, match="settle_s"):
        Health(VirtualClock(), 1.0, 2.0, -1.0)


def test_markers_are_lost_only_where_they_were_there() -> None:
    watch, _ = health()
    told: list[str | None] = [watch.markers]
    lost = []
    for is_there in (False, False, True, False, False, True):
        lost.append(watch.markers_changed(is_there))
        told.append(watch.markers)
    assert told == [None, "SEARCHING", "SEARCHING", "LIVE", "LOST", "LOST", "LIVE"]
    assert lost == [False, False, False, True, False, False]
    assert watch.state is State.SEARCHING
