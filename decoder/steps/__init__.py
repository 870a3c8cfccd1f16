"""The chunk-by-chunk pieces of preprocessing, and the windows that make trials of their samples."""

from .base import Chain, Step, StepState, open_chain, run_steps
from .baseline import ExponentialBaseline, RunningBaseline
from .catalogue import STEPS, WINDOWS, step_from_dict, window_from_dict
from .detrend import Detrend, RunningDetrend
from .event_windows import BlockAverage, EventWindow, RunningAverage
from .lag import Lag
from .regress_out import regress_out
from .sliding import SlidingAverage
from .square_root import SquareRoot
from .window import Trials, Window, WindowRow, WindowState, windows
from .zscore import RunningZScore, ZScore

__all__ = [
    "STEPS",
    "WINDOWS",
    "BlockAverage",
    "Chain",
    "Detrend",
    "EventWindow",
    "ExponentialBaseline",
    "Lag",
    "RunningAverage",
    "RunningBaseline",
    "RunningDetrend",
    "RunningZScore",
    "SlidingAverage",
    "SquareRoot",
    "Step",
    "StepState",
    "Trials",
    "Window",
    "WindowRow",
    "WindowState",
    "ZScore",
    "open_chain",
    "regress_out",
    "run_steps",
    "step_from_dict",
    "window_from_dict",
    "windows",
]
