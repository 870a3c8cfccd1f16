"""The steps there are, by name: the allow-list for bundles and study files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kinds import Kinds, settings_from_dict
from .base import Step
from .baseline import ExponentialBaseline, RunningBaseline
from .despike import Despike
from .detrend import Detrend, RunningDetrend
from .filter_bank import FilterBank
from .iir import BandPass, HighPass, LowPass, Notch
from .lag import Lag
from .percent_change import PercentChange
from .power import Power
from .reference import Bipolar, Reference
from .resample import Resample
from .running_regression import RunningRegression
from .smoothing import Smooth
from .square_root import SquareRoot
from .zscore import RunningZScore, ZScore

SCANNER = (
    Detrend,
    ZScore,
    Lag,
    RunningBaseline,
    RunningZScore,
    RunningDetrend,
    ExponentialBaseline,
    RunningRegression,
    PercentChange,
    Despike,
)
ELECTRODES = (SquareRoot, BandPass, HighPass, LowPass, Notch, Reference, Bipolar, Resample, FilterBank, Power, Smooth)

STEPS: Kinds[Step] = Kinds("hotwire.steps", Step, (*SCANNER, *ELECTRODES))


def step_from_dict(saved: Mapping[str, Any]) -> Step:
    """Return the step that ``to_dict`` described.

    Raises
    ------
    UnknownNameError
        There is no such step, or it has no such setting.
    InputError
        A setting has a value that it cannot have.

    Examples
    --------
    >>> step_from_dict({"type": "Lag", "lag_s": 5.0})
    Lag(lag_s=5.0, lag_samples=None)
    """
    return settings_from_dict("step", STEPS, saved)
