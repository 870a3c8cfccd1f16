"""Continuous targets of a made-up population: found where they are, not found where they are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Recording
from hotwire.decoder.experiments.kinematics.report import KinematicsReport
from hotwire.decoder.experiments.kinematics.result import KinematicsEvaluation
from hotwire.decoder.experiments.kinematics.run import OTHER_RUNS, SHIFTED, evaluate_kinematics, of_other_runs, shifted
from hotwire.decoder.experiments.kinematics.targets import Kinematics
from hotwire.decoder.steps import Lag, Resample, SquareRoot
from hotwire.errors import InputError, LeakError, RecordingError, UnknownNameError

from .made_reaches import reaches


def quick(**changes: Any) -> dict[str, Any]:
    return {"lags": (0, 1, 2, 3), "n_permutations": 39, "n_shuffles": 2} | changes


@pytest.fixture(scope="module")
def found() -> KinematicsEvaluation:
    return evaluate_kinematics(*reaches(), steps=[SquareRoot()], **quick())


def test_the_decoder_finds_the_movement_and_controls_do_not(found: KinematicsEvaluation) -> None:
    main = found.decoder.measures["r2"]
    assert 0.5 < main.low < main.value < main.high < 1
    assert main.p_value == 1 / 40
    assert max(found.controls[SHIFTED]["r2"], found.controls[OTHER_RUNS]["r2"]) < 0.1
    assert set(found.field) == {"wiener", "kalman"}
    assert all(0.4 < one.measures["r2"].value < main.value + 0.02 for one in found.field.values())
    difference = found.differences["wiener"]
    assert difference.value == pytest.approx(main.value - found.field["wiener"].measures["r2"].value)
    assert difference.low <= difference.value <= difference.high


def test_measures_are_those_of_all_scored_samples(found: KinematicsEvaluation) -> None:
    made, n = found.decoder.found, 200 - 3
    assert len(made.true) == 5 * n
    assert found.time_s[:2].tolist() == [0.15, 0.2]
    true, predicted = reaches()[1].values, made.predicted
    for dim in range(2):
        of_run = true[:, dim].reshape(5, 200)
        means = np.array([np.delete(of_run, run, axis=0).mean() for run in range(5)]).repeat(n)
        scored = of_run[:, 3:].ravel()
        r2 = 1 - ((scored - predicted[:, dim]) ** 2).sum() / ((scored - means) ** 2).sum()
        assert found.decoder.by_dim["r2"][dim] == pytest.approx(r2)
        assert found.decoder.by_dim["r"][dim] == pytest.approx(np.corrcoef(scored, predicted[:, dim])[0, 1])


def test_no_held_out_sample_is_behind_its_prediction() -> None:
    recording, targets = reaches(n_runs=3)
    before = evaluate_kinematics(recording, targets, **quick(n_permutations=1))
    changed = replace(targets, values=np.where(targets.run[:, None] == 2, 5.0 - targets.values, targets.values))
    after = evaluate_kinematics(recording, changed, **quick(n_permutations=1))
    for name, one in before.rows().items():
        rows, other = before.run == 2, after.rows()[name]
        np.testing.assert_array_equal(one.found.predicted[rows], other.found.predicted[rows], err_msg=name)
        assert not np.array_equal(one.found.predicted[~rows], other.found.predicted[~rows])


def test_without_signal_nothing_is_found() -> None:
    changed = quick(n_shuffles=1, field=(), lags=(0,))
    p_values = [
        evaluate_kinematics(*reaches(depth=0.0, seed=i), **changed).decoder.measures["r2"].p_value for i in range(6)
    ]
    assert min(p_values) > 1 / 40
    assert np.median(p_values) > 0.15


def test_two_runs_have_no_interval_and_no_other_runs() -> None:
    found = evaluate_kinematics(*reaches(n_runs=2), **quick())
    assert np.isnan(found.decoder.measures["r2"].low)
    assert found.decoder.measures["r2"].p_value == 1 / 40
    assert list(found.controls) == [SHIFTED]


@pytest.mark.parametrize(("value", "repeats"), [(0.04, False), (0.06, True), (0.005, None)])
def test_other_runs_that_explain_little_are_no_movement_that_repeats(
    found: KinematicsEvaluation, value: float, repeats: bool | None
) -> None:
    main = replace(found.decoder.measures["r2"], low=0.01)
    decoder = replace(found.decoder, measures={**found.decoder.measures, "r2": main})
    controls = {OTHER_RUNS: {"r2": value, "r": 0.1}}
    report = KinematicsReport(replace(found, decoder=decoder, controls=controls), "made")
    [said] = [one for one in report.sentences() if one.text.startswith(OTHER_RUNS.capitalize())]
    assert ("which needs no brain" in said.text) == bool(repeats)
    assert said.good is (repeats is None)


def test_targets_follow_steps_that_change_the_samples() -> None:
    recording, targets = reaches(n_runs=4, lag=0)
    slow = evaluate_kinematics(recording, targets, steps=[Resample(10.0)], **quick(lags=(0, 1)))
    n = len(slow.time_s) // 4  # the filter of the last samples would need what comes after the run
    expected = targets.values.reshape(4, 100, 2, 2).mean(axis=2)[:, 1 : n + 1].reshape(-1, 2)
    np.testing.assert_allclose(slow.decoder.found.true, expected)
    assert slow.decoder.measures["r2"].value > 0.4
    late = evaluate_kinematics(recording, targets, steps=[Lag(lag_samples=3)], **quick(lags=(3,)))
    assert late.decoder.measures["r2"].value > 0.3  # three samples later and three before: those of the time itself


def test_pairings_move_whole_runs() -> None:
    targets, run = np.arange(10.0)[:, None], np.repeat([1, 2, 3], [3, 3, 4])
    moved = shifted(targets, run, seed=1)
    for name in (1, 2, 3):
        own, of = moved[run == name].ravel().tolist(), targets[run == name].ravel().tolist()
        assert own in [of[i:] + of[:i] for i in range(len(of))]
    other = of_other_runs(targets, run, seed=0)
    assert all(not np.isin(other[run == name], targets[run == name]).any() for name in (1, 2, 3))


def with_data(recording: Recording, data: np.ndarray) -> Recording:
    return replace(recording, data=data)


def test_leaks_and_wrong_inputs_are_refused() -> None:
    recording, targets = reaches(n_runs=3)
    data = recording.data.copy()
    data[400:] = data[:200]
    with pytest.raises(LeakError, match="runs 1 and 3 hold the same samples"):
        evaluate_kinematics(with_data(recording, data), targets)
    data = recording.data.copy()
    data[:, 3] = 7 - 2 * targets.values[:, 1]
    with pytest.raises(LeakError, match="the feature 'unit_3' is the target 'y'"):
        evaluate_kinematics(with_data(recording, data), targets)
    with pytest.raises(InputError, match="y is the same in all samples"):
        evaluate_kinematics(recording, replace(targets, values=targets.values * [1.0, 0.0]))
    with pytest.raises(InputError, match="lags: expected less than the length of every run, but run 1 has 200"):
        evaluate_kinematics(recording, targets, lags=(0, 200))
    with pytest.raises(UnknownNameError, match="unknown filter 'weiner'; did you mean 'wiener'"):
        evaluate_kinematics(recording, targets, field=("weiner",))
    with pytest.raises(InputError, match="two runs or more"):
        evaluate_kinematics(recording.select(runs=[1]), targets)
    gap = (targets.run != 2) | (targets.time_s < 5.0)
    some = Kinematics(targets.values[gap], targets.time_s[gap], targets.run[gap], targets.names)
    with pytest.raises(
        RecordingError, match=r"all times of run 2, but 100 of its 200 samples of 0.05 s have none, the"
    ):
        evaluate_kinematics(recording, some)
