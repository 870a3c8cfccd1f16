"""From samples to trials: windows around events, or sliding along."""

from .catalogue import WINDOWS, window_from_dict
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, EventWindow, RunningAverage
from .sliding import SlidingAverage
from .stand_in import HOLD_SAMPLES, check_alike, holds_samples, sliding_like
from .window import Rejection, Trials, Window, WindowRow, WindowState, require_trials, rows_of_run, windows

__all__ = [
    "HOLD_SAMPLES",
    "WINDOWS",
    "BlockAverage",
    "Epoch",
    "EventWindow",
    "Rejection",
    "RunningAverage",
    "SlidingAverage",
    "SlidingEpoch",
    "Trials",
    "Window",
    "WindowRow",
    "WindowState",
    "check_alike",
    "holds_samples",
    "require_trials",
    "rows_of_run",
    "sliding_like",
    "window_from_dict",
    "windows",
]
