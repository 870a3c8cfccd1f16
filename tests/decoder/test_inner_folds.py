"""Calibration within the training runs: what it uses, and where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets
from hotwire.decoder import inner_folds as module
from hotwire.decoder.decision import DecisionRule
from hotwire.decoder.evaluation.choices import Choice
from hotwire.decoder.evaluation.evaluate import evaluate
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.statistics.calibration import ScoreCalibration
from hotwire.decoder.steps import Detrend
from hotwire.decoder.windows import BlockAverage, RunningAverage, SlidingAverage
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
TWO = WordTargets({"cat": "cat", "face": "face"})
SETTINGS = Settings("first", steps=[Detrend()], readout=NearestReadout())
Made = Callable[..., Recording]
pytestmark = pytest.mark.filterwarnings("ignore:response")


def of_two(recording: Recording) -> Recording:
    return recording.select(labels=["cat", "face"])


def test_probabilities_move_and_the_order_of_more_than_two_classes_does_not(network: Network, recordings: Made) -> None:
    recording, new = recordings(noise=2.0, n_runs=6), recordings(noise=2.0, n_runs=2, seed=9)
    ours = Decoder(network, TARGETS, SETTINGS).fit(recording)
    theirs = Decoder(network, TARGETS, replace(SETTINGS, probabilities="network")).fit(recording)
    assert ours.calibration_ is not None
    assert theirs.calibration_ is None
    decided = [(a, b) for a, b in zip(ours.predict(new), theirs.predict(new), strict=True)]
    assert [a.answer for a, _ in decided] == [b.answer for _, b in decided]
    assert all(a.probabilities != b.probabilities for a, b in decided)
    # Scores of the nearest target are over a temperature of their own; a softmax is of any sum.
    for a, b in decided:
        scores = np.log([list(b.probabilities.values())])
        expected = ours.calibration_.probabilities(scores)[0]
        np.testing.assert_allclose(list(a.probabilities.values()), expected, rtol=1e-9)


def test_a_fold_is_calibrated_without_its_held_out_runs(network: Network, recordings: Made) -> None:
    """Other labels of one run change the calibration of all folds but the one that holds it out."""
    recording = of_two(recordings(noise=2.0, n_runs=6))
    label = recording.events.label.copy()
    of_run = recording.events.run == recording.runs[2]
    label[of_run] = label[of_run][::-1]
    assert (label != recording.events.label).any()
    changed = replace(recording, events=replace(recording.events, label=label))
    found = [
        evaluate(Decoder(network, TWO, SETTINGS), one, controls=(), n_permutations=10).calibrations
        for one in (recording, changed)
    ]
    assert [a == b for a, b in zip(*found, strict=True)] == [run == 2 for run in range(6)]
    assert None not in found[0]


@pytest.mark.parametrize("readout", [NearestReadout(), LabelReadout("remove")], ids=["nearest", "remove"])
def test_scores_that_settings_were_chosen_by_give_the_same_calibration(
    network: Network, recordings: Made, readout: NearestReadout | LabelReadout
) -> None:
    recording, decoder = of_two(recordings(noise=2.0)), Decoder(network, TWO, replace(SETTINGS, readout=readout))
    options = {"controls": (), "n_permutations": 10}
    without = evaluate(decoder, recording, **options).calibrations
    chosen = evaluate(decoder, recording, choose=[Choice("layer", ["first", "first"])], **options).calibrations
    for ours, theirs in zip(without, chosen, strict=True):
        assert ours is not None
        assert theirs is not None
        assert ours.temperature == pytest.approx(theirs.temperature)


def test_many_trials_are_drawn_from(network: Network, recordings: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TRIALS", 7)
    tested, real = [], module.fit_calibration

    def noted(scores: np.ndarray, truth: np.ndarray) -> ScoreCalibration:
        tested.append(len(truth))
        return real(scores, truth)

    monkeypatch.setattr(module, "fit_calibration", noted)
    Decoder(network, TARGETS, SETTINGS).fit(recordings())
    assert tested == [7]


def test_too_few_runs_are_said(network: Network, recordings: Made) -> None:
    decoder = Decoder(network, TARGETS, SETTINGS)
    with pytest.warns(UserWarning, match="probabilities: expected at least 3 runs with several classes.*got 2"):
        decoder.fit(recordings(n_runs=2))
    assert decoder.calibration_ is None
    equal = replace(SETTINGS, decision=DecisionRule("equal"))
    with pytest.raises(InputError, match=r'decision\.prior: expected "training", .* need 3 training runs.*got 2'):
        Decoder(network, TARGETS, equal).fit(recordings(n_runs=2))
    with pytest.raises(InputError, match='probabilities = "calibrated"'):
        replace(equal, probabilities="network")
    found = evaluate(decoder, recordings(n_runs=3), controls=(), n_permutations=10)
    assert found.calibrations == (None,) * 3


def test_held_out_classes_are_not_calibrated(network: Network, recordings: Made) -> None:
    found = evaluate(
        Decoder(network, TARGETS, SETTINGS), recordings(), folds={"classes": 2}, controls=(), n_permutations=10
    )
    assert set(found.calibrations) == {None}


def test_windows_that_slide_are_calibrated_by_those_of_the_fit(network: Network, recordings: Made) -> None:
    sliding = replace(SETTINGS, window=SlidingAverage(6.0, 2.0), fit_window=BlockAverage())
    ours = Decoder(network, TARGETS, sliding).fit(recordings(noise=2.0))
    theirs = Decoder(network, TARGETS, replace(SETTINGS, window=BlockAverage())).fit(recordings(noise=2.0))
    assert ours.calibration_ == theirs.calibration_
    live = replace(SETTINGS, window=RunningAverage(max_samples=2), fit_window=BlockAverage())
    assert Decoder(network, TARGETS, live).fit(recordings(noise=2.0)).calibration_ != theirs.calibration_


def test_a_rare_class_is_expected_as_often_as_it_was(network: Network, recordings: Made) -> None:
    """Of two classes whose scores say little the frequent one is decided for; with an equal prior, either."""
    recording = recordings(noise=3.0, n_runs=12)
    label = np.where(recording.events.label == "cat", "cat", "face")
    recording = replace(recording, events=replace(recording.events, label=label))
    options = {"controls": (), "n_permutations": 10}
    shares, right = {}, {}
    for prior in ("training", "equal"):
        settings = replace(SETTINGS, decision=DecisionRule(prior))
        found = evaluate(Decoder(network, TWO, settings), recording, **options)
        shares[prior] = np.mean(found.decoder.chosen == 1)
        right[prior] = found.decoder.measures["candidate"].value
        assert found.decoder.measures["candidate"].value == np.mean(found.decoder.chosen == found.truth)
    assert shares["training"] > 0.9
    assert right["training"] == pytest.approx(0.75, abs=0.05)
    assert 0.3 < shares["equal"] < 0.7


def test_the_auc_and_pairs_stay(network: Network, recordings: Made) -> None:
    recording = of_two(recordings(noise=4.0, n_runs=8))
    ours, theirs = (
        evaluate(
            Decoder(network, TWO, replace(SETTINGS, probabilities=probabilities)),
            recording,
            controls=(),
            n_permutations=10,
        )
        for probabilities in ("calibrated", "network")
    )
    for name in ("auc", "pairwise"):
        assert ours.decoder.measures[name] == theirs.decoder.measures[name]
    np.testing.assert_array_equal(ours.decoder.scores, theirs.decoder.scores)


def test_what_it_costs_to_miss_a_class(network: Network, recordings: Made) -> None:
    recording = recordings(noise=4.0, n_runs=8)
    dear = replace(SETTINGS, decision=DecisionRule(costs={"shoe": 50.0}))
    ours, theirs = (
        evaluate(Decoder(network, TARGETS, one), recording, controls=(), n_permutations=10) for one in (dear, SETTINGS)
    )
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    shoe = TARGETS.answers.index("shoe")
    assert np.mean(ours.decoder.chosen == shoe) > np.mean(theirs.decoder.chosen == shoe) + 0.2
    fitted = Decoder(network, TARGETS, dear).fit(recording)
    for one in fitted.predict(recordings(noise=4.0, n_runs=2, seed=5)):
        weighted = {name: p * (50.0 if name == "shoe" else 1.0) for name, p in one.probabilities.items()}
        assert one.answer == max(weighted, key=weighted.__getitem__)
    with pytest.raises(UnknownNameError, match="'boot'"):
        Decoder(network, TARGETS, replace(SETTINGS, decision=DecisionRule(costs={"boot": 2.0})))
