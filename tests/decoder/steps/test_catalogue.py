from __future__ import annotations

import json

import pytest

from hotwire.decoder.steps import (
    STEPS,
    BandPass,
    Bipolar,
    Despike,
    Detrend,
    ExponentialBaseline,
    FilterBank,
    HighPass,
    Lag,
    LowPass,
    Notch,
    PercentChange,
    Power,
    Reference,
    Resample,
    RunningBaseline,
    RunningDetrend,
    RunningRegression,
    RunningZScore,
    Smooth,
    SquareRoot,
    ZScore,
    step_from_dict,
)
from hotwire.errors import InputError, UnknownNameError

ALL = [
    Detrend(order=2),
    ZScore(),
    Lag(lag_s=5.0),
    Lag(lag_samples=2),
    RunningBaseline(),
    RunningBaseline(150.0),
    RunningZScore(60.0, min_samples=4),
    RunningDetrend(100, order=2),
    ExponentialBaseline(30.0),
    PercentChange(40.0),
    Despike(60.0, limit=3.0),
    RunningRegression(("trans_x",), drift=2),
    ExponentialBaseline(30.0, on_gap="reset"),
    SquareRoot(),
    BandPass(8.0, 30.0, order=2),
    HighPass(0.5),
    LowPass(40.0, start="zero"),
    Notch(50.0, harmonics=2),
    FilterBank(((8.0, 12.0), (12.0, 30.0))),
    Reference(channels=("A1", "A2"), exclude=("EOG",)),
    Bipolar((("C3", "Cz"), ("C4", "Cz"))),
    Resample(100.0),
    Power(window_s=0.5, output="log"),
    Smooth("exponential", 0.05),
]


@pytest.mark.parametrize("step", ALL, ids=str)
def test_steps_survive_json(step) -> None:
    assert step_from_dict(json.loads(json.dumps(step.to_dict()))) == step


def test_everything_is_covered() -> None:
    assert {type(step).__name__ for step in ALL} == set(STEPS)


def test_what_is_not_on_the_list() -> None:
    with pytest.raises(UnknownNameError, match=r"step 'detrend'; did you mean 'Detrend'\?"):
        step_from_dict({"type": "detrend"})
    with pytest.raises(UnknownNameError, match=r"setting of Detrend 'degree'.*order"):
        step_from_dict({"type": "Detrend", "degree": 1})
    with pytest.raises(InputError, match="expected a 'type'"):
        step_from_dict({"order": 1})
    with pytest.raises(InputError, match="order: expected an integer"):
        step_from_dict({"type": "Detrend", "order": "1"})
    with pytest.raises(InputError, match="'window_s'"):
        step_from_dict({"type": "RunningDetrend"})
