"""Causal pieces of preprocessing, the same for a stream in chunks and for a whole recording."""

from .base import Step, StepState
from .baseline import ExponentialBaseline, RunningBaseline
from .catalogue import STEPS, step_from_dict
from .chain import Chain, delays, open_chain, run_steps
from .despike import Despike
from .detrend import Detrend, RunningDetrend
from .filter_bank import FilterBank
from .iir import BandPass, HighPass, LowPass, Notch
from .lag import Lag
from .percent_change import PercentChange
from .power import Power
from .reference import Bipolar, Reference
from .regress_out import regress_out
from .resample import Resample
from .running_regression import RunningRegression
from .smoothing import Smooth
from .square_root import SquareRoot
from .zscore import RunningZScore, ZScore

__all__ = [
    "STEPS",
    "BandPass",
    "Bipolar",
    "Chain",
    "Despike",
    "Detrend",
    "ExponentialBaseline",
    "FilterBank",
    "HighPass",
    "Lag",
    "LowPass",
    "Notch",
    "PercentChange",
    "Power",
    "Reference",
    "Resample",
    "RunningBaseline",
    "RunningDetrend",
    "RunningRegression",
    "RunningZScore",
    "Smooth",
    "SquareRoot",
    "Step",
    "StepState",
    "ZScore",
    "delays",
    "open_chain",
    "regress_out",
    "run_steps",
    "step_from_dict",
]
