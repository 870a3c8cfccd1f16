"""Controls that make every choice anew, against evaluations of recordings with other labels and of another network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder import Choice, Decoder, LabelReadout, NearestReadout, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.controls import UNTRAINED_NEAREST, shuffled_within
from hotwire.decoder.evaluation.fold_data import FoldData
from hotwire.decoder.evaluation.splits import splits_of
from hotwire.decoder.statistics.permutation import exchanges
from hotwire.decoder.steps import Detrend
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
SETTINGS = Settings("first", whiten="samples", readout=LabelReadout())
CHOOSE = [
    Choice("steps", [(), (Detrend(),), (Detrend(2),)], "nearest"),
    Choice("window", [BlockAverage(), BlockAverage(start_s=2.0)], "nearest"),
    Choice("layer", ["first", "second"], "readout"),
]
pytestmark = pytest.mark.filterwarnings("ignore:response")

SHUFFLED, UNTRAINED = "shuffled pairing", "untrained network"


def test_a_shuffle_is_an_evaluation_with_exchanged_labels(
    network: Network, recordings: Callable[..., Recording]
) -> None:
    recording = recordings(noise=1.0)
    decoder, options = Decoder(network, TARGETS, SETTINGS), {"choose": CHOOSE, "n_permutations": 10}
    redone = evaluate(decoder, recording, controls=[SHUFFLED], controls_redo="search", n_shuffles=2, seed=3, **options)
    trials = windows(SETTINGS.window, recording)
    order = exchanges(shuffled_within(trials), trials.event, 2, seed=3)[0]
    labels = recording.events.label.copy()
    labels[trials.event] = trials.label[order]
    exchanged = replace(recording, events=replace(recording.events, label=labels))
    by_hand = evaluate(decoder, exchanged, controls=(), **options)
    np.testing.assert_allclose(redone.controls[SHUFFLED].scores, by_hand.decoder.scores, atol=1e-5)
    # The choices are others than with the true labels; else nothing would be tested.
    assert by_hand.chosen != redone.chosen
    fitted = evaluate(decoder, recording, controls=[SHUFFLED], n_shuffles=2, seed=3, **options)
    assert not np.allclose(redone.controls[SHUFFLED].scores, fitted.controls[SHUFFLED].scores, atol=1e-3)
    np.testing.assert_array_equal(redone.decoder.scores, fitted.decoder.scores)


@pytest.mark.filterwarnings("ignore:words")  # an untrained network may not give them
@pytest.mark.parametrize("name", [UNTRAINED, UNTRAINED_NEAREST])
def test_an_untrained_network_chooses_for_itself(
    network: Network, recordings: Callable[..., Recording], name: str
) -> None:
    recording = recordings(noise=1.0)
    options = {"choose": CHOOSE, "n_permutations": 10}
    redone = evaluate(
        Decoder(network, TARGETS, SETTINGS), recording, controls=[name], controls_redo="search", **options
    )
    settings = replace(SETTINGS, readout=NearestReadout()) if name == UNTRAINED_NEAREST else SETTINGS
    by_hand = evaluate(Decoder(network.untrained(0), TARGETS, settings), recording, controls=(), **options)
    np.testing.assert_allclose(redone.controls[name].scores, by_hand.decoder.scores, atol=1e-5)


def test_without_choices_both_are_the_same(network: Network, recording: Recording) -> None:
    found = [
        evaluate(Decoder(network, TARGETS, SETTINGS), recording, controls_redo=redo, n_permutations=10)
        for redo in ("fit", "search")
    ]
    for name, control in found[0].controls.items():
        np.testing.assert_array_equal(control.scores, found[1].controls[name].scores)
    assert [one.controls_redo for one in found] == ["fit", "search"]


def test_whole_classes_stay_held_out(network: Network, recordings: Callable[..., Recording]) -> None:
    """Exchanged targets come from the fold's training alone, and the whitening is that of the true labels."""
    recording = recordings(n_runs=8, noise=1.0)
    labels = [f"{name}{run % 2}" for name, run in zip(recording.events.label, recording.events.run, strict=True)]
    recording = replace(recording, events=replace(recording.events, label=np.array(labels)))
    words = {label: label for label in sorted(set(labels))}
    decoder = Decoder(network, WordTargets(words), replace(SETTINGS, readout=NearestReadout()))
    options = {"folds": {"classes": 2}, "inner_folds": 2, "controls": [SHUFFLED], "n_shuffles": 1}
    found = evaluate(decoder, recording, choose=CHOOSE, controls_redo="search", n_permutations=10, **options)
    assert 0.2 < found.controls[SHUFFLED].measures["pairwise"].value < 0.8

    data = FoldData(network, decoder.targets, recording, ["first"])
    trials = data.trials(SETTINGS)
    splits, _ = splits_of(recording.runs, trials.run, data.truth(trials), {"classes": 2}, seed=0)
    for held_out in splits:
        train = np.flatnonzero(held_out.trains(trials.run, data.truth(trials)))
        order = exchanges(np.zeros(len(train)), trials.event[train], 1, seed=0)[0]
        exchanged = data.with_keys(trials.event[train], data.keys(trials)[train][order])
        assert (exchanged.truth(trials) != data.truth(trials)).any()
        np.testing.assert_array_equal(held_out.trains(trials.run, exchanged.truth(trials)).nonzero()[0], train)
        theirs, ours = (one.whitener("samples", (), (SETTINGS.window,), held_out) for one in (exchanged, data))
        np.testing.assert_array_equal(theirs.transform(trials.X), ours.transform(trials.X))


def test_trials_of_an_exchanged_event_go_together(network: Network, recording: Recording) -> None:
    data = FoldData(network, TARGETS, recording, ["first"])
    trials = windows(BlockAverage(), recording)
    turned = data.with_keys(trials.event, np.roll(data.keys(trials), 1))
    np.testing.assert_array_equal(turned.keys(trials), np.roll(data.keys(trials), 1))
    later = windows(BlockAverage(start_s=2.0), recording)
    np.testing.assert_array_equal(turned.truth(later), turned.truth(trials))
    np.testing.assert_array_equal(data.keys(trials), TARGETS.key_of(trials))


def test_wrong_policy(network: Network, recording: Recording) -> None:
    with pytest.raises(UnknownNameError, match="unknown controls_redo 'all'"):
        evaluate(Decoder(network, TARGETS, SETTINGS), recording, controls_redo="all")  # type: ignore[arg-type]
