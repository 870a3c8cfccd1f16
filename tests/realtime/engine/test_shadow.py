"""What runs in the shadow must not hold up or end the active decoder, whatever ails it."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from hotwire.decoder.steps import RunningBaseline
from hotwire.decoder.windows import BlockAverage
from hotwire.errors import InputError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine import follower
from hotwire.realtime.engine.engine import Engine

from ..scenes import ONSETS, RATE_HZ, check_decisions, chunks, markers, scene
from ..small import Kept, SignDecoder
from ..test_swap import play, settle

SHADOW = "1" * 64
TIMEOUT_S = 60.0


class Hanging(SignDecoder):
    """Decides only when it is let go."""

    def __init__(self) -> None:
        super().__init__(4, RATE_HZ, BlockAverage(stop_s=1.0), [RunningBaseline()], SHADOW)
        self.asked, self.go = Event(), Event()

    def decide(self, x: Any) -> Any:
        self.asked.set()
        assert self.go.wait(TIMEOUT_S), "it was not let go"
        return super().decide(x)


class Failing(Hanging):
    def decide(self, x: Any) -> Any:
        raise ZeroDivisionError("by \x1b[2J zero")


def on_stage(**settings: Any) -> tuple[Engine, Kept, VirtualClock]:
    clock = VirtualClock()
    engine, kept = scene([*chunks(), *markers()], clock=clock, **settings)
    return engine, kept, clock


def go_on(engine: Engine, clock: VirtualClock, until_s: float) -> None:
    """Let the stream go on without waiting for the shadow."""
    while clock.now() < until_s and not engine.ended:
        engine.turn(0.1)


def hang(engine: Engine, clock: VirtualClock) -> Hanging:
    """Let a shadow run along, and wait until it hangs in a decision."""
    hanging = Hanging()
    play(engine, clock, 2.5)
    engine.run_along(hanging)  # type: ignore[arg-type]
    go_on(engine, clock, 3.2)
    assert hanging.asked.wait(TIMEOUT_S), "it was not asked"
    return hanging


def check_active(kept: Kept) -> None:
    """The active decoder decided on every window, as if it were alone."""
    alone = [one for one in kept.decisions if not one.shadow]
    check_decisions(type("Ran", (), {"decisions": alone}))  # type: ignore[arg-type]


def test_the_active_decoder_does_not_wait_and_what_the_shadow_leaves_out_is_counted():
    engine, kept, clock = on_stage()
    with engine:
        hanging = hang(engine, clock)
        go_on(engine, clock, 18.7)
        assert [one.shadow for one in kept.decisions] == [False] * 18
        hanging.go.set()
        settle(engine)
        engine.turn()
        in_shadow = [one for one in kept.decisions if one.shadow]
        assert engine.losses["shadow_skipped"] == 16 - len(in_shadow)
        assert len(in_shadow) == 1 + follower.MOST_WAITING
        assert [one.start_s for one in in_shadow] == [2.0, *range(10, 18)]
        assert [one.number for one in in_shadow] == [2, *range(10, 18)]
        play(engine, clock, 99.0)
    check_active(kept)
    said = [one.why for one in kept.statuses]
    assert [why for why in said if "in the shadow is too slow" in why] == [
        "the bundle in the shadow is too slow: 7 of its windows so far got no decision; the active decoder does not "
        "wait for it"
    ]


def test_one_that_fails_is_taken_away_and_the_reason_is_said():
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 2.5)
        engine.run_along(Failing())  # type: ignore[arg-type]
        play(engine, clock, 5.5)
        assert engine.shadow is None
        with pytest.raises(InputError, match="promote: there is no bundle in the shadow"):
            engine.promote()
        play(engine, clock, 99.0)
    check_active(kept)
    assert engine.losses["shadow_failed"] == 1
    said = [one.why for one in kept.statuses]
    assert f"bundle {SHADOW[:12]} (shadow) was taken away: ZeroDivisionError: by \x1b[2J zero" in said


def test_one_that_is_too_far_behind_is_taken_away():
    engine, kept, clock = on_stage(buffer_s=2.0)
    with engine:
        hanging = hang(engine, clock)
        go_on(engine, clock, 99.0)
        assert engine.shadow is None
        hanging.go.set()
    check_active(kept)
    assert engine.losses["shadow_failed"] == 1
    assert any("taken away: it is more than 100 samples behind" in one.why for one in kept.statuses)


def test_one_that_is_at_work_takes_over_once_it_is_done(monkeypatch):
    monkeypatch.setattr(follower, "CATCH_UP_S", 0.05)
    engine, kept, clock = on_stage()
    with engine:
        hanging = hang(engine, clock)
        with pytest.raises(InputError, match=f"bundle {SHADOW[:12]} cannot take over: it is still at work"):
            engine.promote()
        go_on(engine, clock, 5.5)
        hanging.go.set()
        settle(engine)
        engine.promote()
        play(engine, clock, 99.0)
    check_active(kept)
    by = [one.bundle for one in kept.decisions if not one.shadow]
    assert by == ["0" * 64] * 5 + [SHADOW] * (len(ONSETS) - 5)


def test_the_previous_decoder_that_fails_cannot_come_back():
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 2.5)
        failing = SignDecoder(4, RATE_HZ, BlockAverage(stop_s=1.0), [RunningBaseline()], SHADOW)
        engine.run_along(failing)  # type: ignore[arg-type]
        engine.promote()
        previous = engine.previous
        assert previous is not None
        previous._chain = None  # type: ignore[assignment]
        play(engine, clock, 4.5)
        assert engine.previous is None
        with pytest.raises(InputError, match="no earlier bundle"):
            engine.roll_back()
        play(engine, clock, 99.0)
    assert any("(previous) was taken away: AttributeError" in one.why for one in kept.statuses)
    check_active(kept)
