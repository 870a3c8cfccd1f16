"""The windows there are, by name: the allow-list for bundles and study files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..steps.base import settings_from_dict
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, RunningAverage
from .sliding import SlidingAverage
from .window import Window

WINDOWS: dict[str, type[Window]] = {
    kind.__name__: kind for kind in (BlockAverage, RunningAverage, SlidingAverage, Epoch, SlidingEpoch)
}


def window_from_dict(saved: Mapping[str, Any]) -> Window:
    """Return the window that ``to_dict`` described.

    Raises
    ------
    UnknownNameError
        There is no such window, or it has no such setting.
    InputError
        A setting has a value that it cannot have.

    Examples
    --------
    >>> window_from_dict(BlockAverage(stop_s=10.0).to_dict())
    BlockAverage(start_s=0.0, stop_s=10.0, incomplete='error')
    """
    return settings_from_dict("window", WINDOWS, saved)
