"""Every window comes out of JSON as it was, and nothing comes out that is no window."""

from __future__ import annotations

import json

import pytest

from hotwire.decoder.windows import (
    WINDOWS,
    BlockAverage,
    Epoch,
    RunningAverage,
    SlidingAverage,
    SlidingEpoch,
    window_from_dict,
)
from hotwire.errors import UnknownNameError

ALL_WINDOWS = [
    BlockAverage(-1.0, 4.0, "drop"),
    RunningAverage(max_samples=3),
    SlidingAverage(2.0, 0.5),
    Epoch(-0.2, 0.8, bin_s=0.05, baseline_s=(-0.2, 0.0), most=1e-4),
    SlidingEpoch(2.0, 0.1),
]


@pytest.mark.parametrize("window", ALL_WINDOWS, ids=str)
def test_windows_survive_json(window) -> None:
    assert window_from_dict(json.loads(json.dumps(window.to_dict()))) == window


def test_everything_is_covered() -> None:
    assert {type(window).__name__ for window in ALL_WINDOWS} == set(WINDOWS)


def test_what_is_not_on_the_list() -> None:
    with pytest.raises(UnknownNameError, match="window 'Lag'"):
        window_from_dict({"type": "Lag"})
