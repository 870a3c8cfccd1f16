"""Calibration on a small synthetic session, and on a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from hotwire.adapters.recursive import RecursiveAdapter
from hotwire.adapters.whiten import Whitener
from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets
from hotwire.decoder.calibration import Calibration, share
from hotwire.decoder.metrics import hits
from hotwire.decoder.readers import read_attributes, read_nifti
from hotwire.decoder.steps import BlockAverage, Detrend, RunningAverage, Trials, run_steps, windows
from hotwire.errors import InputError, NonFiniteError
from hotwire.models import Network, open_network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def some(trials: Trials, rows) -> Trials:
    names = ("X", "label", "run", "event", "start_s", "stop_s")
    return replace(trials, **{name: getattr(trials, name)[rows] for name in names})


def trials_of(recording: Recording) -> Trials:
    return windows(BlockAverage(), recording)


def test_each_trial_is_decided_by_those_before_alone(network: Network, recordings: Callable[..., Recording]) -> None:
    trials = trials_of(recordings(noise=1.5))
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter(5.0))
    found = calibration.learn(trials)
    table = TARGETS.activations(network, ["first"])["first"]
    keys = TARGETS.key_of(trials)
    assert np.isnan(found[0])
    for n in range(1, len(trials)):
        before = RecursiveAdapter(5.0).fit(trials.X[:n], table[keys[:n]])
        deviation = before.predict(trials.X[n : n + 1])[0] - before.y_mean_
        lengths = np.linalg.norm(table - before.y_mean_, axis=1) * np.linalg.norm(deviation)
        if n > 1:  # one trial alone predicts no direction
            cosines = ((table - before.y_mean_) @ deviation / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
            assert found[n] == hits(cosines[None], keys[n : n + 1])[0]
    np.testing.assert_array_equal(calibration.n_before, np.arange(1, len(trials)))
    np.testing.assert_array_equal(calibration.right, found[1:])


def test_it_does_not_matter_how_many_trials_come_at_once(network: Network, recording: Recording) -> None:
    trials = trials_of(recording)
    together, alone = (Calibration(network, TARGETS, "second", RecursiveAdapter()) for _ in range(2))
    together.learn(trials)
    for row in range(len(trials)):
        alone.learn(some(trials, slice(row, row + 1)))
    np.testing.assert_array_equal(together.right, alone.right)
    np.testing.assert_array_equal(together.linear().predict(trials.X), alone.linear().predict(trials.X))


def test_learning_shows_and_is_told(network: Network, recordings: Callable[..., Recording]) -> None:
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter(5.0), good_enough=0.6)
    calibration.learn(trials_of(recordings(n_runs=1, noise=0.8)))
    assert not calibration.progress().good_enough
    assert "cannot be told yet" in calibration.progress().told
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter(5.0), good_enough=0.6)
    calibration.learn(trials_of(recordings(n_runs=12, noise=0.8)))
    progress = calibration.progress(extra=10)
    assert progress.n_learned == 48
    assert progress.accuracy.low >= 0.6
    assert progress.good_enough
    assert "reached" in progress.told
    assert "10 more trials" in progress.told
    assert calibration.right[: len(calibration.right) // 4].mean() < progress.accuracy.value


def test_shuffled_labels_never_are_good_enough(network: Network, recordings: Callable[..., Recording]) -> None:
    trials = trials_of(recordings(n_runs=20))
    shuffled = replace(trials, label=np.random.default_rng(0).permutation(trials.label))
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter(5.0), good_enough=0.5)
    calibration.learn(shuffled)
    progress = calibration.progress()
    assert not progress.good_enough
    assert progress.accuracy.low < 0.25 < progress.accuracy.high


def test_trials_that_share_samples_are_decided_before_any_is_learned(network: Network, recording: Recording) -> None:
    trials = windows(RunningAverage(max_samples=3), recording)
    assert len(trials) > len(np.unique(trials.event))
    together, alone = (Calibration(network, TARGETS, "first", RecursiveAdapter()) for _ in range(2))
    found = together.learn(trials)
    of_first = trials.event == trials.event[0]
    np.testing.assert_array_equal(np.isnan(found), of_first)
    # The trials of an event that come late are learned from, and do not count.
    counted = [np.isfinite(alone.learn(some(trials, slice(row, row + 1)))[0]) for row in range(len(trials))]
    assert sum(counted) == len(np.unique(trials.event)) - 1
    assert alone.n_learned == together.n_learned == len(trials)


def test_linear_part_serves_a_decoder_and_stays(network: Network, recordings: Callable[..., Recording]) -> None:
    first, second = recordings(n_runs=4), recordings(n_runs=4, seed=1)
    whitener = Whitener().fit(first.data)
    adapter = RecursiveAdapter(3.0, gain="total")
    calibration = Calibration(network, TARGETS, "first", adapter, whitener=whitener)
    calibration.learn(trials_of(first))
    decoder = Decoder(network, TARGETS, Settings("first", adapter=adapter, whiten="samples", readout=NearestReadout()))
    fitted = decoder.fit(first)
    X = trials_of(second).X
    linear = calibration.linear()
    np.testing.assert_allclose(linear.predict(X), fitted.linear_.predict(X), rtol=1e-4, atol=1e-4)
    before = linear.predict(X)
    calibration.learn(trials_of(second))
    np.testing.assert_array_equal(linear.predict(X), before)
    assert not hasattr(adapter, "factor_")


def test_a_session_goes_on_from_another(network: Network, recordings: Callable[..., Recording]) -> None:
    before, today = recordings(n_runs=6), recordings(n_runs=2, seed=1)
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter(5.0))
    calibration.learn(trials_of(before))
    on = Calibration(network, TARGETS, "first", calibration.adapter)
    found = on.learn(trials_of(today))
    assert on.n_before[0] == 24
    assert np.mean(found) > 0.9


def test_what_cannot_be_is_refused(network: Network, recording: Recording) -> None:
    with pytest.raises(InputError, match="good_enough"):
        Calibration(network, TARGETS, "first", RecursiveAdapter(), good_enough=0.0)
    calibration = Calibration(network, TARGETS, "first", RecursiveAdapter())
    with pytest.raises(InputError, match="no trial"):
        calibration.progress()
    trials = trials_of(recording)
    with pytest.raises(InputError, match="dog"):
        calibration.learn(replace(trials, label=np.full(len(trials), "dog")))
    broken = replace(trials, X=trials.X.copy())
    broken.X[5, 2] = np.nan
    with pytest.raises(NonFiniteError, match="trial 5, feature 2"):
        calibration.learn(broken)
    assert calibration.n_learned == 0


@pytest.mark.parametrize(("n_right", "n"), [(0, 10), (7, 10), (10, 10), (0.5, 1)])
def test_wilson_interval_is_scipys(n_right: float, n: int) -> None:
    found = share(n_right, n)
    assert found.low >= -1e-12
    assert found.low <= found.value <= found.high <= 1 + 1e-12
    if n_right == int(n_right):
        expected = binomtest(int(n_right), n).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.slow
def test_a_real_session_teaches_itself(fetched: Callable[[str], Path]) -> None:
    """Haxby's subject, from the first run on, into a language model's layer; chance is 1/8."""
    folder = fetched("haxby2001-slice")
    fetched("smollm2-135m-instruct")
    made = read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz")
    run, events = read_attributes(folder / "attributes_literal.txt", made.tr_s)
    made = replace(made, run=run, events=events)
    words = WordTargets({label: label for label in np.unique(events.label).tolist()})
    trials = windows(BlockAverage(start_s=5.0), run_steps([Detrend(2)], made))
    calibration = Calibration(
        open_network("smollm2-135m-instruct"), words, "8", RecursiveAdapter(100.0), good_enough=0.5
    )
    reached, forecasts = [], {}
    for run_now in np.unique(trials.run):
        calibration.learn(some(trials, trials.run == run_now))
        reached.append(calibration.progress().good_enough)
        if calibration.curve().silent is None:
            forecasts[len(reached)] = calibration.curve().at(90)
    quarters = [part.mean() for part in np.array_split(calibration.right, 4)]
    assert quarters[0] < 0.5 < 0.7 < quarters[-1]
    assert not reached[1]
    assert reached[-1]
    assert 1 not in forecasts  # after one run of eight blocks there is nothing to tell
    assert forecasts[6].low <= calibration.right[-16:].mean() <= forecasts[6].high
