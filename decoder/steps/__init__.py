"""The chunk-by-chunk pieces of preprocessing, and the windows that make trials of their samples."""

from .base import Step, StepState
from .baseline import ExponentialBaseline, RunningBaseline
from .catalogue import STEPS, WINDOWS, step_from_dict, window_from_dict
from .chain import Chain, delays, open_chain, run_steps
from .detrend import Detrend, RunningDetrend
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, EventWindow, RunningAverage
from .filter_bank import FilterBank
from .iir import BandPass, HighPass, LowPass, Notch
from .lag import Lag
from .power import Power
from .reference import Bipolar, Reference
from .regress_out import regress_out
from .resample import Resample
from .sliding import SlidingAverage
from .smoothing import Smooth
from .square_root import SquareRoot
from .window import Rejection, Trials, Window, WindowRow, WindowState, require_trials, windows
from .window_kinds import HOLD_SAMPLES, check_alike, holds_samples, sliding_like
from .zscore import RunningZScore, ZScore

__all__ = [
    "HOLD_SAMPLES",
    "STEPS",
    "WINDOWS",
    "BandPass",
    "Bipolar",
    "BlockAverage",
    "Chain",
    "Detrend",
    "Epoch",
    "EventWindow",
    "ExponentialBaseline",
    "FilterBank",
    "HighPass",
    "Lag",
    "LowPass",
    "Notch",
    "Power",
    "Reference",
    "Rejection",
    "Resample",
    "RunningAverage",
    "RunningBaseline",
    "RunningDetrend",
    "RunningZScore",
    "SlidingAverage",
    "SlidingEpoch",
    "Smooth",
    "SquareRoot",
    "Step",
    "StepState",
    "Trials",
    "Window",
    "WindowRow",
    "WindowState",
    "ZScore",
    "check_alike",
    "delays",
    "holds_samples",
    "open_chain",
    "regress_out",
    "require_trials",
    "run_steps",
    "sliding_like",
    "step_from_dict",
    "window_from_dict",
    "windows",
]
