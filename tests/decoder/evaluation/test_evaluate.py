from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.adapters import plan as plan_module
from hotwire.adapters.plan import FitPlan
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
from hotwire.decoder.evaluation import choices
from hotwire.decoder.evaluation import evaluate as evaluation
from hotwire.decoder.evaluation.choices import folds_at_once
from hotwire.decoder.evaluation.controls import CONTROLS, shuffled_within
from hotwire.decoder.evaluation.fold_data import FoldData
from hotwire.decoder.evaluation.rivals import compare
from hotwire.decoder.evaluation.splits import split_runs
from hotwire.decoder.readers import read_responses
from hotwire.decoder.steps import Detrend, ExponentialBaseline
from hotwire.decoder.windows import BlockAverage, RunningAverage, Trials
from hotwire.errors import InputError, LeakError, RecordingError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


@pytest.fixture
def decoder(network: Network) -> Decoder:
    return Decoder(network, TARGETS, Settings("first", steps=[Detrend()], whiten="samples"))


def test_decodes_new_runs_and_controls_do_not(decoder: Decoder, recordings: Callable[..., Recording]) -> None:
    found = evaluate(decoder, recordings(n_runs=8), n_permutations=500)
    assert found.decoder.measures["candidate"].value > 0.9
    assert found.decoder.measures["pairwise"].p_value < 0.01
    assert found.ceiling.measures["candidate"].value == 1.0
    assert list(found.controls) == list(CONTROLS)
    assert found.controls["shuffled pairing"].measures["pairwise"].p_value > 0.01
    # Random weights keep some geometry of so few states; they must not decode like trained ones.
    assert found.controls["untrained network"].measures["candidate"].value < 0.6
    assert found.controls["mean activation"].measures["candidate"].value == 0.25
    assert found.controls["mean activation"].measures["pairwise"].value == 0.5


def test_pure_noise_is_at_chance(decoder: Decoder, recordings: Callable[..., Recording]) -> None:
    """With many choices, too: they are made where the held-out run is not seen."""
    noise = recordings(n_runs=10, noise=1.0)
    labels = noise.events.label
    silent = Recording(
        np.random.default_rng(0).normal(size=noise.data.shape).astype(np.float32),
        noise.rate_hz,
        noise.feature_names,
        noise.run,
        noise.events,
    )
    choose = [
        Choice("steps", [(Detrend(order),) for order in (1, 2, 3)], "nearest"),
        Choice("layer", ["first", "second"]),
        Choice("adapter", [RidgeAdapter(alphas=alpha, gain="total") for alpha in (0.1, 10.0, 1e3)]),
    ]
    with pytest.warns(UserWarning, match="response: The window, 0 to 6 s after the onset, ends before"):
        found = evaluate(decoder, silent, choose=choose, controls=(), n_permutations=500)
    pairwise = found.decoder.measures["pairwise"]
    assert pairwise.p_value > 0.01
    assert pairwise.low < 0.5 < pairwise.high
    assert len(found.truth) == len(labels)


LIVE = Settings(
    "first",
    steps=[ExponentialBaseline(60.0)],
    window=RunningAverage(max_samples=2),
    whiten="samples",
    fit_steps=[Detrend()],
    fit_window=BlockAverage(),
)


@pytest.mark.parametrize(
    "settings",
    [Settings("second", steps=[Detrend()], whiten="samples", readout=LabelReadout("remove")), LIVE],
    ids=["offline", "live"],
)
def test_one_fold_by_hand(network: Network, recording: Recording, settings: Settings) -> None:
    """The probabilities of a held-out run are those of a decoder that was fitted on the others."""
    found = evaluate(Decoder(network, TARGETS, settings), recording, controls=(), n_permutations=10)
    for run in (0, 4):
        others = [name for name in recording.runs if name != run]
        fitted = Decoder(network, TARGETS, settings).fit(recording.select(runs=others))
        decisions = fitted.predict(recording.select(runs=[run]))
        held_out = found.trials.run == run
        expected = np.array([list(decision.probabilities.values()) for decision in decisions])
        np.testing.assert_allclose(found.probabilities[held_out], expected, atol=1e-4)
        calibration = found.calibrations[run]
        assert calibration is not None
        assert fitted.calibration_ is not None
        assert calibration.temperature == pytest.approx(fitted.calibration_.temperature, rel=1e-3)


def test_what_is_decided_on_need_not_be_what_is_fitted_on(
    network: Network, recordings: Callable[..., Recording]
) -> None:
    recording = recordings(n_runs=8)
    choose = [Choice("fit_steps", [(Detrend(),), (Detrend(2),)], "nearest")]
    found = evaluate(Decoder(network, TARGETS, LIVE), recording, choose=choose, n_permutations=500)
    assert len(found.trials) == 3 * len(recording.events)
    assert found.decoder.measures["candidate"].value > 0.8
    assert found.controls["shuffled pairing"].measures["pairwise"].p_value > 0.01
    assert found.controls["untrained network"].measures["candidate"].value < 0.6
    uneven = [Choice("fit_window", [BlockAverage(), RunningAverage()], "nearest")]
    with pytest.raises(RecordingError, match="'fit_window' cut the recording into different trials"):
        evaluate(Decoder(network, TARGETS, LIVE), recording, choose=uneven)


def test_no_fit_ever_sees_a_held_out_run(
    network: Network, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every array that an adapter or a whitener is fitted on in a fold lacks that fold's run."""
    seen: list[tuple[str, Any]] = []
    fit_adapter, fit_whitener = RidgeAdapter.fit, Whitener.fit

    def spy_adapter(self: RidgeAdapter, X: Any, Y: Any, groups: Any = None) -> RidgeAdapter:
        seen.append(("adapter", set(groups)))
        return fit_adapter(self, X, Y, groups)

    def spy_whitener(self: Whitener, X: Any, **more: Any) -> Whitener:
        seen.append(("whitener", np.asarray(X)))
        return fit_whitener(self, X, **more)

    monkeypatch.setattr(evaluation, "in_parallel", lambda calls, *_: [call() for call in calls])
    monkeypatch.setattr(RidgeAdapter, "fit", spy_adapter)
    monkeypatch.setattr(Whitener, "fit", spy_whitener)
    settings = Settings("first", whiten="samples")
    choose = [Choice("layer", ["first", "second"]), Choice("readout", [LabelReadout(), NearestReadout()])]
    evaluate(Decoder(network, TARGETS, settings), recording, choose=choose, controls=(), n_permutations=10)
    whitened = [value for what, value in seen if what == "whitener"]
    assert len(whitened) == len(recording.runs)
    for run, samples in zip(recording.runs, whitened, strict=True):
        others = [name for name in recording.runs if name != run]
        np.testing.assert_array_equal(samples, recording.select(runs=others).data)
    # In each fold: a choice of two layers and one of two readouts, whose first goes with the layer just settled on, all
    # in four inner folds; then the fit on all training runs.
    groups = [value for what, value in seen if what == "adapter"]
    assert len(groups) == len(recording.runs) * (3 * 4 + 1)
    for number, run in enumerate(recording.runs):
        fold = groups[number * 13 : (number + 1) * 13]
        assert all(run not in used for used in fold)
        assert fold[-1] == set(recording.runs) - {run}


def test_no_whitening_outlives_its_fold(
    network: Network, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a whole brain each takes GB; and trials that are whitened need not be whitened again for each shuffle."""
    alive: list[weakref.ref[Whitener]] = []
    n_alive: list[int] = []
    n_transforms: list[int] = []
    fit, transform = Whitener.fit, Whitener.transform

    def spy_fit(self: Whitener, X: Any, **more: Any) -> Whitener:
        n_alive.append(sum(one() is not None for one in alive))
        alive.append(weakref.ref(self))
        return fit(self, X, **more)

    def spy_transform(self: Whitener, X: Any) -> Any:
        n_transforms.append(len(X))
        return transform(self, X)

    for module in (evaluation, compare):
        monkeypatch.setattr(module, "in_parallel", lambda calls, *_: [call() for call in calls])
    monkeypatch.setattr(Whitener, "fit", spy_fit)
    monkeypatch.setattr(Whitener, "transform", spy_transform)
    decoder = Decoder(network, TARGETS, Settings("first", whiten="samples"))
    gc.collect()
    gc.disable()
    try:
        evaluate(decoder, recording, n_shuffles=3, n_permutations=10)
        assert n_alive == [0] * len(recording.runs)
        assert sum(one() is not None for one in alive) == 0
        # Of each fold: to fit, and its trials to keep. Of each inner fold that calibrates: to fit and to decide.
        assert len(n_transforms) == (3 + 2 * 4) * len(recording.runs)
        choose = [Choice("steps", [(), (Detrend(0),), (Detrend(1),), (Detrend(2),)])]
        evaluate(decoder, recording, choose=choose, controls=(), n_permutations=10)
        assert max(n_alive) == 2
        evaluate(decoder, recording, choose=choose, controls=(), n_permutations=10, field=["lda", "centroid"])
        assert max(n_alive) == 2
        assert sum(one() is not None for one in alive) == 0
    finally:
        gc.enable()


def test_choices_are_made_and_told(decoder: Decoder, recording: Recording) -> None:
    """A hopeless window loses in every fold; of equals the first is taken."""
    choose = [
        Choice("window", [BlockAverage(start_s=-4.0, stop_s=0.0), BlockAverage()], "nearest"),
        Choice("readout", [NearestReadout(), NearestReadout(temperature=0.3)]),
    ]
    found = evaluate(decoder, recording, choose=choose, controls=(), n_permutations=10)
    for chosen in found.chosen:
        assert chosen["window"].startswith("BlockAverage(start_s=0.0")
        assert chosen["readout"] == "NearestReadout(temperature=0.1)"


def test_tuning_makes_the_choices_on_all_runs(decoder: Decoder, recording: Recording) -> None:
    choose = [Choice("window", [BlockAverage(start_s=-4.0, stop_s=0.0), BlockAverage()]), Choice("layer", ["second"])]
    tuned = tune(decoder, recording, choose)
    assert (tuned.settings.window, tuned.settings.layer) == (BlockAverage(), "second")
    assert decoder.settings.layer == "first"
    with pytest.raises(NotFittedError):
        tuned.predict(recording)


def test_pictures_are_evaluated_by_what_the_network_sees(network: Network) -> None:
    rng = np.random.default_rng(0)
    shown = {f"{i:03}.png": f"A picture of a {word}" for i, word in enumerate(rng.choice(["cat", "shoe", "face"], 60))}
    states = network.activations(list(shown.values()), ["first"])["first"]
    responses = states @ rng.normal(size=(12, 30)) + 0.5 * rng.normal(size=(60, 30))
    recording = read_responses(responses.T.astype(np.float32), list(shown))
    targets = StimulusTargets(shown, network)
    decoder = Decoder(network, targets, Settings("first"))
    with pytest.raises(LeakError, match="60 of 60 trials"):
        evaluate(decoder, recording, folds=5)
    with pytest.warns(UserWarning, match="the audit found leaks: stimuli: 60 of 60"):
        found = evaluate(decoder, recording, folds=5, controls=CONTROLS[:2], n_permutations=200, audit="warn")
    assert [one.check for one in found.findings if one.verdict != "fine"] == ["stimuli"]
    assert found.answers == ("cat", "face", "shoe")
    assert found.decoder.measures["pairwise"].value > 0.9
    assert found.decoder.measures["pairwise"].p_value < 0.01
    assert abs(found.controls["shuffled pairing"].measures["pairwise"].value - 0.5) < 0.15
    assert sorted(np.bincount(found.fold).tolist()) == [12] * 5


def test_same_seed_same_digits(decoder: Decoder, recording: Recording) -> None:
    one, two = (evaluate(decoder, recording, n_permutations=50) for _ in range(2))
    for (_, a), (_, b) in zip(one.rows(), two.rows(), strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)
        assert a.measures == b.measures


@pytest.mark.parametrize(("runs", "folds"), [(12, "run"), (12, 12), (100, 10), (7, 3)])
def test_runs_are_held_out_whole_and_once(runs: int, folds: Any) -> None:
    held_out = split_runs(list(range(runs)), folds)
    assert sorted(run for fold in held_out for run in fold) == list(range(runs))
    assert len(held_out) == (runs if folds == "run" else folds)


def test_wrong_inputs(decoder: Decoder, recording: Recording) -> None:
    with pytest.raises(InputError, match="a run is never split"):
        evaluate(decoder, recording, folds=7)
    with pytest.raises(InputError, match="expected 'run', 'session', a number"):
        evaluate(decoder, recording, folds="trial")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="audit: expected one of refuse, warn, got 'ignore'"):
        evaluate(decoder, recording, audit="ignore")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="There are: shuffled pairing"):
        evaluate(decoder, recording, controls=["placebo"])
    with pytest.raises(UnknownNameError, match="There are: layer, steps"):
        Choice("colour", [1])
    with pytest.raises(UnknownNameError, match="There are: nearest, readout"):
        Choice("layer", ["first"], "jury")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected values for 'layer'"):
        Choice("layer", [])
    with pytest.raises(UnknownNameError, match="unknown layer 'third'"):
        evaluate(decoder, recording, choose=[Choice("layer", ["first", "third"])])
    with pytest.raises(InputError, match="prompt: only language models take one, leave it out for tiny"):
        evaluate(decoder, recording, choose=[Choice("prompt", ["a {} b", "the {} b"])])
    with pytest.raises(RecordingError, match="different trials"):
        evaluate(decoder, recording, choose=[Choice("window", [BlockAverage(), RunningAverage()])])


@pytest.mark.filterwarnings("ignore:response")
def test_choices_need_two_training_runs(network: Network, recordings: Callable[..., Recording]) -> None:
    settings = Settings("first", adapter=RidgeAdapter([1.0]))
    two, choose = recordings(n_runs=2), [Choice("layer", ["first", "second"])]
    with pytest.raises(InputError, match="choose: expected at least two training runs in every fold"):
        evaluate(Decoder(network, TARGETS, settings), two, choose=choose, controls=())


def test_shuffling_keeps_no_more_labels_than_chance() -> None:
    """Within runs that hold unequal shares of the labels, trials would too often get their own label back."""

    def trials(label: list[str], run: list[int]) -> Trials:
        n = len(label)
        empty = np.zeros(n)
        X, none = np.zeros((n, 1), np.float32), np.arange(0)
        return Trials(X, np.array(label), np.array(run), np.arange(n), empty, empty, None, none)

    even = trials(list("aabbab"), [0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(shuffled_within(even), even.run)
    for label, run in (("aabbaabb", [0, 0, 0, 0, 1, 1, 1, 1]), ("aababbba", [0, 0, 0, 1, 1, 1, 1, 1]), ("ab", [0, 1])):
        groups = shuffled_within(trials(list(label), run))
        assert len(np.unique(groups)) == (2 if label == "aabbaabb" else 1)


def test_folds_that_whiten_are_fitted_a_few_at_once_where_memory_is_short(
    network: Network, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each caches two whitenings where there are several to choose from."""
    data = FoldData(network, TARGETS, recording, ("first",))
    plain, whitened = Settings("first"), Settings("first", whiten="samples")
    monkeypatch.setattr(choices, "plan_whitening", lambda *_: FitPlan("dual", 1.0, 2e9))
    monkeypatch.setattr(plan_module, "machine_bytes", lambda: 7e9)
    several = [Choice("whiten", ["none", "samples", "effective samples"])]
    assert folds_at_once(data, plain, (), 6) == 6
    assert folds_at_once(data, whitened, (), 6) == 3
    assert folds_at_once(data, plain, [Choice("whiten", ["none", "samples"])], 6) == 3
    assert folds_at_once(data, plain, several, 6) == 1
    assert folds_at_once(data, whitened, [Choice("steps", [(), (Detrend(1),)])], 6) == 1
    at_once: list[int | None] = []

    def spy(calls: Any, what: str, most: int | None = None) -> list[Any]:
        at_once.append(most)
        return [call() for call in calls]

    monkeypatch.setattr(evaluation, "in_parallel", spy)
    evaluate(Decoder(network, TARGETS, whitened), recording, controls=(), n_permutations=10)
    assert at_once[0] == 3
