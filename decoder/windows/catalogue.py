"""The windows there are, by name: the allow-list for bundles and study files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kinds import Kinds, settings_from_dict
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, RunningAverage
from .sliding import SlidingAverage
from .window import Window

WINDOWS: Kinds[Window] = Kinds(
    "hotwire.windows", Window, (BlockAverage, RunningAverage, SlidingAverage, Epoch, SlidingEpoch)
)


def window_from_dict(saved: Mapping[str, Any]) -> Window:
    """Return the window that ``to_dict`` described; raises as `hotwire.decoder.steps.step_from_dict`.

    Examples
    --------
    >>> window_from_dict(BlockAverage(stop_s=10.0).to_dict())
    BlockAverage(start_s=0.0, stop_s=10.0, incomplete='error')
    """
    return settings_from_dict("window", WINDOWS, saved)
