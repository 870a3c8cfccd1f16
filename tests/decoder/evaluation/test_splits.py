"""Folds of whole classes: nothing of a class that is tested is ever in the training, and what that leaves is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.decoder import (
    Choice,
    Decoder,
    LabelReadout,
    NearestReadout,
    Recording,
    Settings,
    StimulusTargets,
    WordTargets,
    evaluate,
    tune,
)
from hotwire.decoder.evaluation import evaluate as evaluation
from hotwire.decoder.evaluation.controls import CONTROLS, UNTRAINED_NEAREST
from hotwire.decoder.evaluation.splits import HeldOut, split_classes
from hotwire.decoder.readers import read_responses
from hotwire.decoder.statistics.measures import pairwise
from hotwire.errors import InputError
from hotwire.models import Network

N_CLASSES, N_STATES = 16, 8


class Sorting(Network):
    """Sorts vectors into sixteen classes; random weights sort otherwise, and from other states."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.name = "sorting" if seed == 0 else "sorting (untrained)"
        self.layers = {"states": (N_STATES,)}
        self.labels = tuple(f"class {i}" for i in range(N_CLASSES))
        self._states = np.eye(N_STATES) if seed == 0 else rng.normal(size=(N_STATES, N_STATES))
        self._last = np.random.default_rng(seed + 5).normal(size=(N_STATES, N_CLASSES)).astype(np.float32)

    def untrained(self, seed: int = 0) -> Sorting:
        return Sorting(seed + 1)

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> Sequence[np.ndarray]:
        return [(np.stack(stimuli) @ self._states).astype(np.float32) for _ in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return activations @ self._last

    def _forward(self, stimuli: Any) -> np.ndarray:
        return self._resume("states", self._record(stimuli, ("states",))[0])

    def _weights(self) -> list[tuple[str, np.ndarray]]:
        return [("states", self._states), ("last", self._last)]


@pytest.fixture(scope="module")
def shown() -> tuple[Recording, Decoder]:
    """Neurons that mix the network's states, and noise: a run for each stimulus."""
    rng = np.random.default_rng(3)
    stimuli = {f"{i:03}": rng.normal(size=N_STATES).astype(np.float32) for i in range(240)}
    responses = np.stack(list(stimuli.values())) @ rng.normal(size=(N_STATES, 30)) + 2 * rng.normal(size=(240, 30))
    recording = read_responses(responses.T.astype(np.float32), list(stimuli))
    network = Sorting()
    return recording, Decoder(network, StimulusTargets(stimuli, network), Settings("states"))


def test_a_network_tells_classes_apart_that_were_never_trained_on(shown: tuple[Recording, Decoder]) -> None:
    recording, decoder = shown
    found = evaluate(decoder, recording, folds={"classes": 4}, n_permutations=500)
    measures = found.decoder.measures
    assert found.main == "pairwise"
    assert measures["pairwise"].value > 0.7
    assert measures["pairwise"].p_value < 0.01
    assert measures["pairwise"].low > measures["pairwise"].chance
    assert found.ceiling.measures["pairwise"].value == 1.0
    shuffled = found.controls["shuffled pairing"].measures["pairwise"]
    assert shuffled.low < 0.5 < shuffled.high
    # Each fold's classes lie whole in it, and each trial was tested once.
    assert found.classes is not None
    for answer in np.unique(found.truth):
        assert len(np.unique(found.fold[found.truth == answer])) == 1
    assert {one.check: one.verdict for one in found.findings}["classes"] == "fine"


def test_measures_by_hand(shown: tuple[Recording, Decoder]) -> None:
    """Pairs of classes held out together alone; chance is each fold's best constant guess."""
    recording, decoder = shown
    found = evaluate(decoder, recording, folds={"classes": 4}, controls=(), n_permutations=10)
    truth, classes, scores = found.truth, found.classes, found.decoder.scores
    assert classes is not None
    won, against_all = [], []
    for i, score in enumerate(scores):
        for rivals, into in ((classes == classes[i], won), (np.ones(len(truth), bool), against_all)):
            others = truth[rivals & (truth != truth[i])]
            into.append(np.mean((score[truth[i]] > score[others]) + 0.5 * (score[truth[i]] == score[others])))
    measures = found.decoder.measures
    np.testing.assert_allclose(measures["pairwise"].value, np.mean(won))
    np.testing.assert_allclose(measures["against all"].value, np.mean(against_all))
    np.testing.assert_allclose(
        measures["candidate"].chance, sum(np.bincount(truth[classes == k]).max() for k in range(4)) / len(truth)
    )
    # A constant that puts what the training lacks first, frequent answers before rare ones.
    count = np.bincount(truth, minlength=len(found.answers))
    of_answer = {int(answer): int(classes[truth == answer][0]) for answer in np.unique(truth)}
    guess = np.array([[count[a] + 1000 * (of_answer[a] == k) for a in range(len(count))] for k in classes])
    np.testing.assert_allclose(measures["pairwise"].chance, pairwise(guess, truth, classes).mean())
    np.testing.assert_allclose(measures["against all"].chance, pairwise(guess, truth).mean())


def test_no_fit_ever_sees_a_held_out_class(shown: tuple[Recording, Decoder], monkeypatch: pytest.MonkeyPatch) -> None:
    """Outer and inner, of the decoder and of the shuffled pairing: neither its trials nor its activations."""
    recording, decoder = shown
    seen: list[tuple[Any, Any, Any]] = []
    fit = RidgeAdapter.fit

    def spy(self: RidgeAdapter, X: Any, Y: Any, groups: Any = None) -> RidgeAdapter:
        seen.append((np.asarray(X), np.asarray(Y), np.asarray(groups)))
        return fit(self, X, Y, groups)

    monkeypatch.setattr(evaluation, "in_parallel", lambda calls, *_: [call() for call in calls])
    monkeypatch.setattr(RidgeAdapter, "fit", spy)
    choose = [Choice("readout", [LabelReadout("remove"), NearestReadout()])]
    found = evaluate(
        decoder, recording, folds={"classes": 4}, choose=choose, controls=CONTROLS[:1], n_shuffles=2, n_permutations=10
    )
    activations = np.stack(list(decoder.targets.stimuli.values()))  # type: ignore[attr-defined]
    data, truth = found.trials.X, found.truth
    per_fold = 2 * 4 + 1
    assert len(seen) == 4 * (per_fold + 2)
    folds = [number // per_fold for number in range(4 * per_fold)] + [0, 1, 2, 3] * 2
    for (X, Y, groups), fold in zip(seen, folds, strict=True):
        ours = found.fold == fold
        assert not (X[:, None] == data[ours]).all(axis=2).any()
        assert not (Y[:, None] == activations[ours]).all(axis=2).any()
        # The strength is chosen by leaving out whole classes as well.
        assert set(groups) <= set(truth[~ours])
    for number, (_, _, groups) in enumerate(seen[: 4 * per_fold]):
        assert (set(groups) == set(truth[found.fold != folds[number]])) == (number % per_fold == per_fold - 1)


def test_where_runs_hold_several_classes_each_is_tested_in_runs_of_its_own(
    network: Network, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the class nor the run that is tested is fitted on, and the whitening knows no sample of the class."""
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    whitened: list[np.ndarray] = []
    stretches: list[list[int]] = []
    fit = Whitener.fit

    def spy(self: Whitener, X: Any, groups: Any, **more: Any) -> Whitener:
        whitened.append(np.asarray(X))
        stretches.append(np.unique(groups, return_counts=True)[1].tolist())
        return fit(self, X, groups=groups, **more)

    monkeypatch.setattr(evaluation, "in_parallel", lambda calls, *_: [call() for call in calls])
    monkeypatch.setattr(Whitener, "fit", spy)
    decoder = Decoder(network, targets, Settings("first", whiten="effective samples"))
    found = evaluate(decoder, recording, folds={"classes": 2}, controls=(), n_permutations=10)
    n_runs = len(recording.runs)
    assert len(found.chosen) == len(whitened) == 2 * n_runs
    for fold, samples in enumerate(whitened):
        test = found.fold == fold
        [run] = set(found.trials.run[test].tolist())
        classes = set(found.truth[test].tolist())
        assert len(classes) == 2
        # Of every other run: 20 samples, three of each of the four blocks; those of two blocks are away.
        assert len(samples) == (n_runs - 1) * (20 - 2 * 3)
        # What is away separates the samples on both sides of it.
        assert len(stretches[fold]) >= 2 * (n_runs - 1)
        for i in np.flatnonzero(np.isin(found.truth, list(classes)) | (found.trials.run == run)):
            rows = recording.data[recording.samples_of(found.trials.run[i].item())]
            first, stop = (round(at * recording.rate_hz) for at in (found.trials.start_s[i], found.trials.stop_s[i]))
            assert not (samples[:, None] == rows[first:stop]).all(axis=2).any()


@given(st.lists(st.integers(0, 9), min_size=8, max_size=60), st.integers(1, 6), st.integers(2, 4))
def test_every_trial_is_tested_once_and_its_class_and_run_never_trained_on(
    truth_list: list[int], n_runs: int, n_folds: int
) -> None:
    truth = np.array(truth_list)
    run = np.arange(len(truth)) % n_runs
    n_classes = len(np.unique(truth))
    if n_classes < 2 * n_folds or n_runs < 2:
        with pytest.raises(InputError, match="folds: expected"):
            split_classes(run, truth, n_folds)
        return
    splits = split_classes(run, truth, n_folds)
    tested = np.array([one.tests(run, truth) for one in splits])
    np.testing.assert_array_equal(tested.sum(axis=0), 1)
    for one, test in zip(splits, tested, strict=True):
        train = one.trains(run, truth)
        assert not set(truth[train]) & set(truth[test])
        assert not set(run[train]) & set(run[test])
        assert len(one.classes or ()) >= 2


def test_names_of_runs_may_be_longer_than_those_of_the_trials() -> None:
    run = np.array(["a", "b"])
    np.testing.assert_array_equal(HeldOut(("another",)).trains(run, None), [True, True])
    np.testing.assert_array_equal(HeldOut(()).trains(run, None), [True, True])


def test_choices_of_a_fit_are_made_by_classes_too(
    shown: tuple[Recording, Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, decoder = shown
    left_out: list[set[int]] = []
    fit = RidgeAdapter.fit
    truth = decoder.targets.truth()

    def spy(self: RidgeAdapter, X: Any, Y: Any, groups: Any = None) -> RidgeAdapter:
        left_out.append(set(truth) - {int(truth[np.flatnonzero((recording.data == x).all(axis=1))[0]]) for x in X})
        return fit(self, X, Y, groups)

    monkeypatch.setattr(evaluation, "in_parallel", lambda calls, *_: [call() for call in calls])
    monkeypatch.setattr(RidgeAdapter, "fit", spy)
    tune(decoder, recording, [Choice("readout", [NearestReadout(), LabelReadout()])], folds={"classes": 5})
    assert len(left_out) == 2 * 4
    assert all(len(classes) >= 2 for classes in left_out)
    assert set.union(*left_out[:4]) == set(truth)


def test_wrong_inputs(shown: tuple[Recording, Decoder], network: Network, recording: Recording) -> None:
    pictures, decoder = shown
    with pytest.raises(
        InputError, match="field: expected none where whole classes are held out, got lda: a classifier"
    ):
        evaluate(decoder, pictures, folds={"classes": 4}, field=["lda"])
    with pytest.raises(InputError, match="folds: expected 2 to 7 folds for 15 classes, at least two classes in each"):
        evaluate(decoder, pictures, folds={"classes": 9})
    for wrong in ({"classes": 1}, {"classes": True}, {"labels": 4}, {"classes": 4, "runs": 2}):
        with pytest.raises(InputError, match=r"folds: expected 'run', .* \{ classes = NUMBER \}"):
            evaluate(decoder, pictures, folds=wrong)  # type: ignore[arg-type]
    words = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    choose = [Choice("layer", ["first", "second"])]
    with pytest.raises(InputError, match="choose: expected at least four classes in every fold's training"):
        evaluate(Decoder(network, words, Settings("first")), recording, folds={"classes": 2}, choose=choose)


def test_labels_alone_do_as_well_among_trained_classes(network: Network, recording: Recording) -> None:
    """And where asked for only; the nearest target says nothing freely."""
    words = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    decoder = Decoder(network, words, Settings("first", whiten="effective samples"))
    found = evaluate(decoder, recording, controls=[*CONTROLS, UNTRAINED_NEAREST], n_permutations=200)
    assert list(found.controls) == [*CONTROLS, UNTRAINED_NEAREST]
    alone = found.controls[UNTRAINED_NEAREST]
    assert alone.measures["candidate"].value > 0.9
    assert found.controls["untrained network"].measures["candidate"].value < 0.6
    assert alone.texts is None
    assert UNTRAINED_NEAREST not in evaluate(decoder, recording, n_permutations=10).controls
