"""Calibration on a small synthetic session, and on a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.whiten import Whitener
from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets
from hotwire.decoder.experiments.calibration import Calibration, share
from hotwire.decoder.features import Features, FittedFeatures
from hotwire.decoder.readers import read_attributes, read_nifti
from hotwire.decoder.steps import Detrend, run_steps
from hotwire.decoder.windows import BlockAverage, Epoch, RunningAverage, Trials, windows
from hotwire.errors import InputError, NonFiniteError
from hotwire.models import Network, open_network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


class FittedScaled(FittedFeatures):
    """The mean over the samples, each channel divided by how much it varied in training."""

    kind = "Scaled"

    def __init__(self, scale: np.ndarray) -> None:
        self.scale, self.n_out = scale, len(scale)

    def one(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(x, np.float64).mean(axis=0) / self.scale

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedScaled:
        return cls(arrays["scale"])


@dataclass(frozen=True)
class Scaled(Features):
    def fit(self, X: np.ndarray, classes: np.ndarray, rate_hz: float) -> FittedScaled:
        return FittedScaled(X.std(axis=(0, 1)))


def some(trials: Trials, rows) -> Trials:
    names = ("X", "label", "run", "event", "start_s", "stop_s")
    return replace(trials, **{name: getattr(trials, name)[rows] for name in names})


def trials_of(recording: Recording) -> Trials:
    return windows(BlockAverage(), recording)


def made_decoder(network: Network, alphas: float | list[float] = 5.0, **settings: Any) -> Decoder:
    adapter = RidgeAdapter(alphas, gain="total")
    settings = {"adapter": adapter, "readout": NearestReadout(), "probabilities": "network", **settings}
    return Decoder(network, TARGETS, Settings("first", **settings))


@pytest.mark.filterwarnings("ignore:strength")
def test_each_trial_is_decided_by_those_before_alone(network: Network, recordings: Callable[..., Recording]) -> None:
    """What is chosen is chosen anew: a decoder fitted on the runs before decides the same."""
    recording = recordings(noise=1.5)
    trials, decoder = trials_of(recording), made_decoder(network, [1.0, 10.0, 100.0])
    calibration = Calibration(decoder)
    found = calibration.learn(trials)
    assert np.isnan(found[:8]).all()  # two runs of four labels
    n_compared = 0
    for run in recording.runs[2:]:
        first = int(np.flatnonzero(trials.run == run)[0])
        before = made_decoder(network, [1.0, 10.0, 100.0]).fit(recording.select(runs=recording.runs[:run]))
        decided, expected = calibration.decisions[first - 8], before.decide(some(trials, slice(first, first + 1)))[0]
        assert decided == expected
        assert found[first] == (expected.answer == trials.label[first])
        n_compared += 1
    assert n_compared == 4
    np.testing.assert_array_equal(calibration.n_before, np.arange(8, len(trials)))
    np.testing.assert_array_equal(calibration.right, found[8:])
    assert not hasattr(decoder, "linear_")


def test_what_comes_later_changes_no_decision(network: Network, recordings: Callable[..., Recording]) -> None:
    trials = trials_of(recordings(noise=1.5))
    other = replace(trials, X=trials.X.copy())
    other.X[15:] += 100.0
    first, second = (Calibration(made_decoder(network)) for _ in range(2))
    first.learn(trials)
    second.learn(other)
    assert first.decisions[:7] == second.decisions[:7]
    assert first.decisions[7:] != second.decisions[7:]


def test_it_does_not_matter_how_many_trials_come_at_once(network: Network, recording: Recording) -> None:
    trials = trials_of(recording)
    together, alone = (Calibration(made_decoder(network)) for _ in range(2))
    together.learn(trials)
    for row in range(len(trials)):
        alone.learn(some(trials, slice(row, row + 1)))
    assert together.decisions == alone.decisions
    np.testing.assert_array_equal(together.right, alone.right)


def test_decisions_begin_with_a_few_trials_of_each_answer_in_two_runs(
    network: Network, recordings: Callable[..., Recording]
) -> None:
    trials = trials_of(recordings(n_runs=8))
    one_run = replace(trials, run=np.zeros(len(trials), np.int64))
    assert np.isnan(Calibration(made_decoder(network)).learn(one_run)).all()
    shoes_late = np.concatenate([np.flatnonzero(trials.label != "shoe"), np.flatnonzero(trials.label == "shoe")])
    found = Calibration(made_decoder(network)).learn(some(trials, shoes_late))
    assert np.isnan(found[: 24 + 2]).all()
    assert np.isfinite(found[24 + 2 :]).all()


def test_learning_shows_and_is_told(network: Network, recordings: Callable[..., Recording]) -> None:
    calibration = Calibration(made_decoder(network), good_enough=0.6)
    calibration.learn(trials_of(recordings(n_runs=3, noise=0.8)))
    assert not calibration.progress().good_enough
    assert "cannot be told yet" in calibration.progress().message
    calibration = Calibration(made_decoder(network), good_enough=0.6)
    calibration.learn(trials_of(recordings(n_runs=14, noise=1.2)))
    progress = calibration.progress(extra=10)
    assert progress.n_learned == 56
    assert progress.accuracy.low >= 0.6
    assert progress.good_enough
    assert "reached" in progress.message
    assert "chance 0.25" in progress.message
    assert "10 more trials" in progress.message


def test_shuffled_labels_never_are_good_enough(network: Network, recordings: Callable[..., Recording]) -> None:
    trials = trials_of(recordings(n_runs=10))
    right = []
    calibrations = [Calibration(made_decoder(network), good_enough=0.5) for _ in range(8)]
    for seed, calibration in enumerate(calibrations):
        calibration.learn(replace(trials, label=np.random.default_rng(seed).permutation(trials.label)))
        assert not calibration.progress().good_enough
        right += calibration.right.tolist()
    low, high = binomtest(round(sum(right)), len(right)).proportion_ci(0.99)
    assert low < calibrations[0].chance == 0.25 < high


def test_trials_that_share_samples_are_decided_before_any_is_learned(network: Network, recording: Recording) -> None:
    trials = windows(RunningAverage(max_samples=3), recording)
    assert len(trials) > len(np.unique(trials.event))
    together, alone = (Calibration(made_decoder(network)) for _ in range(2))
    found = together.learn(trials)
    np.testing.assert_array_equal(np.isnan(found), trials.run < 2)
    # The trials of an event that come late are learned from, and do not count.
    counted = [np.isfinite(alone.learn(some(trials, slice(row, row + 1)))[0]) for row in range(len(trials))]
    assert sum(counted) == len(np.unique(trials.event)) - 8
    assert alone.n_learned == together.n_learned == len(trials)


def test_features_are_fitted_anew_too(network: Network, recordings: Callable[..., Recording]) -> None:
    """What features learn, they learn from the trials before: the last fit is that of a decoder on all of them."""
    recording = recordings()
    window = Epoch(0.0, 6.0)
    settings = {"window": window, "features": Scaled()}
    calibration = Calibration(made_decoder(network, **settings))
    trials = windows(window, recording)
    calibration.learn(some(trials, trials.run < 5))
    calibration.learn(some(trials, trials.run == 5))
    fitted = made_decoder(network, **settings).fit(recording.select(runs=recording.runs[:5]))
    first = int(np.flatnonzero(trials.run == 5)[0])
    assert fitted.decide(some(trials, slice(first, first + 1)))[0] == calibration.decisions[first - 8]


def test_whitening_goes_by_samples_from_before(network: Network, recordings: Callable[..., Recording]) -> None:
    before, today = recordings(n_runs=4), recordings(n_runs=4, seed=1)
    with pytest.raises(InputError, match="whiten"):
        Calibration(made_decoder(network, whiten="samples"))
    calibration = Calibration(made_decoder(network, whiten="samples"), samples=before.data)
    trials = trials_of(today)
    calibration.learn(trials)
    whitener = Whitener().fit(before.data)
    plain = Calibration(made_decoder(network))
    plain.learn(replace(trials, X=whitener.transform(trials.X).astype(np.float32)))
    assert [one.answer for one in calibration.decisions] == [one.answer for one in plain.decisions]


def test_what_cannot_be_is_refused(network: Network, recording: Recording) -> None:
    with pytest.raises(InputError, match="good_enough"):
        Calibration(made_decoder(network), good_enough=0.0)
    with pytest.raises(InputError, match="fit_window"):
        Calibration(made_decoder(network, fit_window=BlockAverage(start_s=2.0)))
    calibration = Calibration(made_decoder(network))
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
    calibration.learn(some(trials, slice(0, 1)))
    with pytest.raises(InputError, match="expected 20 numbers a trial, as before, got 19"):
        calibration.learn(replace(trials, X=trials.X[:, :19]))


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
    settings = Settings("8", adapter=RidgeAdapter(100.0, gain="total"), readout=NearestReadout())
    calibration = Calibration(Decoder(open_network("smollm2-135m-instruct"), words, settings), good_enough=0.5)
    reached, forecasts = [], {}
    for run_now in np.unique(trials.run):
        calibration.learn(some(trials, trials.run == run_now))
        if not len(calibration.right):
            continue
        reached.append(calibration.progress().good_enough)
        if calibration.curve().silent is None:
            forecasts[len(reached)] = calibration.curve().at(90)
    thirds = [part.mean() for part in np.array_split(calibration.right, 3)]
    assert thirds[0] < 0.7 < thirds[-1]
    assert len(reached) == 10  # two runs of a few trials each come first
    assert not reached[0]
    assert reached[-1]
    assert 1 not in forecasts
    assert forecasts[6].low <= calibration.right[-16:].mean() <= forecasts[6].high
