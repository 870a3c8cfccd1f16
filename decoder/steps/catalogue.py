"""The steps and windows there are, by name: the allow-lists for bundles and study files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Step, settings_from_dict
from .baseline import ExponentialBaseline, RunningBaseline
from .detrend import Detrend, RunningDetrend
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, RunningAverage
from .filter_bank import FilterBank
from .iir import BandPass, HighPass, LowPass, Notch
from .lag import Lag
from .power import Power
from .reference import Bipolar, Reference
from .resample import Resample
from .sliding import SlidingAverage
from .smoothing import Smooth
from .square_root import SquareRoot
from .window import Window
from .zscore import RunningZScore, ZScore

STEPS: dict[str, type[Step]] = {
    kind.__name__: kind
    for kind in (
        Detrend,
        ZScore,
        Lag,
        RunningBaseline,
        RunningZScore,
        RunningDetrend,
        ExponentialBaseline,
        SquareRoot,
        BandPass,
        HighPass,
        LowPass,
        Notch,
        Reference,
        Bipolar,
        Resample,
        FilterBank,
        Power,
        Smooth,
    )
}

WINDOWS: dict[str, type[Window]] = {
    kind.__name__: kind for kind in (BlockAverage, RunningAverage, SlidingAverage, Epoch, SlidingEpoch)
}


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
