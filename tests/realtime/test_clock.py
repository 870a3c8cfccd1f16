from __future__ import annotations

import pylsl
import pytest

from hotwire.errors import InputError
from hotwire.realtime.clock import SystemClock, VirtualClock


def test_the_system_clock_is_that_of_the_stamps() -> None:
    clock = SystemClock()
    before = pylsl.local_clock()
    now = clock.now()
    assert before <= now <= pylsl.local_clock()
    clock.sleep(0.01)
    clock.sleep(-1.0)
    assert clock.now() >= now + 0.01


def test_a_virtual_clock_moves_only_when_it_is_told_to() -> None:
    clock = VirtualClock(5.0)
    assert clock.now() == clock.now() == 5.0
    clock.sleep(2.0)
    clock.sleep(-2.0)
    assert clock.now() == 7.0
    clock.advance(1.0)
    assert clock.now() == 8.0


def test_a_virtual_clock_never_goes_back() -> None:
    with pytest.raises(InputError, match="zero or more"):
        VirtualClock().advance(-1.0)
